--- Defines the commands, and starts the server after the user's configuration has run.
if vim.g.loaded_assist then return end
vim.g.loaded_assist = true

local command = vim.api.nvim_create_user_command

for name, prompt in pairs({ Explain = false, Test = false, Fix = false, Ask = 'Ask: ', Refactor = 'Refactor: ' }) do
  local function run(args) require('assist.answer').run(name:lower(), args, prompt) end
  command('Assist' .. name, run, { nargs = '*', range = true, bang = true, desc = 'assist: ' .. name:lower() })
end
for _, name in ipairs({ 'stop', 'undo', 'status', 'why' }) do
  local function run() require('assist.answer')[name]() end
  command('Assist' .. name:gsub('^%l', string.upper), run, { desc = 'assist: ' .. name })
end

vim.schedule(function() require('assist').start() end) -- after `setup`, even if a plugin manager calls it
