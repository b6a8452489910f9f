--- `assist/editorKnowledge`: what the other language servers of a buffer list after a dot. It passes the question on
--- and returns their items; what follows from them, the server decides. It asks no more than what Neovim's own
--- completion asks.
local client = require('assist.client')
local keys = require('assist.keys')

local M = {}

local lsp = vim.lsp
local COMPLETION, INVOKED = 'textDocument/completion', 1
local MOST = 100 -- problems of the document, errors first

--- The answers of all clients, or nil if they take longer than `within` ms. Neovim runs handlers in a coroutine, so
--- they may wait.
local function wait(buf, params, within)
  local waiting, ended, answers = coroutine.running(), false, nil
  local function finish(given)
    if ended then return end
    ended, answers = true, given
    if coroutine.status(waiting) == 'suspended' then coroutine.resume(waiting) end
  end
  local cancel = lsp.buf_request_all(buf, COMPLETION, params, finish)
  local timer = vim.defer_fn(finish, within)
  if not ended then coroutine.yield() end
  if not answers then cancel() end
  if not timer:is_closing() then timer:close() end
  return answers
end

local function list(answers, limit)
  local found = { items = {}, isIncomplete = false, missing = false }
  for _, answer in pairs(answers) do
    local result = type(answer.result) == 'table' and answer.result or {}
    found.isIncomplete = found.isIncomplete or result.isIncomplete == true
    for _, item in ipairs(result.items or result) do
      table.insert(found.items, { label = item.label, kind = item.kind, filterText = item.filterText })
    end
  end
  found.missing = #found.items > limit
  found.items = vim.list_slice(found.items, 1, limit)
  return found
end

--- Answers null about any text but the one on the screen, and while the user's own menu is open. Also about a line
--- that is not ASCII, in which clients count columns in different ways.
function M.on_ask(_, asked)
  local buf, about, at = vim.api.nvim_get_current_buf(), asked.textDocument, asked.position
  local here = about.uri == vim.uri_from_bufnr(buf) and about.version == lsp.util.buf_versions[buf]
  local able = here and #lsp.get_clients({ bufnr = buf, method = COMPLETION }) > 0
  local ascii = able and not vim.fn.getline(at.line + 1):find('[\128-\255]')
  if asked.want ~= 'members' or not ascii or keys.busy() then return vim.NIL end
  local params = { textDocument = { uri = about.uri }, position = at, context = { triggerKind = INVOKED } }
  local answers = wait(buf, params, asked.within)
  if not answers then return vim.NIL end
  local found = list(answers, asked.limit)
  found.problems = vim.tbl_map(function(each) return each.message end, vim.list_slice(client.problems(buf), 1, MOST))
  return found
end

return M
