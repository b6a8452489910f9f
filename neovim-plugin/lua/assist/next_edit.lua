--- Next edit: shows the edit that the server offers, jumps to it, makes it, or makes all that remain of it. The
--- server decides what is offered, when, and why. Ghost text goes first: it has the keys while it is visible.
local client = require('assist.client')
local consent = require('assist.consent')
local ghost = require('assist.ghost')
local keys = require('assist.keys')
local view = require('assist.offer_view')

local M = {}

local api, lsp = vim.api, vim.lsp
local MOST = 100 -- problems of a document that are reported, errors first

local asked = 0 -- requests; only the answer to the last one counts
local offer = nil -- for `buf`; its place is there if it has a `span`, else in another file

local function options() return require('assist').options.next_edit or {} end

--- A key as it is shown.
local function name_of(lhs) return ((lhs or ''):gsub('[<>]', '')) end

local function plain(text) return (text:gsub('\r\n?', '\n')) end

--- The text in a span of the current buffer. After its last line there is an empty one, as in the protocol.
local function text_in(span)
  local lines = api.nvim_buf_get_lines(0, span.row, span.last + 1, false)
  if span.last == api.nvim_buf_line_count(0) then table.insert(lines, '') end
  lines[#lines] = lines[#lines]:sub(1, span.stop)
  lines[1] = lines[1]:sub(span.col + 1)
  return table.concat(lines, '\n')
end

local function may_change() return vim.bo.modifiable and not vim.bo.readonly end

--- Whether the current text may be changed, and is still the one for which the edit is offered.
local function fits(it)
  local buf, span = api.nvim_get_current_buf(), it.span
  if buf ~= it.buf or not may_change() then return false end
  return it.version == lsp.util.buf_versions[buf] and (not span or text_in(span) == it.deleted)
end

--- Removes the offer from the screen and gives back its keys. It is not rejected.
local function hide()
  if offer then view.clear(offer.buf) end
  offer = nil
  keys.unmap('next_edit')
end

--- Shows at the edge of the window where the place is, unless it is in view. An offer for an earlier text goes.
local function point()
  if not offer then return end
  view.hide_hint(offer.buf)
  if api.nvim_get_current_buf() ~= offer.buf then return end
  if not fits(offer) then return hide() end
  local line = offer.display.line + 1
  local above = offer.span and line < vim.fn.line('.')
  local where = offer.span and ('%s line %d'):format(above and '↑' or '↓', line)
  where = where or ('→ %s:%d'):format(offer.display.file, line)
  if offer.span and view.in_view(offer.span.top) then return end
  view.show_hint((' ⇥ %s %s '):format(name_of(options().go), where), above)
end

--- Maps a key while the offer is visible; it is not for snippets.
local function map(mode, lhs, name)
  local function run() return not (mode == 'i' and vim.snippet.active()) and keys.call('next_edit', name) or nil end
  if lhs then keys.map('next_edit', offer.buf, mode, lhs, run) end
end

local function show(found)
  hide()
  if not found or not fits(found) then return end
  offer = found
  local lhs = options()
  local chain = found.display.chain and lhs.chain
  for _, mode in ipairs({ 'n', 'i' }) do
    map(mode, lhs.go, 'go')
    map(mode, chain, 'chain')
  end
  map('n', lhs.dismiss, 'dismiss')
  map('i', (require('assist').options.keymaps or {}).dismiss, 'dismiss')
  local all = chain and (', %s all %d'):format(name_of(chain), found.display.remaining) or ''
  if found.span then view.draw(found.span, found.text, ('⇥ %s%s'):format(name_of(lhs.go), all)) end
  point()
end

--- The offer in an answer of the server, for the current buffer as it was at the request.
local function read(result, from, version)
  local edit = result and (result.edits or {})[1]
  if not edit then return nil end
  local it = { client = from, id = edit.id, buf = api.nvim_get_current_buf(), version = version, edit = edit }
  it.display, it.text, it.deleted = result.display, plain(edit.text), plain(result.display.deleted)
  if edit.textDocument.uri ~= vim.uri_from_bufnr(0) then return it end
  local function column(at) return client.byte(vim.fn.getline(at.line + 1), at.character) end
  local first, last = edit.range.start, edit.range['end']
  it.version = edit.textDocument.version
  it.span = { row = first.line, col = column(first), last = last.line, stop = column(last) }
  it.span.top = math.min(first.line, api.nvim_buf_line_count(0) - 1) -- where the cursor can be
  if it.span.top < first.line then edit.text = it.text:gsub('\n$', '') end -- Neovim adds this line end itself
  return it
end

--- Asks the server for an offer at the cursor. `done` learns whether one is shown.
function M.ask(done)
  local buf = api.nvim_get_current_buf()
  local from, version = client.of(buf), lsp.util.buf_versions[buf]
  if not from or not may_change() then return hide() end
  local params, mine = client.place(), asked + 1
  params.textDocument.version, asked = version, mine
  client.request(from, 'assist/nextEdit', params, function(err, result)
    if err or asked ~= mine or api.nvim_get_current_buf() ~= buf then return end
    show(read(result, from, version))
    if done then done(offer ~= nil) end
  end, buf)
end

--- `assist/nextEditReady`: there is an offer for a document, or the visible one is void.
function M.on_ready(_, ready)
  if ready.textDocument.uri ~= vim.uri_from_bufnr(0) then return end
  if ready.offer == false then return hide() end
  if ready.textDocument.version == lsp.util.buf_versions[api.nvim_get_current_buf()] then M.ask() end
end

--- Jumps to another file, and asks again there. An unsaved buffer stays where 'hidden' is off.
local function visit(it)
  vim.cmd.stopinsert()
  hide()
  local location = { uri = it.edit.textDocument.uri, range = it.edit.range }
  local moved, problem = pcall(lsp.util.show_document, location, 'utf-16', { focus = true })
  if not moved then return client.warn((problem:gsub('^.*Vim[^:]*:', ''))) end
  if client.of(0) then return M.ask() end
  api.nvim_create_autocmd('LspAttach', { buffer = 0, once = true, callback = function() vim.schedule(M.ask) end })
end

local function jump(span)
  vim.cmd("normal! m'")
  api.nvim_win_set_cursor(0, { span.top + 1, span.col })
  vim.cmd('silent! foldopen!')
  ghost.hold()
end

--- Makes edits as one undo step, also while text is typed: what follows is another one. The server hears of it
--- first. The cursor goes to `at`. Then it asks for what comes next.
local function make(it, edits, at, way)
  hide()
  client.execute(it.client, 'assist.nextEditAccepted', { it.id, way })
  vim.cmd('let &g:undolevels = &g:undolevels') -- ends the undo step
  lsp.util.apply_text_edits(edits, it.buf, 'utf-16')
  if at then pcall(api.nvim_win_set_cursor, 0, at) end
  if vim.fn.mode() == 'i' then api.nvim_feedkeys(vim.keycode('<C-g>u'), 'ni', false) end
  ghost.hold()
  M.ask()
end

--- Jumps to the place of the offer, or, if the cursor is there, makes the edit. Returns whether there was an offer.
function M.go()
  local it, row = offer, vim.fn.line('.') - 1
  if not it then return false end
  if not fits(it) then
    hide()
    client.warn('the text has changed since this edit was offered, or may not be changed')
  elseif not it.span then
    visit(it)
  elseif row < it.span.top or row > it.span.last then
    jump(it.span)
  else
    local lines = vim.split(it.text:gsub('\n$', ''), '\n')
    local col = (lines[2] and 0 or it.span.col) + #lines[#lines]
    make(it, { { range = it.edit.range, newText = it.edit.text } }, { it.span.row + #lines, col })
  end
  return true
end

--- Rejects the offer: the server does not offer it again.
function M.dismiss()
  if offer then client.execute(offer.client, 'assist.nextEditRejected', { offer.id }) end
  hide()
end

--- Shows all places of the offered change in this file; <CR> makes them as one undo step.
function M.chain()
  local it = offer
  if not it or not it.span then return M.go() end
  local function preview(err, chain)
    if err or type(chain) ~= 'table' or offer ~= it or chain.textDocument.version ~= it.version then return end
    local edits, lines = {}, {}
    for _, edit in ipairs(chain.edits) do
      local seen = ('%5d  %s\n    →  %s'):format(edit.line + 1, plain(edit.before), plain(edit.after))
      vim.list_extend(lines, vim.split(seen:gsub('\n+', '\n'):gsub('\n$', ''), '\n'))
      table.insert(edits, { range = edit.range, newText = plain(edit.text) })
    end
    local title = ('%d edits: %s'):format(#edits, chain.words)
    if not consent.agreed(lines, '', title, '<CR> Make all   q Close', nil, '<CR>') then return end
    if offer ~= it or not fits(it) then return client.warn('the text has changed since') end
    make(it, edits, nil, 'chain')
  end
  client.request(it.client, 'assist/nextEditChain', { id = it.id }, coroutine.wrap(preview), it.buf)
end

--- Says in the server's words why the edit is offered.
function M.why() vim.notify('assist: ' .. (offer and offer.display.words or 'no next edit is offered')) end

--- `:AssistNextEdit`: without an offer, it asks for one, which the mode "manual" needs.
function M.run(args)
  local step = ({ chain = M.chain, dismiss = M.dismiss, why = M.why })[args.args]
  if step then return step() end
  return M.go() or M.ask(function(found) return found or M.why() end)
end

--- Reports the problems that other tools show in a document.
local function report(event)
  local from = client.of(event.buf)
  if not from then return end
  local document = { uri = vim.uri_from_bufnr(event.buf), version = lsp.util.buf_versions[event.buf] }
  local problems = vim.list_slice(client.problems(event.buf), 1, MOST)
  client.notify(from, 'assist/didReportProblems', { textDocument = document, problems = problems })
end

function M.start()
  if not require('assist').options.next_edit then return end
  local group = api.nvim_create_augroup('assist.next_edit', {})
  local function on(events, run) api.nvim_create_autocmd(events, { group = group, callback = run }) end
  view.define_groups()
  on('ColorScheme', view.define_groups)
  on({ 'CursorMoved', 'CursorMovedI', 'WinScrolled', 'WinResized', 'WinEnter', 'BufEnter' }, point)
  on({ 'TextChanged', 'TextChangedI', 'TextChangedP' }, point)
  on('BufReadPost', function(event) return offer and offer.buf == event.buf and hide() end) -- its version may stay
  on('DiagnosticChanged', vim.schedule_wrap(report))
end

return M
