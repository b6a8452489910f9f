--- Asks questions, shows their answers as conversations in windows, and goes on with them.
local client = require('assist.client')
local conversation = require('assist.conversation')
local window = require('assist.window')

local M = {}

local api = vim.api
local space = api.nvim_create_namespace('assist.answer')
local KEYS = 'q close  r reply  R retry  P ask a provider  y copy  c copy code  + - rate'

local turns = {} -- by the ids of their answers, or false once they are forgotten
local last = nil -- the last view: {client, title, from, win, turns, thread}, with `buf` or `inline` where it is seen

local function server(view) return client.of(view.from) or view.client end

local function stop(turn)
  if turn.running then client.execute(server(turn.view), 'assist.cancel', { turn.id }) end
end

--- A view of no turns yet, asked from the current window.
local function new_view(asked, title)
  for _, turn in ipairs(last and not last.buf and not last.inline and last.turns or {}) do
    turns[turn.id] = false
  end
  last = { client = asked, title = title:gsub('%c', ' '), from = vim.fn.bufnr(), win = vim.fn.win_getid(), turns = {} }
  return last
end

local function draw(view)
  local win = view.buf and vim.fn.win_findbuf(view.buf)[1] -- the user may have moved it
  if not win then return end
  local follows = not view.shown or api.nvim_win_get_cursor(win)[1] >= view.shown.bottom
  view.shown = conversation.shown(view.turns)
  window.write(view.buf, view.shown.lines)
  api.nvim_buf_clear_namespace(view.buf, space, 0, -1)
  for _, mark in ipairs(view.shown.marks) do
    local row, group, from, to = unpack(mark)
    api.nvim_buf_set_extmark(view.buf, space, row - 1, from, { end_col = to, hl_group = group })
  end
  if follows then api.nvim_win_set_cursor(win, { view.shown.bottom, 0 }) end
end

--- Takes the progress of an answer away from its line.
local function leave_line(view)
  if view.inline then pcall(api.nvim_buf_del_extmark, view.inline.buf, space, view.inline.mark) end
  view.inline = nil
end

--- Shows how far an answer is at the end of a line; at the end of the answer, hands it on.
local function draw_inline(view, turn)
  local at = view.inline
  if not api.nvim_buf_is_valid(at.buf) then return leave_line(view) end
  local row = at.mark and api.nvim_buf_get_extmark_by_id(at.buf, space, at.mark, {})[1] or at.row
  local words = conversation.progress(turn)
  local shown = { { ' assist: ' .. (words == '' and 'answering' or words), 'Comment' } }
  at.mark = api.nvim_buf_set_extmark(at.buf, space, row, 0, { id = at.mark, virt_text = shown, strict = false })
  if turn.running then return end
  leave_line(view)
  if not turn.error then at.done(turn) end
end

