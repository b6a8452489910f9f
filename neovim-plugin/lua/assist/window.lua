--- Windows with a scratch buffer; q closes them, and <Esc> those that float.
local M = {}

local api = vim.api

local function scratch(lines)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden, vim.bo[buf].modeline = 'wipe', false -- its text sets no options
  M.write(buf, lines)
  return buf
end

local function prepare(win, buf, filetype, keys)
  vim.bo[buf].filetype = filetype
  local options = vim.wo[win][0]
  options.wrap, options.linebreak, options.list, options.spell = true, true, false, false
  options.conceallevel = 0 -- the address of a link is shown next to its words
  options.number, options.relativenumber, options.signcolumn, options.foldcolumn = false, false, 'no', '0'
  options.fillchars = 'eob: '
  local function close(key) vim.keymap.set('n', key, '<Cmd>close<CR>', { buffer = buf, nowait = true }) end
  vim.iter(keys):each(close)
  return buf
end

local function float(buf, place, title, footer)
  place.width = math.min(100, math.floor(vim.o.columns * 0.9))
  place.col = math.floor((vim.o.columns - place.width) / 2)
  place.relative, place.border = 'editor', 'rounded'
  place.title, place.footer = (' %s '):format(title), (' %s '):format(footer)
  return api.nvim_open_win(buf, true, place)
end

--- Opens a window in the middle of the screen and enters it; closing it leads back, and then calls `closed`, if
--- there is one. Returns its buffer.
function M.open(lines, filetype, title, footer, closed)
  local buf, wanted = scratch(lines), #lines < 2 and 20 or #lines
  local before = api.nvim_get_current_win()
  local function size(rows)
    local height = math.max(1, math.min(rows, math.floor(vim.o.lines * 0.7)))
    return { row = math.floor((vim.o.lines - height) / 2) - 1, height = height }
  end
  local win = float(buf, size(wanted), title, footer)
  local back = vim.schedule_wrap(function()
    if api.nvim_win_is_valid(before) then api.nvim_set_current_win(before) end
    if closed then closed() end
  end)
  api.nvim_create_autocmd('WinClosed', { pattern = tostring(win), once = true, callback = back })
  prepare(win, buf, filetype, { 'q', '<Esc>' })
  local rows = api.nvim_win_text_height(win, {}).all -- lines that wrap take several
  if rows > wanted then
    api.nvim_win_set_config(win, vim.tbl_extend('force', api.nvim_win_get_config(win), size(rows)))
  end
  return buf
end

--- Opens a window next to the code and enters it. `kind` is "split", "vsplit" or "float": the last one takes the
--- half of the screen without the cursor. Returns its buffer.
function M.open_beside(kind, filetype, title, footer)
  local buf, rows = scratch({}), vim.o.lines - vim.o.cmdheight - 1
  if kind ~= 'float' then
    local win = api.nvim_open_win(buf, true, { split = kind == 'vsplit' and 'right' or 'below' })
    local bar = vim.fn.strcharpart(title .. '   ' .. footer, 0, api.nvim_win_get_width(win))
    vim.wo[win][0].winbar = bar:gsub('%%', '%%%%') -- the user's words are not format
    return prepare(win, buf, filetype, { 'q' })
  end
  local height = math.max(1, math.min(20, math.floor(rows / 2) - 2))
  local below = rows - height - 2
  local row = vim.fn.screenpos(0, vim.fn.line('.'), vim.fn.col('.')).row > below and 0 or below
  return prepare(float(buf, { row = row, height = height }, title, footer), buf, filetype, { 'q', '<Esc>' })
end

--- Replaces all lines of a buffer that the user cannot change.
function M.write(buf, lines)
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
end

return M
