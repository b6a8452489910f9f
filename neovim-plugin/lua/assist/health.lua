--- `:checkhealth assist`
local M = {}

function M.check()
  local options, client = require('assist').options, require('assist.client')
  local health, cmd = vim.health, options.cmd
  health.start('assist')
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    health.error(('There is no command "%s".'):format(cmd[1]), {
      'Install assist, or put its folder on $PATH.',
      "Or name it: require('assist').setup{ cmd = { '/path/to/assist', 'lsp' } }",
    })
    return
  end
  health.ok('The server is started as ' .. (type(cmd) == 'table' and table.concat(cmd, ' ') or 'a function'))
  local running = vim.lsp.get_clients({ name = 'assist' })
  if #running == 0 then
    health.warn(
      ('No server runs (%s).'):format(client.trouble or 'no file is open'),
      'Open a file with a name.'
    )
    return
  end
  for _, each in ipairs(running) do
    health.ok(('It runs for %s, columns in %s'):format(each.root_dir or '?', each.offset_encoding))
  end
  local said = client.said
  local report = said.state == 'ready' and health.ok or health.warn
  report(
    ('The model is %s. %s'):format(said.state or 'not known yet', said.message or ''),
    { 'assist doctor' }
  )
  if options.ghost == 'native' and not vim.lsp.inline_completion then
    health.warn("ghost = 'native' needs Neovim 0.12", "Our own is used: ghost = 'own'.")
  end
end

return M
