--- What is asked before something is sent or changed: a window with a preview, and "no" unless agreed.
--- Handlers run in a coroutine of Neovim's, so they may wait for the person.
local window = require('assist.window')

local M = {}

--- Shows lines until the person agrees by <C-y> or closes them, which means no.
--- A key that nobody types by chance: the window may open while somebody types.
local function agreed(lines, filetype, title, yes, no)
  local waiting, answer = coroutine.running(), false
  vim.cmd.stopinsert()
  local buf, win = window.open(lines, filetype, title, ('<C-y> %s   q %s'):format(yes, no))
  vim.keymap.set('n', '<C-y>', function()
    answer = true
    vim.cmd.close()
  end, { buffer = buf, nowait = true })
  local closed = vim.schedule_wrap(function() coroutine.resume(waiting, answer) end)
  vim.api.nvim_create_autocmd('WinClosed', { pattern = tostring(win), once = true, callback = closed })
  coroutine.yield()
  return answer
end

--- `assist/confirm`: host, files, redactions and cost, as the server words them.
function M.on_confirm(_, what) return { send = agreed(what.lines, '', 'Send this to a provider?', 'Send', 'Stay') } end

--- `assist/review`: the diff of an edit that comes if the person agrees.
function M.on_review(_, what) return { apply = agreed(what.lines, 'diff', 'Make this edit?', 'Apply', 'Discard') } end

--- `workspace/applyEdit`. Neovim leaves a document out that changed meanwhile, and says that all was applied.
function M.on_edit(err, params, context)
  for _, change in ipairs(params.edit.documentChanges or {}) do
    local document = change.textDocument or { uri = change.uri }
    local version = vim.lsp.util.buf_versions[vim.uri_to_bufnr(document.uri)]
    if version and type(document.version) == 'number' and version > document.version then
      return { applied = false, failureReason = vim.uri_to_fname(document.uri) .. ' changed' }
    end
  end
  return vim.lsp.handlers['workspace/applyEdit'](err, params, context)
end

return M
