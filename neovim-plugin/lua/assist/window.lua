--- Floating windows with a scratch buffer; q and <Esc> close them.
local M = {}

local api = vim.api

--- Opens a window and enters it. Returns buffer and window.
function M.open(lines, filetype, title, footer)
  local buf = api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden, vim.bo[buf].modeline = 'wipe', false -- its text sets no options
  M.write(buf, lines)
  local width, wanted = math.min(100, math.floor(vim.o.columns * 0.9)), #lines < 2 and 20 or #lines
  local height = math.max(1, math.min(wanted, math.floor(vim.o.lines * 0.7)))
  local place = { relative = 'editor', width = width, height = height, border = 'rounded' }
  place.row = math.floor((vim.o.lines - height) / 2) - 1
  place.col = math.floor((vim.o.columns - width) / 2)
  place.title, place.footer = (' %s '):format(title), (' %s '):format(footer)
  local win = api.nvim_open_win(buf, true, place)
  vim.wo[win].wrap, vim.wo[win].linebreak, vim.bo[buf].filetype = true, true, filetype
  vim.wo[win].conceallevel = 0 -- the address of a link is shown next to its words
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, '<Cmd>close<CR>', { buffer = buf, nowait = true })
  end
  return buf, win
end

--- Replaces all lines of a buffer that the user cannot change.
function M.write(buf, lines)
  vim.bo[buf].modifiable = true
  api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
end

return M
