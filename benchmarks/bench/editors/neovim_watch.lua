-- What goes on between Neovim, assist and the other language servers: for the benchmark of typing in an editor.
-- It changes nothing, apart from one question for each edit: when did the server apply it?
local M = { requests = {}, edits = {}, questions = {}, lists = {}, whys = {} }

local INLINE, COMPLETION = 'textDocument/inlineCompletion', 'textDocument/completion'
local CHANGE, EXECUTE = 'textDocument/didChange', 'workspace/executeCommand'
local passing = false -- whether a question of ours is passed on at this moment

--- Milliseconds on the clock that the server has too.
local function now() return vim.uv.hrtime() / 1e6 end

local function popup() return vim.fn.pumvisible() == 1 end

--- Every request for ghost text: when it was sent, and when it was answered, unless it was cancelled.
local client = require('assist.client')
local request = client.request
function client.request(from, method, params, done, ...)
  if method ~= INLINE then return request(from, method, params, done, ...) end
  local asked = { sent = now(), line = params.position.line }
  table.insert(M.requests, asked)
  return request(from, method, params, function(err, result)
    if not err then asked.answered = now() end
    return done(err, result)
  end, ...)
end

--- Every question of the server about the members after a dot, and whether the editor listed any.
local knowledge = require('assist.editor_knowledge')
local on_ask = knowledge.on_ask
function knowledge.on_ask(err, asked)
  local question = { sent = now(), popup = popup(), listed = false }
  table.insert(M.questions, question)
  local answer = on_ask(err, asked)
  question.ms = now() - question.sent
  question.listed = answer ~= vim.NIL
  return answer
end

--- What is requested in this call, is requested for us.
local request_all = vim.lsp.buf_request_all
function vim.lsp.buf_request_all(...)
  passing = true
  local cancel = request_all(...)
  passing = false
  return cancel
end

--- Asks when the newest edit was applied, after the request for ghost text that follows it.
local function time_edit(from, document, sent)
  local edit = { sent = sent }
  table.insert(M.edits, edit)
  vim.schedule(function()
    if M.edits[#M.edits] ~= edit then return end
    from.rpc.request(EXECUTE, { command = 'assist.documents', arguments = {} }, function(_, found)
      local state = found and found[document.uri]
      if state and state.version == document.version then edit.ms = 1e3 * state.applied - sent end
    end)
  end)
end

local function watch_edits(from)
  local notify = from.rpc.notify
  from.rpc.notify = function(method, params)
    local sent = now()
    local result = notify(method, params)
    if method == CHANGE then time_edit(from, params.textDocument, sent) end
    return result
  end
end

--- Every list of members that another language server is asked for, by us or by the user.
local function watch_lists(from)
  local send = from.rpc.request
  from.rpc.request = function(method, params, ...)
    if method == COMPLETION then
      local uri, at = params.textDocument.uri, params.position
      local version = vim.lsp.util.buf_versions[vim.uri_to_bufnr(uri)]
      local place = table.concat({ from.id, uri, version, at.line, at.character }, ' ')
      table.insert(M.lists, { place = place, ours = passing, popup = popup() })
    end
    return send(method, params, ...)
  end
end

local watched = {}
vim.api.nvim_create_autocmd('LspAttach', {
  callback = function(event)
    local from = vim.lsp.get_client_by_id(event.data.client_id)
    if watched[from.id] then return end
    watched[from.id] = true
    if from.name == 'assist' then return watch_edits(from) end
    watch_lists(from)
  end,
})

--- Why nothing was shown, in words.
vim.api.nvim_create_autocmd('User', {
  pattern = 'AssistStatus',
  callback = function()
    local why = client.said.why or ''
    if why ~= '' and why ~= M.whys[#M.whys] then table.insert(M.whys, why) end
  end,
})

_G.watched = M
