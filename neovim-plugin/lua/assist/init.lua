--- Options, the start, and one line for a statusline. |assist-options| explains the options.
local M = {}

M.options = {
  cmd = { 'assist', 'lsp' },
  settings = vim.empty_dict(),
  ghost = 'own',
  answer = 'float',
  next_edit = { go = '<Tab>', dismiss = '<Esc>', chain = '<M-CR>' },
  keymaps = {
    accept = '<Tab>',
    accept_word = '<M-Right>',
    accept_line = '<M-C-Right>',
    dismiss = '<C-]>',
    next = '<M-]>',
    previous = '<M-[>',
    trigger = '<M-\\>',
  },
}

--- Changes options before the start; optional.
function M.setup(options) M.options = vim.tbl_deep_extend('force', M.options, options or {}) end

--- The functions of next edit for mappings, loaded when they are used.
M.next_edit = setmetatable({}, { __index = function(_, name) return require('assist.next_edit')[name] end })

--- Starts ghost text and next edit, and the server for open and future files.
function M.start()
  require('assist.client').start()
  require('assist.ghost').start()
  require('assist.next_edit').start()
end

--- The server's last status in short; "" if no file is attached.
function M.status()
  local client = require('assist.client')
  if not client.of(0) then return client.trouble and 'assist: ' .. client.trouble or '' end
  local said = client.said
  local tier = (said.tier or 'local') == 'local' and '' or ' ' .. said.tier
  local took = said.latency_ms and (' %d ms'):format(said.latency_ms) or ''
  local quiet = said.quiet or ''
  if said.state == 'ready' and quiet ~= '' then return 'assist ' .. quiet .. tier end
  return 'assist ' .. (said.state or 'starting') .. tier .. took
end

return M
