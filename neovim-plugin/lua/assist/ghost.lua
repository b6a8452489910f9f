--- Ghost text: asks for it at the cursor, shows it with extmarks, takes it by keys.
--- What is suggested, and whether, the server decides.
local client = require('assist.client')

local M = {}

local api = vim.api
local space = api.nvim_create_namespace('assist.ghost')
local INVOKED, AUTOMATIC = 1, 2 -- the protocol's InlineCompletionTriggerKind
local WORD = [=[^\_s*\%(\k\+\|\%(\k\@!\S\)\+\)]=]

local asked = nil -- {client, id}: the request under way
local place = nil -- where was asked last; the same place is not asked about twice
local items, index = {}, 1
local shown = nil -- the item that is on the screen
local told = nil -- the item that the server knows to be shown
local taking = { text = '', over = 0 } -- what the key that is pressed takes

local function cursor()
  local at = api.nvim_win_get_cursor(0)
  return at[1] - 1, at[2]
end

--- An item of the server's in bytes: `text` from (`row`, `col`) on, with `behind` behind the cursor, of
--- which it replaces `over`.
local function read(item, from, at)
  local line, row, col = at.line, at.row, at.col
  local range = item.range
  local found = { item = item, client = from, buf = at.buf, row = row, col = col, behind = line:sub(col + 1) }
  found.text = item.insertText:gsub('\r\n', '\n'):gsub('\n+$', '')
  found.over = 0
  if range then
    found.col = client.byte(line, range.start.character, from.offset_encoding)
    found.over = math.max(0, client.byte(line, range['end'].character, from.offset_encoding) - col)
  end
  return found
end

--- What of an item is still to come at the cursor, or nil where it does not fit: other text was typed, or
--- the item begins with something else than what stands before the cursor.
local function rest(ghost)
  local row, col = cursor()
  if api.nvim_get_current_buf() ~= ghost.buf or row < ghost.row or (row == ghost.row and col < ghost.col) then
    return nil
  elseif api.nvim_get_current_line():sub(col + 1) ~= ghost.behind then
    return nil
  end
  local typed = table.concat(api.nvim_buf_get_text(ghost.buf, ghost.row, ghost.col, row, col, {}), '\n')
  if #typed < #ghost.text and vim.startswith(ghost.text, typed) then return ghost.text:sub(#typed + 1) end
end

local function mark(row, col, text, options)
  local chunks = { { text, 'AssistGhost' } }
  local all = { virt_text = chunks, virt_text_pos = 'inline', hl_mode = 'combine', undo_restore = false }
  api.nvim_buf_set_extmark(0, space, row, col, vim.tbl_extend('force', all, options or {}))
end

