--- Defines the commands, and starts the server after the user's configuration has run.
if vim.g.loaded_assist then return end
vim.g.loaded_assist = true

--- Defines a command that calls a function of a module, which is loaded then.
local function define(name, module, call, options)
  local function run(args) require('assist.' .. module)[call](args) end
  options.desc = 'assist: ' .. name:lower()
  vim.api.nvim_create_user_command('Assist' .. name, run, options)
end

for _, name in ipairs({ 'Explain', 'Ask', 'Refactor', 'Test', 'Fix', 'Edit' }) do
  define(name, 'answer', name:lower(), { nargs = '*', range = true, bang = true })
end
define('Facts', 'answer', 'facts', { range = true })
define('Commit', 'answer', 'commit', { bang = true })
define('Review', 'answer', 'review', { nargs = '*', bang = true })
define('Answer', 'answer', 'answer', {})
define('Stop', 'answer', 'stop', {})
define('Undo', 'commands', 'undo', {})
define('Status', 'commands', 'status', {})
local times = function() return { '5', '15', '60', 'tomorrow', '0' } end
define('Snooze', 'commands', 'snooze', { nargs = '?', bar = true, complete = times })
define('Why', 'commands', 'why', {})
local roles = function() return { 'answers', 'ghost-text', 'both' } end
define('Model', 'commands', 'model', { nargs = '?', complete = roles })
local steps = function() return { 'go', 'chain', 'dismiss', 'why' } end
define('NextEdit', 'next_edit', 'run', { nargs = '?', bar = true, complete = steps })

vim.schedule(function() require('assist').start() end) -- after `setup`, even if a plugin manager calls it
