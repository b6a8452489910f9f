--- Passes a rename on to the other language servers of a buffer, which know types.
local client = require('assist.client')

local M = {}

--- Waits for the answer of a server; nil for an error.
local function ask(other, method, params, buf)
  local waiting = coroutine.running()
  local sent = client.request(other, method, params, function(_, result)
    vim.schedule(function() coroutine.resume(waiting, result) end)
  end, buf)
  return sent and coroutine.yield() or nil
end

--- The position as another server counts columns; ours are UTF-16 units.
local function position(other, buf, at)
  local line = vim.api.nvim_buf_get_lines(buf, at.line, at.line + 1, false)[1] or ''
  local bytes = client.byte(line, at.character)
  if other.offset_encoding == 'utf-8' then return { line = at.line, character = bytes } end
  if other.offset_encoding == 'utf-32' then return { line = at.line, character = (vim.str_utfindex(line, bytes)) } end
  return at
end

--- The changes of a workspace edit, a file each; nil if it would also create, move or delete files.
local function files_of(edit)
  if type(edit) ~= 'table' then return end
  local files = {}
  for uri, edits in pairs(edit.changes or {}) do
    table.insert(files, { uri = uri, edits = edits })
  end
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.kind then return end
    table.insert(files, { uri = change.textDocument.uri, edits = change.edits })
  end
  return #files > 0 and files or nil
end

--- `assist/rename`: what the first server with an answer would change, with columns as that server counts them.
function M.on_rename(_, asked)
  local document = asked.textDocument
  local buf = vim.uri_to_bufnr(document.uri)
  for _, other in ipairs(vim.lsp.get_clients({ bufnr = buf, method = 'textDocument/rename' })) do
    if other.name ~= 'assist' then
      local at = position(other, buf, asked.position)
      local params = { textDocument = document, position = at, newName = asked.newName }
      local files = files_of(ask(other, 'textDocument/rename', params, buf))
      if files then return { files = files, positionEncoding = other.offset_encoding } end
    end
  end
  return { files = {} }
end

return M
