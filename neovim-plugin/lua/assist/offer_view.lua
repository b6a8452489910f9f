--- How an offered edit looks: the removed text struck through, the new text after it, and a hint with the key. If
--- the place is not in view, the hint is at the edge of the current window. It knows no server and no key.
local M = {}

local api, fn = vim.api, vim.fn
local space = api.nvim_create_namespace('assist.next_edit')
local hints = api.nvim_create_namespace('assist.next_edit.hint')

--- Defines the highlight groups: in colours of the theme, but never by colour alone.
function M.define_groups()
  local deleted = api.nvim_get_hl(0, { name = 'DiffDelete', link = false })
  deleted.strikethrough, deleted.default, deleted.cterm = true, true, nil -- in a terminal it has the same attributes
  api.nvim_set_hl(0, 'AssistNextEditDeleted', deleted)
  api.nvim_set_hl(0, 'AssistNextEditAdded', { link = 'DiffAdd', default = true })
  api.nvim_set_hl(0, 'AssistNextEditHint', { link = 'Comment', default = true })
end

local function added(text) return { { (text:gsub('\t', (' '):rep(vim.bo.tabstop))), 'AssistNextEditAdded' } } end

local function mark(row, col, options)
  options.hl_mode, options.undo_restore = 'combine', false
  api.nvim_buf_set_extmark(0, space, row, col, options)
end

local function strike(span, last, stop)
  mark(span.row, span.col, { end_row = last, end_col = stop, hl_group = 'AssistNextEditDeleted' })
end

--- Whole lines become others, which are shown after the last of them; before it, if there are only new ones.
local function draw_lines(span, lines)
  local new, at_top = vim.tbl_map(added, vim.list_slice(lines, 1, #lines - 1)), span.last == 0
  strike(span, span.last, 0)
  mark(at_top and 0 or span.last - 1, 0, { virt_lines = new, virt_lines_above = at_top })
  if span.row < span.last or span.row + 1 ~= fn.line('w0') then return end
  fn.winrestview({ topfill = #new }) -- else a window does not show what is above its first line
end

--- The text within a line, or from the middle of one to the middle of another, becomes another one. What follows
--- it in its last line is shown where it will be.
local function draw_text(span, lines)
  local after = #lines > 1 and fn.getline(span.last + 1):sub(span.stop + 1) or ''
  local below = vim.tbl_map(added, vim.list_slice(lines, 2))
  if after ~= '' then table.insert(below[#below], { after, 'Normal' }) end
  strike(span, span.last, span.stop + #after)
  local first = { virt_text = added(lines[1]), virt_text_pos = 'inline', virt_lines = below }
  mark(span.last, span.stop + #after, first)
end

--- Draws in the current buffer that a span becomes another text, with `words` at the end of its first line.
function M.draw(span, text, words)
  local lines = vim.split(text, '\n')
  local whole = span.col + span.stop == 0 and (lines[2] and lines[#lines] or text) == ''
  local draw = whole and draw_lines or draw_text
  draw(span, lines)
  mark(span.top, 0, { virt_text = { { ' ' .. words, 'AssistNextEditHint' } }, virt_text_pos = 'eol' })
end

--- Whether a row of the current buffer is in view in the current window.
function M.in_view(row) return row >= fn.line('w0') - 1 and row < fn.line('w$') and fn.foldclosed(row + 1) == -1 end

--- Shows `words` at the right end of the last line in view, or of the first one at the `top`; a fold hides them there.
function M.show_hint(words, top)
  local line = top and fn.line('w0') or fn.line('w$')
  line = fn.foldclosed(line) == -1 and line or fn.line('.')
  local options = { virt_text = { { words, 'AssistNextEditHint' } }, virt_text_pos = 'right_align' }
  api.nvim_buf_set_extmark(0, hints, line - 1, 0, options)
end

function M.hide_hint(buf) pcall(api.nvim_buf_clear_namespace, buf, hints, 0, -1) end -- the buffer may be gone

--- Removes everything.
function M.clear(buf)
  M.hide_hint(buf)
  pcall(api.nvim_buf_clear_namespace, buf, space, 0, -1)
end

return M
