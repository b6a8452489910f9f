--- Ghost text: requests it at the cursor, shows it with extmarks, accepts it with keys.
--- The server decides what to suggest, and whether to suggest anything.
local client = require('assist.client')
local keys = require('assist.keys')

local M = {}

local api = vim.api
local space = api.nvim_create_namespace('assist.ghost')
local INVOKED, AUTOMATIC = 1, 2 -- the protocol's InlineCompletionTriggerKind
local TOLD = { ['assist/didMoveCursor'] = 'CursorHold', ['textDocument/didFocus'] = { 'BufEnter', 'FocusGained' } }
local WORD, LINE = [[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]], [=[^\n\?[^\n]*]=]
local PARTS = { accept = [[^\_.*]], accept_word = WORD, accept_line = LINE }

local asked = nil -- {client, id}: the running request
local place = nil -- the place of the last request; the same place is not requested twice
local items, index = {}, 1
local shown = nil -- the item on the screen
local told = nil -- the last item that was reported to the server as shown

local function cursor()
  local at = api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

local function here() return table.concat({ api.nvim_get_current_buf(), vim.b.changedtick, cursor() }, ':') end

--- An item from the server in bytes: `text` starts at (`row`, `col`). `behind` is the text after the cursor,
--- of which the item replaces `over` bytes.
local function read(item, from, at)
  local found = { item = item, client = from, buf = at.buf, row = at.row, behind = at.line:sub(at.col + 1) }
  found.text = item.insertText:gsub('\r\n', '\n'):gsub('\n+$', '')
  found.col = client.byte(at.line, item.range.start.character)
  found.over = math.max(0, client.byte(at.line, item.range['end'].character) - at.col)
  return found
end

--- The rest of an item at the cursor, or nil if it does not fit: other text was typed, or the item begins
--- with something else than the text before the cursor.
local function rest(ghost)
  local row, col = cursor()
  local before = row < ghost.row or (row == ghost.row and col < ghost.col)
  if before or api.nvim_get_current_buf() ~= ghost.buf then return nil end
  if api.nvim_get_current_line():sub(col + 1) ~= ghost.behind then return nil end
  local typed = table.concat(api.nvim_buf_get_text(ghost.buf, ghost.row, ghost.col, row, col, {}), '\n')
  if #typed < #ghost.text and vim.startswith(ghost.text, typed) then return ghost.text:sub(#typed + 1) end
end

local function mark(row, col, text, below, position)
  local options = { virt_text = { { text, 'AssistGhost' } }, virt_text_pos = position or 'inline' }
  options.virt_lines, options.hl_mode, options.undo_restore = below, 'combine', false
  api.nvim_buf_set_extmark(0, space, row, col, options)
end

--- Draws one line around the closing brackets after the cursor that it repeats: those stay where they are.
local function draw_line(row, col, text, repeated)
  local done = 1
  for char in repeated:gmatch('.') do
    local found = text:find(char, done, true) or #text + 1
    mark(row, col, text:sub(done, found - 1))
    col, done = col + 1, found + 1
  end
  mark(row, col, text:sub(done))
end