local function copy(lines)
  vim.fn.setreg('"', lines, 'V')
  pcall(vim.fn.setreg, '+', lines, 'V') -- if there is a clipboard
  vim.notify(('assist: copied %d lines'):format(#lines))
end

--- Copies the last code block that begins at or above the cursor, else the first one, else everything.
local function copy_code()
  local text = '\n' .. table.concat(api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  local here, found = vim.fn.line2byte('.'), text
  for start, block in text:gmatch('()\n%s*```[^\n]*(.-)\n%s*```') do
    if found == text or start <= here then found = block end
  end
  copy(vim.split(found:sub(2), '\n'))
end

--- The turn at the cursor.
local function turn_here(view)
  local found = view.turns[1]
  for number, start in ipairs(view.shown.starts) do
    if start <= vim.fn.line('.') then found = view.turns[number] end
  end
  return found
end

--- Enters a window with code: the one of the question, if it is still there.
local function enter_code(view)
  for _, win in ipairs({ view.win, unpack(api.nvim_tabpage_list_wins(0)) }) do
    local usable = api.nvim_win_is_valid(win) and api.nvim_win_get_buf(win) ~= view.buf
    if usable and api.nvim_win_get_config(win).relative == '' then return api.nvim_set_current_win(win) end
  end
  vim.cmd.split()
end

--- The place at the cursor, else the next one in its line: of a fact or a source, or a path of the project with a
--- line number.
local function place_here(view)
  local places, column = view.shown.places[vim.fn.line('.')] or {}, vim.fn.col('.')
  for number, place in ipairs(places) do
    if column <= place[2] or number == #places then return place[3], place[4] end
  end
  local path, line = api.nvim_get_current_line():match('([^%s:`*(]+):(%d+)')
  local root = server(view).root_dir
  if not path or not root or path:find('%.%.') or path:sub(1, 1) == '/' then return end
  local full = root .. '/' .. path
  if vim.fn.filereadable(full) == 1 then return vim.uri_from_fname(full), tonumber(line) end
end

local function jump(view)
  local uri, line = place_here(view)
  if not uri then return client.warn('no location on this line') end
  enter_code(view)
  local at = { line = line - 1, character = 0 }
  vim.lsp.util.show_document({ uri = uri, range = { start = at, ['end'] = at } }, 'utf-16', { focus = true })
end

local function show(view)
  if view.inline then return draw_inline(view, view.turns[#view.turns]) end
  if view.buf then return draw(view) end
  view.shown = nil
  view.buf = window.open_beside(require('assist').options.answer, 'markdown', view.title, KEYS)
  vim.b[view.buf].assist_from = view.from
  local function closed()
    view.buf = nil
    vim.iter(view.turns):each(stop)
  end
  api.nvim_create_autocmd('BufWipeout', { buffer = view.buf, callback = closed })
  local keys = {
    r = M.reply,
    R = M.retry,
    P = function() M.retry(view, 'frontier') end,
    y = function() copy(conversation.lines(turn_here(view))) end,
    c = copy_code,
    gf = jump,
    ['<CR>'] = jump,
    ['+'] = function() M.rate(view, 'good') end,
    ['-'] = function() M.rate(view, 'bad') end,
  }
  for key, action in pairs(keys) do
    vim.keymap.set('n', key, function() action(view) end, { buffer = view.buf, nowait = true })
  end
  draw(view)
end

local function add(view, id, asked, place)
  local turn = conversation.turn(id, asked)
  turn.view, turns[id] = view, turn
  view.turns[place or #view.turns + 1] = turn
  show(view)
  return turn
end

--- `assist/answer`: a piece or the end of an answer. An answer to a code action opens its window here.
function M.on_answer(_, message, context)
  message = client.clean(message)
  if turns[message.id] == false then return end
  local asked = assert(vim.lsp.get_client_by_id(context.client_id))
  local turn = turns[message.id] or add(new_view(asked, 'assist'), message.id)
  local view = turn.view
  conversation.take(turn, message)
  view.thread = message.thread or view.thread
  if message.error and message.error ~= 'cancelled' then -- for :messages, short enough to need no key
    local text = ('assist: ' .. message.error):gsub('%c+', ' ')
    vim.notify(vim.fn.strcharpart(text, 0, vim.v.echospace), vim.log.levels.ERROR)
  end
  if view.inline then return draw_inline(view, turn) end
  draw(view)
end

--- Asks a question in a conversation of its own. With `inline`, it has a window only if the user wants one.
local function begin(command, question, title, inline)
  local asked = client.of(0)
  local from = api.nvim_get_current_buf()
  client.execute(asked, 'assist.' .. command, { question }, function(result)
    local view = new_view(asked, title)
    view.from, view.inline = from, inline
    add(view, result.id)
  end)
end

--- The range of the question: the lines of the command's range, else the cursor.
local function range_of(args)
  local at = client.place().position
  if args.range == 0 then return { start = at, ['end'] = at } end
  return { start = { line = args.line1 - 1, character = 0 }, ['end'] = { line = args.line2, character = 0 } }
end

--- The problems in the lines of the command.
local function problems_of(args)
  local function here(each) return each.range.start.line >= args.line1 - 1 and each.range.start.line < args.line2 end
  return vim.tbl_filter(here, client.problems(0))
end

--- Asks a question. `args` come from a user command; "!" requests a provider; `prompt` asks for missing words.
local function ask_about(command, args, prompt, inline)
  local question = { uri = vim.uri_from_bufnr(0), wish = args.bang and 'frontier' or 'auto', range = range_of(args) }
  question.problems = command == 'fix' and problems_of(args) or nil
  local function ask(words)
    if not words then return end
    question.words = words
    begin(command, question, words == '' and 'assist ' .. command or ('assist %s: %s'):format(command, words), inline)
  end
  if client.of(0) and prompt and args.args == '' then return vim.ui.input({ prompt = prompt }, ask) end
  ask(args.args)
end

local PROMPTS = { explain = false, facts = false, test = false, fix = false, ask = 'Ask: ', refactor = 'Refactor: ' }
for command, prompt in pairs(PROMPTS) do
  M[command] = function(args) ask_about(command, args, prompt) end
end

--- Changes code at the cursor or in a range as the user wishes: progress at the line, then the diff.
function M.edit(args)
  local function done(turn)
    local words = conversation.edit_words(turn)
    vim.notify('assist: ' .. (words == '' and 'nothing to change; :AssistAnswer shows why' or words))
  end
  ask_about('refactor', args, 'Edit: ', { buf = api.nvim_get_current_buf(), row = args.line1 - 1, done = done })
end

--- Writes a commit message: into the current buffer if that is one, else into a window.
function M.commit(args)
  local buf = api.nvim_get_current_buf()
  local function done(turn)
    local lines = vim.split(turn.text:gsub('%s+$', ''), '\r?\n')
    if api.nvim_buf_get_lines(buf, 0, 1, false)[1] ~= '' then table.insert(lines, '') end
    api.nvim_buf_set_lines(buf, 0, 0, false, lines)
  end
  local question = { uri = vim.uri_from_bufnr(0), wish = args.bang and 'frontier' or 'auto' }
  local inline = vim.bo.filetype == 'gitcommit' and { buf = buf, row = 0, done = done } or nil
  begin('commitMessage', question, 'assist commit', inline)
end

--- Remarks on what changed since a revision; the last commit without one.
function M.review(args)
  local question = { uri = vim.uri_from_bufnr(0), wish = args.bang and 'frontier' or 'auto', rev = args.args }
  begin('review', question, vim.trim('assist review ' .. args.args))
end

--- Whether the last answer is complete; only then can the conversation go on.
local function complete(view)
  if view.turns[#view.turns].running then return client.warn('the answer is not complete') end
  return true
end

--- Asks for a line, and asks it in the same conversation.
function M.reply(view)
  if not complete(view) then return end
  vim.ui.input({ prompt = 'Reply: ' }, function(words)
    if not words or words == '' then return end
    local asked = server(view)
    local uri = vim.lsp.buf_is_attached(view.from, asked.id) and vim.uri_from_bufnr(view.from) or nil
    local question = { uri = uri, words = words, wish = 'auto', thread = view.thread }
    client.execute(asked, 'assist.ask', { question }, function(result) add(view, result.id, words) end)
  end)
end

--- Asks the last question again, at a provider with a `wish` of "frontier".
function M.retry(view, wish)
  if not complete(view) then return end
  local turn = view.turns[#view.turns]
  client.execute(server(view), 'assist.retry', { { id = turn.id, wish = wish } }, function(result)
    if result.error then return client.warn(result.error) end
    turns[turn.id] = false
    add(view, result.id, turn.asked, #view.turns)
  end)
end

--- Says that the answer at the cursor was "good" or "bad".
function M.rate(view, verdict)
  client.execute(server(view), 'assist.rate', { { id = turn_here(view).id, verdict = verdict } }, function(result)
    if result.error then return client.warn(result.error) end
    vim.notify(('assist: rated as %s'):format(verdict))
  end)
end

--- Shows the last conversation again.
function M.answer()
  if not last then return client.warn('no answer yet') end
  if last.buf then return api.nvim_set_current_win(vim.fn.win_findbuf(last.buf)[1]) end
  last.win = api.nvim_get_current_win()
  leave_line(last)
  show(last)
end

--- Stops all answers; their text so far stays.
function M.stop()
  vim.iter(pairs(turns)):each(function(_, turn) return turn and stop(turn) end)
end

return M
