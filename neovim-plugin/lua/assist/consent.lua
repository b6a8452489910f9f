--- What is asked before something is sent or changed: a window with a preview, and "no" unless agreed.
--- Handlers run in a coroutine of Neovim's, so they may wait for the person.
local window = require('assist.window')

local M = {}

--- Shows lines until the person agrees by <C-y> or closes them, which means no.
--- A key that nobody types by chance: the window may open while somebody types.
local function agreed(lines, title, filetype, words)
  local waiting = coroutine.running()
  local answer = false
  vim.cmd.stopinsert()
  local footer = (' <C-y> %s   q %s '):format(words[1], words[2])
  local buf, win = window.open({ title = title, footer = footer, filetype = filetype, lines = lines })
  vim.keymap.set('n', '<C-y>', function()
    answer = true
    window.close(win)
  end, { buffer = buf, nowait = true })
  vim.api.nvim_create_autocmd('WinClosed', {
    pattern = tostring(win),
    once = true,
    callback = vim.schedule_wrap(function() coroutine.resume(waiting, answer) end),
  })
  coroutine.yield()
  return answer
end

--- `assist/confirm`: host, files, redactions and cost, as the server words them.
function M.on_confirm(_, decision)
  local lines = vim.split(table.concat(decision.lines, '\n'), '\n')
  return { send = agreed(lines, 'Send this to a provider?', '', { 'Send', 'Stay' }) }
end

local function text_of(uri)
  local buf = vim.uri_to_bufnr(uri)
  if not vim.api.nvim_buf_is_loaded(buf) then
    local file = vim.uri_to_fname(uri)
    return vim.fn.filereadable(file) == 1 and vim.fn.readfile(file) or {}
  end
  return vim.api.nvim_buf_get_lines(buf, 0, -1, false)
end

--- What one document becomes, as a diff.
local function diff_of(change, encoding)
  local uri = change.textDocument and change.textDocument.uri or change.uri
  local old, new = text_of(uri), {}
  if change.edits then
    local scratch = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_lines(scratch, 0, -1, false, old)
    vim.lsp.util.apply_text_edits(change.edits, scratch, encoding)
    new = vim.api.nvim_buf_get_lines(scratch, 0, -1, false)
    vim.api.nvim_buf_delete(scratch, { force = true })
  end
  local name = vim.fn.fnamemodify(vim.uri_to_fname(uri), ':~:.')
  local body = vim.diff(table.concat(old, '\n') .. '\n', table.concat(new, '\n') .. '\n')
  return vim.list_extend({ '--- ' .. name, '+++ ' .. name }, vim.split(vim.trim(body), '\n'))
end

--- Takes the marks off, so that Neovim 0.12 does not ask a second time, and gives the documents' diffs.
local function preview(edit, encoding)
  local lines = {}
  edit.changeAnnotations = nil
  for _, change in ipairs(edit.documentChanges or {}) do
    change.annotationId = nil
    for _, each in ipairs(change.edits or {}) do
      each.annotationId = nil
    end
    if change.kind ~= 'create' then vim.list_extend(lines, diff_of(change, encoding)) end
  end
  return lines
end

--- Neovim itself leaves a document out that changed meanwhile, and says that all was applied.
local function changed(edit)
  for _, change in ipairs(edit.documentChanges or {}) do
    local document = change.textDocument
    local version = document and document.version
    if type(version) == 'number' and vim.lsp.util.buf_versions[vim.uri_to_bufnr(document.uri)] ~= version then
      return vim.uri_to_fname(document.uri) .. ' changed'
    end
  end
end

--- `workspace/applyEdit`: shows what it changes, and applies it if the person agrees.
function M.on_edit(_, params, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client then return { applied = false, failureReason = 'the server is gone' } end
  local asks = params.edit.changeAnnotations ~= nil
  local lines = preview(params.edit, client.offset_encoding)
  if asks and not agreed(lines, 'Make this edit?', 'diff', { 'Apply', 'Discard' }) then
    return { applied = false, failureReason = 'discarded' }
  end
  local reason = changed(params.edit)
  if reason then return { applied = false, failureReason = reason } end
  local done, why = pcall(vim.lsp.util.apply_workspace_edit, params.edit, client.offset_encoding)
  return { applied = done, failureReason = why }
end

return M
