--- Commands, and the start of the server once the user's own configuration has run.
if vim.g.loaded_assist then return end
vim.g.loaded_assist = true

local function command(name, run, opts) vim.api.nvim_create_user_command('Assist' .. name, run, opts) end

for name, prompt in pairs({
  Explain = false,
  Test = false,
  Fix = false,
  Ask = 'Ask: ',
  Refactor = 'Refactor: ',
}) do
  command(
    name,
    function(args) require('assist.answer').run(name:lower(), args, prompt) end,
    { nargs = '*', range = true, bang = true, desc = 'assist: ' .. name:lower() }
  )
end
for name, run in pairs({ Stop = 'stop', Undo = 'undo', Status = 'status' }) do
  command(name, function() require('assist.answer')[run]() end, { desc = 'assist: ' .. run })
end

local function start() require('assist').start() end
if vim.v.vim_did_enter == 1 then
  vim.schedule(start) -- a plugin manager calls `setup` right behind this file
else
  vim.api.nvim_create_autocmd('VimEnter', { once = true, callback = start })
end
