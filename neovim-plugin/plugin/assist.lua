--- Defines the commands, and starts the server after the user's configuration has run.
if vim.g.loaded_assist then return end
vim.g.loaded_assist = true

local command = vim.api.nvim_create_user_command

for name, prompt in pairs({ Explain = false, Test = false, Fix = false, Ask = 'Ask: ', Refactor = 'Refactor: ' }) do
  local function run(args) require('assist.answer').run(name:lower(), args, prompt) end
  command('Assist' .. name, run, { nargs = '*', range = true, bang = true, desc = 'assist: ' .. name:lower() })
end
for _, name in ipairs({ 'edit', 'commit', 'review' }) do
  local function run(args) require('assist.answer')[name](args) end
  local taken =
    { nargs = name == 'commit' and 0 or '*', range = name == 'edit', bang = true, desc = 'assist: ' .. name }
  command('Assist' .. name:gsub('^%l', string.upper), run, taken)
end
for _, name in ipairs({ 'answer', 'stop', 'undo', 'status', 'why' }) do
  local place = (name == 'answer' or name == 'stop') and 'assist.answer' or 'assist.commands'
  local function run() require(place)[name]() end
  command('Assist' .. name:gsub('^%l', string.upper), run, { desc = 'assist: ' .. name })
end
local roles = function() return { 'answers', 'ghost-text', 'both' } end
local function choose(args) require('assist.commands').model(args) end
command('AssistModel', choose, { nargs = '?', complete = roles, desc = 'assist: model' })

vim.schedule(function() require('assist').start() end) -- after `setup`, even if a plugin manager calls it