--- Several lines cover the text after the cursor, and show it where it will be: after the last line.
local function draw(ghost, text)
  local row, col = cursor()
  local lines = vim.split(text:gsub('\t', (' '):rep(vim.bo.tabstop)), '\n')
  local first = table.remove(lines, 1)
  if #lines == 0 then return draw_line(row, col, first, ghost.behind:sub(1, ghost.over)) end
  local below = vim.tbl_map(function(line) return { { line, 'AssistGhost' } } end, lines)
  if not ghost.behind:find('%S') then return mark(row, col, first, below) end
  table.insert(below[#below], { ghost.behind:sub(ghost.over + 1), 'Normal' })
  local width = vim.fn.strdisplaywidth(ghost.behind, vim.fn.virtcol('.') - 1) - vim.fn.strdisplaywidth(first)
  mark(row, col, first .. (' '):rep(width), below, 'overlay')
end

--- Removes ghost text and its keys.
function M.hide()
  if not shown then return end
  pcall(api.nvim_buf_clear_namespace, shown.buf, space, 0, -1) -- the buffer may be gone
  keys.unmap('ghost')
  shown = nil
end

for name in pairs(PARTS) do
  --- For a mapping with `expr`: the keys that accept a part of what is visible; without any, `lhs` is sent again with
  --- its earlier meaning. Accepting is a change of its own; the dot command repeats only the typed text around it.
  M[name] = function(lhs)
    if shown and rest(shown) and not keys.busy() then
      return ('<C-g>u<Cmd>lua require("assist.ghost").take("%s")<CR><C-g>u'):format(name)
    end
    if not lhs then return nil end
    M.hide()
    api.nvim_feedkeys(vim.keycode(lhs), 'mi', false)
  end
end

local function install(buf)
  for name, lhs in pairs(require('assist').options.keymaps or {}) do
    local run = PARTS[name] and M[name] or function() return keys.call('ghost', name) end
    if lhs and name ~= 'trigger' then keys.map('ghost', buf, 'i', lhs, run) end
  end
end

--- Shows the chosen item if it still fits.
local function show()
  local ghost = items[index]
  local text = ghost and rest(ghost)
  if not text then return M.hide() end
  if not shown then install(ghost.buf) end
  api.nvim_buf_clear_namespace(ghost.buf, space, 0, -1)
  shown = ghost
  draw(ghost, text)
  if told ~= ghost then client.notify(ghost.client, 'textDocument/didShowCompletion', { item = ghost.item }) end
  told = ghost
end

local function cancel()
  if asked and asked.id then client.cancel(asked.client, asked.id) end
  asked = nil
end

local function ask(kind)
  cancel()
  local row, col = cursor()
  local at = { buf = api.nvim_get_current_buf(), row = row, col = col, line = api.nvim_get_current_line() }
  local from = client.of(at.buf)
  if not from then return M.hide() end
  local params, mine = client.place(), { client = from }
  params.context = { triggerKind = kind }
  asked = mine -- before the request: a server inside Neovim may answer before `request` returns
  local _
  _, mine.id = client.request(from, 'textDocument/inlineCompletion', params, function(err, result)
    if asked ~= mine then return end -- a later request was sent, or the user left
    asked = nil
    if err then return end
    items = vim.tbl_map(function(item) return read(item, from, at) end, result and (result.items or result) or {})
    index = 1
    show()
  end, at.buf)
end

--- Removes ghost text until something is typed.
function M.dismiss()
  cancel()
  M.hide()
  place = nil
end

--- Removes ghost text, and asks for none here until the cursor moves or something is typed.
function M.hold()
  M.dismiss()
  place = here()
end

--- After each key: ghost text that was typed through is shortened at once, then requested again.
--- Not next to a menu, which covers the lines and inserts its own selection. Not in macros, where the key
--- that accepts ghost text could not be replayed.
local function update()
  local busy = vim.fn.pumvisible() == 1 or vim.fn.reg_recording() ~= '' or vim.fn.reg_executing() ~= ''
  if api.nvim_get_mode().mode:sub(1, 1) ~= 'i' or busy then return M.dismiss() end
  if here() == place then return end
  place = here()
  if shown then show() end
  ask(AUTOMATIC)
end

--- Inserts the accepted part, and reports it to the server.
function M.take(name)
  local ghost = assert(shown)
  local text = assert(rest(ghost))
  local part = vim.fn.matchstr(text, PARTS[name])
  part = part == '' and text or part
  local whole = part == text
  local row, col = cursor()
  api.nvim_buf_set_text(0, row, col, row, col + (whole and ghost.over or 0), {})
  api.nvim_put(vim.split(part, '\n'), 'c', false, true)
  if whole then
    M.dismiss()
    return client.execute(ghost.client, ghost.item.command.command, ghost.item.command.arguments)
  end
  local taken = client.units(ghost.text, #ghost.text - #text + #part)
  local params = { item = ghost.item, acceptedLength = taken }
  client.notify(ghost.client, 'textDocument/didPartiallyAcceptCompletion', params)
end

function M.visible() return shown ~= nil end

function M.next(step)
  index = (index - 1 + (step or 1)) % #items + 1
  show()
end

function M.previous() M.next(-1) end

--- Requests ghost text at once, as a manual request.
function M.trigger() ask(INVOKED) end

--- Starts the ghost text that the options choose: our own, Neovim's, or none.
function M.start()
  local options = require('assist').options
  local group = api.nvim_create_augroup('assist.ghost', {})
  local function on(events, run) api.nvim_create_autocmd(events, { group = group, callback = run }) end
  for method, events in pairs(TOLD) do
    on(events, function()
      local from = client.of(0)
      if from then client.notify(from, method, client.place()) end
    end)
  end
  local native = options.ghost == 'native' and vim.lsp.inline_completion
  local function attach(event) native.enable(client.of(event.buf) ~= nil, { bufnr = event.buf }) end
  if native then on('LspAttach', attach) end
  if native or not options.ghost then return end
  api.nvim_set_hl(0, 'AssistGhost', { link = 'Comment', default = true })
  on({ 'TextChangedI', 'CursorMovedI', 'TextChangedP' }, update)
  on({ 'CompleteDone', 'InsertEnter' }, vim.schedule_wrap(update))
  on({ 'InsertLeave', 'BufLeave' }, M.dismiss)
  local lhs = options.keymaps and options.keymaps.trigger
  if lhs then vim.keymap.set('i', lhs, M.trigger, { desc = 'assist: ask for ghost text' }) end
end

return M
