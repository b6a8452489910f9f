--- Floating windows over a scratch buffer, which q and <Esc> close.
local M = {}

function M.close(win)
  if vim.api.nvim_win_is_valid(win) then vim.api.nvim_win_close(win, true) end
end

--- Opens one and goes there: `title`, `footer`, `filetype`, `lines`. Gives buffer and window.
function M.open(options)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  M.write(buf, options.lines)
  local width = math.min(100, math.floor(vim.o.columns * 0.9))
  local height =
    math.max(1, math.min(#options.lines < 2 and 20 or #options.lines, math.floor(vim.o.lines * 0.7)))
  local win = vim.api.nvim_open_win(buf, true, {
    relative = 'editor',
    row = math.floor((vim.o.lines - height) / 2) - 1,
    col = math.floor((vim.o.columns - width) / 2),
    width = width,
    height = height,
    border = 'rounded',
    title = ' ' .. options.title .. ' ',
    footer = options.footer,
  })
  vim.wo[win].wrap = true
  vim.wo[win].linebreak = true
  vim.bo[buf].filetype = options.filetype
  for _, key in ipairs({ 'q', '<Esc>' }) do
    vim.keymap.set('n', key, function() M.close(win) end, { buffer = buf, nowait = true })
  end
  return buf, win
end

--- Replaces all lines, or from line `first` on, of a buffer that the person cannot change.
function M.write(buf, lines, first)
  vim.bo[buf].modifiable = true
  vim.api.nvim_buf_set_lines(buf, first or 0, -1, false, lines)
  vim.bo[buf].modifiable = false
end

return M
