--- Asks before anything is sent or changed, in a window with a preview. The answer is "no" unless the user agrees.
--- Neovim runs handlers in a coroutine, so they may wait for the user.
local window = require('assist.window')

local M = {}

--- Shows lines until the user agrees with <C-y> or closes the window, which means no.
--- The window may open while the user types, so the key must be one that is not typed by accident.
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

--- `assist/confirm`: host, files, redactions and cost, in the server's words.
function M.on_confirm(_, what) return { send = agreed(what.lines, '', 'Send this to a provider?', 'Send', 'Stay') } end

--- `assist/review`: the diff of an edit, which is made if the user agrees.
function M.on_review(_, what) return { apply = agreed(what.lines, 'diff', 'Make this edit?', 'Apply', 'Discard') } end

--- `workspace/applyEdit`. Neovim skips a document that has changed, and still reports that all was applied.
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
