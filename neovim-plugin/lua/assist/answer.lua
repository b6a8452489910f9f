--- Asks questions and streams their answers into windows.
local client = require('assist.client')
local window = require('assist.window')

local M = {}

local api = vim.api
local views = {} -- by the id of the answer: {client, buf, head, text, running}, or false once closed

local function redraw(view)
  local win = vim.fn.win_findbuf(view.buf)[1] -- the user may have moved it
  local at_end = api.nvim_win_get_cursor(win)[1] == api.nvim_buf_line_count(view.buf)
  window.write(view.buf, vim.split(view.head .. view.text, '\r?\n'))
  if at_end then api.nvim_win_set_cursor(win, { api.nvim_buf_line_count(view.buf), 0 }) end
end

--- Copies the last code block that begins at or above the cursor, else the first one, else everything.
local function copy()
  local lines, block, open = api.nvim_buf_get_lines(0, 0, -1, false), nil, nil
  for number, line in ipairs(lines) do
    if line:match('^%s*```') then
      if open and (not block or open <= vim.fn.line('.')) then block = vim.list_slice(lines, open + 1, number - 1) end
      open = not open and number or nil
    end
  end
  vim.fn.setreg('"', block or lines, 'V')
  pcall(vim.fn.setreg, '+', block or lines, 'V') -- if there is a clipboard
  vim.notify(('assist: copied %d lines'):format(#(block or lines)))
end

local function open(id, asked, title)
  local view = { client = asked, head = '', text = '', running = true }
  view.buf = window.open({}, 'markdown', title, 'q close and stop   y copy the code')
  views[id] = view
  vim.keymap.set('n', 'y', copy, { buffer = view.buf, nowait = true })
  local function closed()
    if view.running then client.execute(asked, 'assist.cancel', { id }) end
    views[id] = false
  end
  api.nvim_create_autocmd('BufWipeout', { buffer = view.buf, callback = closed })
  return view
end

--- `assist/answer`: a piece or the end of an answer. An answer to a code action opens its window here.
function M.on_answer(_, message, context)
  message = client.clean(message)
  local view = views[message.id]
  if view == false then return end
  view = view or open(message.id, assert(vim.lsp.get_client_by_id(context.client_id)), 'assist')
  view.running = not message.done
  if message.notice then view.head = ('%s> %s\n\n'):format(view.head, message.notice) end
  view.text = (message.restart and '' or view.text) .. (message.delta or '')
  local edit = message.edit
  local what = edit and edit.applied and 'Changed %s; :AssistUndo takes it back.' or 'Not changed: %s.'
  local made = edit and what:format(table.concat(edit.files, ', ')) or ''
  for _, said in ipairs({ made, message.error or '', message.summary or '' }) do
    view.text = view.text .. (said ~= '' and '\n\n' .. said or '')
  end
  redraw(view)
end

--- The range of the question: the lines of the command's range, else the cursor.
local function range_of(args)
  local at = client.place().position
  if args.range == 0 then return { start = at, ['end'] = at } end
  return { start = { line = args.line1 - 1, character = 0 }, ['end'] = { line = args.line2, character = 0 } }
end

local function problems_of(args)
  local here = function(each) return each.lnum >= args.line1 - 1 and each.lnum < args.line2 end
  local sent = function(each) return { message = each.message, range = { start = { line = each.lnum } } } end
  return vim.tbl_map(sent, vim.tbl_filter(here, vim.diagnostic.get(0)))
end

--- Asks a question. `args` come from a user command; "!" requests a provider; `prompt` asks for missing words.
function M.run(command, args, prompt)
  local asked = client.of(0)
  local question = { uri = vim.uri_from_bufnr(0), wish = args.bang and 'frontier' or 'auto', range = range_of(args) }
  question.problems = command == 'fix' and problems_of(args) or nil
  local function ask(words)
    if not words then return end
    question.words = words
    local title = words == '' and 'assist ' .. command or ('assist %s: %s'):format(command, words)
    client.execute(asked, 'assist.' .. command, { question }, function(result) open(result.id, asked, title) end)
  end
  if asked and prompt and args.args == '' then return vim.ui.input({ prompt = prompt }, ask) end
  ask(args.args)
end

--- Stops all answers; their text so far stays.
function M.stop()
  for id, view in pairs(views) do
    if view then client.execute(view.client, 'assist.cancel', { id }) end
  end
end

--- Undoes the last edit that an answer made in this file's folder.
function M.undo()
  client.execute(client.of(0), 'assist.undo', { { uri = vim.uri_from_bufnr(0) } }, function(result)
    if #result.files > 0 then vim.notify('assist: took back the edit of ' .. table.concat(result.files, ', ')) end
  end)
end

--- Shows the server's status.
function M.status()
  client.execute(client.of(0), 'assist.status', nil, function(said)
    local words = { said.state, said.model, said.tier, said.message or '' }
    vim.notify(vim.trim(('assist: %s, model %s, answers by %s. %s'):format(unpack(words))))
  end)
end

--- Shows why the last request at the cursor showed nothing, or where its text came from.
function M.why()
  local place = client.place()
  local asked = { uri = place.textDocument.uri, position = place.position }
  client.execute(client.of(0), 'assist.why', { asked }, function(said) vim.notify('assist: ' .. said.words) end)
end

return M
