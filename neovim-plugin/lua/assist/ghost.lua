--- Ghost text: asks for it at the cursor, shows it with extmarks, takes it by keys.
--- What is suggested, and whether, the server decides.
local client = require('assist.client')

local M = {}

local api = vim.api
local space = api.nvim_create_namespace('assist.ghost')
local INVOKED, AUTOMATIC = 1, 2 -- the protocol's InlineCompletionTriggerKind
local TOLD = { ['assist/didMoveCursor'] = 'CursorHold', ['textDocument/didFocus'] = { 'BufEnter', 'FocusGained' } }
local PARTS = { all = [[^\_.*]], word = [=[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]=], line = [=[^\n\?[^\n]*]=] }

local asked = nil -- {client, id}: the request under way
local place = nil -- where was asked last; the same place is not asked about twice
local items, index = {}, 1
local shown = nil -- the item that is on the screen
local keys = {} -- what its keys meant before
local told = nil -- the item that the server knows to be shown

local function cursor()
  local at = api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

--- An item of the server's in bytes: `text` from (`row`, `col`) on, with `behind` behind the cursor, of
--- which it replaces `over`.
local function read(item, from, at)
  local found = { item = item, client = from, buf = at.buf, row = at.row, behind = at.line:sub(at.col + 1) }
  found.text = item.insertText:gsub('\r\n', '\n'):gsub('\n+$', '')
  found.col = client.byte(at.line, item.range.start.character)
  found.over = math.max(0, client.byte(at.line, item.range['end'].character) - at.col)
  return found
end

--- What of an item is still to come at the cursor, or nil where it does not fit: other text was typed, or
--- the item begins with something else than what stands before the cursor.
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

--- One line, around those closers behind the cursor that it repeats: they are drawn where they stand.
local function draw_line(row, col, text, repeated)
  local done = 1
  for char in repeated:gmatch('.') do
    local found = text:find(char, done, true) or #text + 1
    mark(row, col, text:sub(done, found - 1))
    col, done = col + 1, found + 1
  end
  mark(row, col, text:sub(done))
end

--- Several lines cover what stands behind the cursor, and show it where it will be: behind the last one.
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

--- Takes ghost text and its keys off the screen. The keys exist only while it is there, so that they
--- mean otherwise what they meant before.
function M.hide()
  local ghost = shown
  shown = nil
  if not ghost or not api.nvim_buf_is_valid(ghost.buf) then return end
  api.nvim_buf_clear_namespace(ghost.buf, space, 0, -1)
  for lhs, before in pairs(keys) do
    pcall(vim.keymap.del, 'i', lhs, { buffer = ghost.buf })
    if before.buffer == 1 then api.nvim_buf_call(ghost.buf, function() vim.fn.mapset('i', false, before) end) end
  end
  keys = {}
end

local function install(buf)
  for name, lhs in pairs(require('assist').options.keymaps or {}) do
    if lhs and name ~= 'trigger' then
      keys[lhs] = vim.fn.maparg(lhs, 'i', false, true)
      local options = { buffer = buf, expr = true, nowait = true, desc = 'assist: ' .. name }
      vim.keymap.set('i', lhs, function() return M[name](lhs) end, options)
    end
  end
end

--- Shows the chosen item as far as it still fits.
local function show()
  local ghost = items[index]
  local text = ghost and rest(ghost)
  if not text then return M.hide() end
  if shown then
    api.nvim_buf_clear_namespace(ghost.buf, space, 0, -1)
  else
    install(ghost.buf)
  end
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
  asked = mine -- first: a server inside Neovim may answer before `request` is back
  local _
  _, mine.id = client.request(from, 'textDocument/inlineCompletion', params, function(err, result)
    if asked ~= mine then return end -- a later one was asked, or the person left
    asked = nil
    if err then return end
    items = vim.tbl_map(function(item) return read(item, from, at) end, result and (result.items or result) or {})
    index = 1
    show()
  end, at.buf)
end

--- Whether a menu of completions is open: then the keys are its own.
local function menu()
  local cmp, blink = package.loaded.cmp, package.loaded['blink.cmp']
  return vim.fn.pumvisible() == 1 or (cmp and cmp.visible()) or (blink and blink.is_visible()) or false
end

--- Away with it, until something is typed.
function M.dismiss()
  cancel()
  M.hide()
  place = nil
end

--- After each key: what was typed through is shortened at once, and asked about again behind that.
--- Not beside a menu, which covers the lines and inserts what it selects itself; not in macros, where
--- the key that takes it could not be played again.
local function update()
  local busy = vim.fn.pumvisible() == 1 or vim.fn.reg_recording() ~= '' or vim.fn.reg_executing() ~= ''
  if api.nvim_get_mode().mode:sub(1, 1) ~= 'i' or busy then return M.dismiss() end
  local row, col = cursor()
  local here = table.concat({ api.nvim_get_current_buf(), vim.b.changedtick, row, col }, ':')
  if here == place then return end
  place = here
  if shown then show() end
  ask(AUTOMATIC)
end

--- The keys that take a part of it; `lhs` is pressed again, as what it was before, where there is nothing to
--- take. It is one change of its own; the dot command repeats what was typed around it.
local function key(part)
  return function(lhs)
    if shown and rest(shown) and not menu() then
      return ('<C-g>u<Cmd>lua require("assist.ghost").take("%s")<CR><C-g>u'):format(part)
    end
    M.hide()
    api.nvim_feedkeys(vim.keycode(lhs or ''), 'mi', false)
  end
end

--- For mappings with `expr`.
M.accept, M.accept_word, M.accept_line = key('all'), key('word'), key('line')

--- Inserts what the key takes, and tells the server.
function M.take(kind)
  local ghost = assert(shown)
  local text = assert(rest(ghost))
  local part = vim.fn.matchstr(text, PARTS[kind])
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

function M.next(_, step)
  index = (index - 1 + (step or 1)) % #items + 1
  show()
end

function M.previous() M.next(nil, -1) end

--- Asks at once, as a person does by a key.
function M.trigger() ask(INVOKED) end

--- Starts what the options say: own ghost text, Neovim's, or none.
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
