--- Asks before anything is sent or changed, in a window with a preview. The answer is "no" unless the user agrees.
--- Neovim runs handlers in a coroutine, so they may wait for the user.
local client = require('assist.client')
local window = require('assist.window')

local M = {}

--- Shows lines until the user agrees with <C-y> or closes the window, which means no; <C-t> runs `show`, if any.
--- The window may open while the user types, so the key must be one that is not typed by accident; another `key`
--- is for a window that the user opens.
function M.agreed(lines, filetype, title, footer, show, key)
  local waiting, answer = coroutine.running(), false
  vim.cmd.stopinsert()
  local function closed() coroutine.resume(waiting, answer) end
  local buf = window.open(lines, filetype, title, footer, closed)
  vim.keymap.set('n', key or '<C-y>', function()
    answer = true
    vim.cmd.close()
  end, { buffer = buf, nowait = true })
  if show then vim.keymap.set('n', '<C-t>', show, { buffer = buf, nowait = true }) end
  coroutine.yield()
  return answer
end

--- Shows the exact text that would be sent; closing it leads back to the question.
local function show_text(asked, id)
  client.execute(asked, 'assist.text', { { id = id } }, function(found)
    if not found then return client.warn('this question has ended') end
    local title = 'This text would be sent, sha256 ' .. found.sha256:sub(1, 12)
    window.open(vim.split(found.text, '\n', { plain = true }), '', title, 'q back to the question')
  end)
end

--- `assist/confirm`: host, files, redactions and cost, in the server's words; <C-t> shows the text itself.
function M.on_confirm(_, what, context)
  local asked = vim.lsp.get_client_by_id(context.client_id)
  local function show() show_text(asked, what.id) end
  local keys = '<C-y> Send   <C-t> Show text   q Stay'
  return { send = M.agreed(what.lines, '', 'Send this to a provider?', keys, show) }
end

--- `assist/run`: the command that would run code of the workspace, and what confines it.
function M.on_run(_, what)
  return { run = M.agreed(what.lines, '', 'Run the code of this workspace?', '<C-y> Run   q Do not run') }
end

--- `assist/review`: the diff of an edit, which is made if the user agrees.
function M.on_review(_, what)
  return { apply = M.agreed(what.lines, 'diff', 'Make this edit?', '<C-y> Apply   q Discard') }
end

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
