--- Options, the start, and one line for a statusline. What the options mean: |assist-options|.
local M = {}

M.options = {
  cmd = { 'assist', 'lsp' },
  settings = vim.empty_dict(),
  ghost = 'own',
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

local started = false

--- Changes options; may be called at any time, also never.
function M.setup(options)
  M.options = vim.tbl_deep_extend('force', M.options, options or {})
  if started then
    started = false
    M.start()
  end
end

--- Starts the server for open and coming files, and ghost text.
function M.start()
  if started then return end
  started = true
  require('assist.client').start()
  require('assist.ghost').start()
end

--- What the server last said of itself, short: "" where no file is attached.
function M.status()
  local client = require('assist.client')
  if not client.of(0) then return client.trouble and 'assist: ' .. client.trouble or '' end
  local said = client.said
  local words = { 'assist', said.state or 'starting' }
  if said.tier and said.tier ~= 'local' then table.insert(words, said.tier) end
  if said.latency_ms then table.insert(words, ('%d ms'):format(said.latency_ms)) end
  return table.concat(words, ' ')
end

return M
