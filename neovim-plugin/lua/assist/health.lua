--- `:checkhealth assist`
local M = {}

function M.check()
  local options, client, health = require('assist').options, require('assist.client'), vim.health
  local cmd, said = options.cmd, client.said
  health.start('assist')
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    local advice = "Put its folder on $PATH, or name it: require('assist').setup{ cmd = { '/path/to/assist', 'lsp' } }"
    return health.error(('There is no command "%s".'):format(cmd[1]), { 'Install assist.', advice })
  end
  health.ok('The server is started as ' .. (type(cmd) == 'table' and table.concat(cmd, ' ') or 'a function'))
  if #vim.lsp.get_clients({ name = 'assist' }) == 0 then
    return health.warn(('No server runs (%s).'):format(client.trouble or 'no file is open'), 'Open a file with a name.')
  end
  local report = said.state == 'ready' and health.ok or health.warn
  report(('The model is %s. %s'):format(said.state or 'not known yet', said.message or ''), { 'assist doctor' })
  if options.ghost == 'native' and not vim.lsp.inline_completion then
    health.warn("ghost = 'native' needs Neovim 0.12", "The plugin's own ghost text is used: ghost = 'own'.")
  end
end

return M