--- The first line around those characters behind the cursor that the text repeats, where they stand.
local function draw_line(row, col, text, replaced, options)
  local met, piece, pieces = 0, '', {}
  for _, char in ipairs(vim.fn.split(text, '\\zs')) do
    if met < #replaced and vim.startswith(replaced:sub(met + 1), char) then
      table.insert(pieces, { met, piece })
      met, piece = met + #char, ''
    else
      piece = piece .. char
    end
  end
  if met < #replaced then -- it takes them away: struck through, not repeated
    api.nvim_buf_set_extmark(0, space, row, col, { end_col = col + #replaced, hl_group = 'AssistReplaced' })
    pieces, met, piece = {}, 0, text
  end
  for _, each in ipairs(vim.list_extend(pieces, { { met, piece } })) do
    if each[2] ~= '' then mark(row, col + each[1], each[2]) end
  end
  if options then mark(row, col, '', options) end
end

--- Several lines cover what stands behind the cursor, and show it where it will be: behind the last one.
local function draw(ghost, text)
  local row, col = cursor()
  local replaced, tail = ghost.behind:sub(1, ghost.over), ghost.behind:sub(ghost.over + 1)
  local lines = vim.split(text:gsub('\t', (' '):rep(vim.bo.tabstop)), '\n')
  local first = table.remove(lines, 1)
  local below = vim.tbl_map(function(line) return { { line, 'AssistGhost' } } end, lines)
  if #below == 0 then
    draw_line(row, col, first, replaced)
  elseif ghost.behind:find('%S') then
    table.insert(below[#below], { tail, 'Normal' })
    local width = vim.fn.strdisplaywidth(ghost.behind, vim.fn.virtcol('.') - 1)
      - vim.fn.strdisplaywidth(first)
    mark(row, col, first .. (' '):rep(width), { virt_lines = below, virt_text_pos = 'overlay' })
  else
    mark(row, col, first, { virt_lines = below })
  end
end

local function keys(install)
  local maps = require('assist').options.keymaps or {}
  for kind, name in pairs({ all = 'accept', word = 'accept_word', line = 'accept_line' }) do
    install(maps[name], function(lhs) return M.accept(kind, lhs) end)
  end
  install(maps.dismiss, M.dismiss)
  install(maps.next, function() return M.cycle(1) end)
  install(maps.previous, function() return M.cycle(-1) end)
end

--- Takes ghost text and its keys off the screen. The keys exist only while it is there, so that they
--- mean otherwise what they meant before.
function M.hide()
  if not shown then return end
  local ghost = shown
  shown = nil
  if api.nvim_buf_is_valid(ghost.buf) then
    api.nvim_buf_clear_namespace(ghost.buf, space, 0, -1)
    for lhs, before in pairs(ghost.keys) do
      pcall(vim.keymap.del, 'i', lhs, { buffer = ghost.buf })
      if before.buffer == 1 then
        api.nvim_buf_call(ghost.buf, function() vim.fn.mapset('i', false, before) end)
      end
    end
  end
end

local function install(ghost)
  ghost.keys = {}
  keys(function(lhs, run)
    if lhs then
      ghost.keys[lhs] = vim.fn.maparg(lhs, 'i', false, true)
      vim.keymap.set(
        'i',
        lhs,
        function() return run(lhs) end,
        { buffer = ghost.buf, expr = true, nowait = true, desc = 'assist' }
      )
    end
  end)
end

--- Shows the chosen item as far as it still fits.
local function show()
  local ghost = items[index]
  local text = ghost and rest(ghost)
  if not text then return M.hide() end
  if shown then
    ghost.keys = shown.keys
    api.nvim_buf_clear_namespace(ghost.buf, space, 0, -1)
  else
    install(ghost)
  end
  shown = ghost
  draw(ghost, text)
  if told ~= ghost then
    told = ghost
    client.notify(ghost.client, 'textDocument/didShowCompletion', { item = ghost.item })
  end
end

local function cancel()
  if asked and asked.id then client.cancel(asked.client, asked.id) end
  asked = nil
end

local function ask(kind)
  cancel()
  local buf = api.nvim_get_current_buf()
  local from = client.of(buf)
  if not from then return M.hide() end
  local row, col = cursor()
  local at = { buf = buf, row = row, col = col, line = api.nvim_get_current_line() }
  local params = client.place(from)
  params.context = { triggerKind = kind }
  local mine = { client = from }
  asked = mine -- first: a server inside Neovim may answer before `request` is back
  local _, id = client.request(from, 'textDocument/inlineCompletion', params, function(err, result)
    if asked ~= mine then
      return -- a later one was asked, or the person left
    end
    asked = nil
    if not err then
      local found = result and (result.items or result) or {}
      items = vim.tbl_map(function(item) return read(item, from, at) end, found)
      index = 1
      show()
    end
  end, buf)
  mine.id = id
end

--- Whether a menu of completions is open: then the keys are its own.
local function menu()
  local cmp, blink = package.loaded.cmp, package.loaded['blink.cmp']
  return vim.fn.pumvisible() == 1 or (cmp and cmp.visible()) or (blink and blink.is_visible()) or false
end

local function leave()
  cancel()
  M.hide()
  place = nil
end

--- After each key: what was typed through is shortened at once, and asked about again behind that.
--- Not beside a menu, which covers the lines and inserts what it selects itself; not in macros, where
--- the key that takes it could not be played again.
local function update()
  local busy = vim.fn.pumvisible() == 1 or vim.fn.reg_recording() ~= '' or vim.fn.reg_executing() ~= ''
  if api.nvim_get_mode().mode:sub(1, 1) ~= 'i' or busy then return leave() end
  local row, col = cursor()
  local here = table.concat({ api.nvim_get_current_buf(), vim.b.changedtick, row, col }, ':')
  if here == place then return end
  place = here
  if shown then show() end
  ask(AUTOMATIC)
end

--- The keys that take ghost text: all of it, a word or a line. For a mapping with `expr`; `lhs` is pressed
--- again, as what it was before, where there is nothing to take.
--- It is one change of its own; the dot command repeats what was typed around it.
function M.accept(kind, lhs)
  local ghost = shown
  local text = ghost and rest(ghost)
  if not ghost or not text or menu() then
    M.hide()
    api.nvim_feedkeys(vim.keycode(lhs or ''), 'mi', false)
    return ''
  end
  local part = text
  if kind == 'word' then
    part = vim.fn.matchstr(text, WORD)
  elseif kind == 'line' then
    part = text:match('^\n?[^\n]*')
  end
  part = part == '' and text or part
  taking = { text = part, over = part == text and ghost.over or 0 }
  local done = ('<Cmd>lua require("assist.ghost").took(%d)<CR>'):format(#ghost.text - #text + #part)
  return '<C-g>u' .. done .. '<C-g>u'
end

--- Inserts what the key takes, and tells the server that `bytes` of the shown text are taken.
function M.took(bytes)
  local ghost = assert(shown)
  local row, col = cursor()
  api.nvim_buf_set_text(0, row, col, row, col + taking.over, {})
  api.nvim_put(vim.split(taking.text, '\n'), 'c', false, true)
  if bytes < #ghost.text then
    local units = vim.str_utfindex(ghost.text:sub(1, bytes))
    units = select(2, vim.str_utfindex(ghost.text:sub(1, bytes))) or units
    local params = { item = ghost.item, acceptedLength = units }
    client.notify(ghost.client, 'textDocument/didPartiallyAcceptCompletion', params)
    return
  end
  leave()
  local command = ghost.item.command
  if command then client.execute(ghost.client, command.command, command.arguments) end
end

function M.visible() return shown ~= nil end

--- Away with it, until something is typed.
function M.dismiss()
  cancel()
  M.hide()
  return ''
end

function M.cycle(step)
  index = (index - 1 + step) % #items + 1
  show()
  return ''
end

--- Asks at once, as a person does by a key.
function M.trigger() ask(INVOKED) end

local function rested(method)
  return function()
    local from = client.of(0)
    if from then client.notify(from, method, client.place(from)) end
  end
end

--- Neovim's own ghost text, of 0.12.
local function start_native()
  vim.api.nvim_create_autocmd('LspAttach', {
    group = api.nvim_create_augroup('assist.native', {}),
    callback = function(event)
      local lhs = (require('assist').options.keymaps or {}).accept
      local from = vim.lsp.get_client_by_id(event.data.client_id)
      if not from or from.name ~= 'assist' then return end
      vim.lsp.inline_completion.enable(true, { bufnr = event.buf })
      local function map()
        vim.keymap.set('i', lhs, function()
          if menu() or not vim.lsp.inline_completion.get() then
            vim.keymap.del('i', lhs, { buffer = event.buf })
            api.nvim_feedkeys(vim.keycode(lhs), 'mi', false)
            vim.schedule(map)
          end
          return ''
        end, { buffer = event.buf, expr = true, desc = 'assist' })
      end
      if lhs then map() end
    end,
  })
end

--- Starts what the options say: own ghost text, Neovim's, or none.
function M.start()
  local options = require('assist').options
  api.nvim_set_hl(0, 'AssistGhost', { link = 'Comment', default = true })
  api.nvim_set_hl(0, 'AssistReplaced', { strikethrough = true, default = true })
  local group = api.nvim_create_augroup('assist.ghost', {})
  local function on(events, run) api.nvim_create_autocmd(events, { group = group, callback = run }) end
  on({ 'CursorHold' }, rested('assist/didMoveCursor'))
  on({ 'BufEnter', 'FocusGained' }, rested('textDocument/didFocus'))
  if options.ghost == 'native' and vim.lsp.inline_completion then
    return start_native()
  elseif not options.ghost then
    return
  end
  on({ 'TextChangedI', 'CursorMovedI', 'TextChangedP' }, update)
  on({ 'CompleteDone' }, vim.schedule_wrap(update))
  on({ 'InsertLeave', 'BufLeave' }, leave)
  on({ 'InsertEnter' }, vim.schedule_wrap(update))
  local lhs = options.keymaps and options.keymaps.trigger
  if lhs then vim.keymap.set('i', lhs, M.trigger, { desc = 'assist: ask for ghost text' }) end
end

return M
