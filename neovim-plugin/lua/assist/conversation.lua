--- The turns of a conversation: what the server's messages add to them, and the lines that show them.
--- It knows no window and sends nothing.
local M = {}

local CODE = '    ' -- before facts, of which nothing is Markdown: to Markdown, they are a block of code

--- A question whose answer has not begun. `asked` are the words above it, if any.
function M.turn(id, asked)
  local progress = { message = 'asking' }
  return { id = id, asked = asked, facts = {}, notices = {}, text = '', running = true, progress = progress }
end

--- How far an answer is, in words; "" once its words say so themselves.
function M.progress(turn) return turn.running and turn.progress and turn.progress.message or '' end

--- What became of the edit of an answer, in words; "" if there was none.
function M.edit_words(turn)
  if not turn.edit then return '' end
  local what = turn.edit.applied and 'Changed %s; :AssistUndo reverts it.' or 'Not changed: %s.'
  return what:format(table.concat(turn.edit.files, ', '))
end

--- Adds a message of `assist/answer`.
function M.take(turn, message)
  local delta = message.delta or ''
  turn.running = not message.done
  turn.text = (message.restart and '' or turn.text) .. delta
  if delta ~= '' and turn.progress and turn.progress.phase ~= 'writing' then turn.progress = nil end
  turn.progress = message.progress or turn.progress
  turn.facts = message.facts or turn.facts
  if message.notice then table.insert(turn.notices, message.notice) end
  for _, member in ipairs({ 'edit', 'error', 'summary', 'sources', 'thread' }) do
    turn[member] = message[member] or turn[member]
  end
end

--- The lines of facts, each a {text, places}: names in a column, and of each place {from, to, uri, line}, in bytes.
local function fact_lines(facts)
  local width, found = 0, {}
  vim.iter(facts):each(function(fact) width = math.max(width, #fact.name > 0 and #fact.name + 2 or 0) end)
  for _, fact in ipairs(facts) do
    local text, places = fact.name .. (' '):rep(width - #fact.name), {}
    for _, part in ipairs(fact.parts) do
      local words = part.words:gsub('%c', '?')
      if part.uri then table.insert(places, { #text, #text + #words, part.uri, part.line }) end
      text = text .. words
    end
    table.insert(found, { text, places })
  end
  return found
end

--- All that an answer says, as lines.
function M.lines(turn)
  local found = vim.iter(fact_lines(turn.facts)):map(function(line) return line[1] end):totable()
  local text = turn.text:gsub('\n+$', '')
  if text ~= '' and #found > 0 then table.insert(found, '') end
  return text == '' and found or vim.list_extend(found, vim.split(text, '\r?\n'))
end

local function source_words(source)
  local words = { source.place, source.name, source.outline and '(outline)' or '' }
  return (table.concat(vim.tbl_filter(function(word) return word ~= '' end, words), ' '):gsub('%c', '?'))
end

--- What shows the turns: `lines`, `marks` {row, highlight group, from, to}, the `places` {from, to, uri, line} by
--- row, the turn `starts`, and the `bottom` row that is followed while an answer comes in. Rows count from 1.
function M.shown(turns)
  local shown = { lines = {}, marks = {}, places = {}, starts = {} }
  local function line(text, group)
    table.insert(shown.lines, text)
    if group then table.insert(shown.marks, { #shown.lines, group, 0, #text }) end
  end
  local function fact(row)
    line(CODE .. row[1])
    shown.places[#shown.lines] = row[2]
    for _, place in ipairs(row[2]) do
      place[1], place[2] = place[1] + #CODE, place[2] + #CODE
      table.insert(shown.marks, { #shown.lines, 'Directory', place[1], place[2] })
    end
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
    if #turn.facts > 0 and #shown.lines > 0 then line('') end
    local facts = #shown.lines + 1
    vim.iter(fact_lines(turn.facts)):each(fact)
    part((turn.text:gsub('[\r\n]+$', '')))
    part(M.progress(turn), 'Comment')
    part(M.edit_words(turn))
    part(turn.error or '', 'DiagnosticError')
    part(turn.summary or '', 'Comment')
    if #(turn.sources or {}) > 0 then part('Sources:', 'Comment') end
    shown.bottom = #turn.facts > 0 and turn.text == '' and facts or #shown.lines -- until words come, facts are read
    for _, source in ipairs(turn.sources or {}) do
      local words = source_words(source)
      line(words, 'Directory')
      shown.places[#shown.lines] = { { 0, #words, source.uri, source.first } }
    end
  end
  return shown
end

return M
