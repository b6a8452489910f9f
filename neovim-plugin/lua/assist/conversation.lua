--- The turns of a conversation: what the server's messages add to them, and the lines that show them.
--- It knows no window and sends nothing.
local M = {}

--- A question whose answer has not begun. `asked` are the words above it, if any.
function M.turn(id, asked)
  return { id = id, asked = asked, notices = {}, text = '', running = true, progress = { message = 'asking' } }
end

--- How far an answer is, in words; "" once its words say so themselves.
function M.progress(turn) return turn.running and turn.progress and turn.progress.message or '' end

--- What became of the edit of an answer, in words; "" if there was none.
function M.edit_words(turn)
  if not turn.edit then return '' end
  local what = turn.edit.applied and 'Changed %s; :AssistUndo takes it back.' or 'Not changed: %s.'
  return what:format(table.concat(turn.edit.files, ', '))
end

--- Adds a message of `assist/answer`.
function M.take(turn, message)
  local delta = message.delta or ''
  turn.running = not message.done
  turn.text = (message.restart and '' or turn.text) .. delta
  if delta ~= '' and turn.progress and turn.progress.phase ~= 'writing' then turn.progress = nil end
  turn.progress = message.progress or turn.progress
  if message.notice then table.insert(turn.notices, message.notice) end
  for _, member in ipairs({ 'edit', 'error', 'summary', 'sources', 'thread' }) do
    turn[member] = message[member] or turn[member]
  end
end

local function source_words(source)
  local words = { source.place, source.name, source.outline and '(outline)' or '' }
  return (table.concat(vim.tbl_filter(function(word) return word ~= '' end, words), ' '):gsub('%c', '?'))
end

--- What shows the turns: `lines`, `marks` {row, highlight group}, the `sources` by row, the turn `starts`, and the
--- `bottom` row that is followed while an answer comes in. Rows count from 1.
function M.shown(turns)
  local shown = { lines = {}, marks = {}, sources = {}, starts = {} }
  local function line(text, group)
    table.insert(shown.lines, text)
    if group then table.insert(shown.marks, { #shown.lines, group }) end
  end
  local function part(text, group)
    if text == '' then return end
    if #shown.lines > 0 then line('') end
    vim.iter(vim.split(text, '\r?\n')):each(function(each) line(each, group) end)
  end
  for _, turn in ipairs(turns) do
    table.insert(shown.starts, #shown.lines + 1)
    part(turn.asked or '', 'Title')
    vim.iter(turn.notices):each(function(notice) part('> ' .. notice) end)
    part((turn.text:gsub('[\r\n]+$', '')))
    part(M.progress(turn), 'Comment')
    part(M.edit_words(turn))
    part(turn.error or '', 'DiagnosticError')
    part(turn.summary or '', 'Comment')
    if #(turn.sources or {}) > 0 then part('Sources:', 'Comment') end
    shown.bottom = #shown.lines
    for _, source in ipairs(turn.sources or {}) do
      line(source_words(source), 'Directory')
      shown.sources[#shown.lines] = source
    end
  end
  return shown
end

return M
