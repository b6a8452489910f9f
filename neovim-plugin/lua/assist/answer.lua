--- Questions and the windows that their answers stream into.
local client = require('assist.client')
local window = require('assist.window')

local M = {}

local views = {} -- by the id of the answer: {id, client, buf, win, notices, text, running}

local function redraw(view)
  if not vim.api.nvim_buf_is_valid(view.buf) then return end
  local at_end = vim.api.nvim_win_get_cursor(view.win)[1] == vim.api.nvim_buf_line_count(view.buf)
  local lines = vim.deepcopy(view.notices)
  vim.list_extend(lines, vim.split(view.text, '\r?\n'))
  window.write(view.buf, vim.list_extend(lines, view.last))
  if at_end then vim.api.nvim_win_set_cursor(view.win, { vim.api.nvim_buf_line_count(view.buf), 0 }) end
end

--- Copies the block of code that the cursor is in or above, else the last one, else the answer.
local function copy(view)
  local found, block, start
  local row = vim.api.nvim_win_get_cursor(view.win)[1]
  for number, line in ipairs(vim.api.nvim_buf_get_lines(view.buf, 0, -1, false)) do
    if not line:match('^%s*```') then
      table.insert(block or {}, line)
    elseif not block then
      block, start = {}, number
    else
      found = found and found.start <= row and start > row and found
        or { text = table.concat(block, '\n'), start = start }
      block = nil
    end
  end
  local text = found and found.text or view.text
  vim.fn.setreg('"', text, 'V')
  pcall(vim.fn.setreg, '+', text, 'V') -- where there is a clipboard
  vim.notify(('assist: copied %d lines'):format(#vim.split(text, '\n')))
end

local function open(id, asked, title)
  local view = { id = id, client = asked, notices = {}, text = '', last = {}, running = true }
  view.buf, view.win = window.open({
    title = title,
    footer = ' q close and stop   y copy the code ',
    filetype = 'markdown',
    lines = {},
  })
  views[id] = view
  vim.keymap.set('n', 'y', function() copy(view) end, { buffer = view.buf, nowait = true })
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = view.buf,
    callback = function()
      if view.running then client.execute(view.client, 'assist.cancel', { id }) end
      views[id] = nil
      if view.running then views[id] = false end -- pieces may still come, and open nothing
    end,
  })
  return view
end

--- `assist/answer`: a piece, or the end. One that was asked elsewhere, by a code action, opens a window.
function M.on_answer(_, message, context)
  client.clean(message)
  local view = views[message.id]
  if view == nil and not message.done then
    view = open(message.id, assert(vim.lsp.get_client_by_id(context.client_id)), 'assist')
  elseif not view then
    if message.done then views[message.id] = nil end
    return
  end
  if message.restart then view.text = '' end
  view.text = view.text .. (message.delta or '')
  if message.notice then vim.list_extend(view.notices, { '> ' .. message.notice, '' }) end
  if message.done then
    view.running = false
    local edit = message.edit
    if edit then
      local what = edit.applied and 'Changed %s; :AssistUndo takes it back.' or 'Not changed: %s.'
      vim.list_extend(view.last, { '', what:format(table.concat(edit.files, ', ')) })
    end
    for _, said in pairs({ message.error, message.summary }) do
      vim.list_extend(view.last, vim.list_extend({ '' }, vim.split(said, '\n')))
    end
  end
  redraw(view)
end

--- What the person means: lines of a command's range, else the definition at the cursor.
local function range_of(args, asked)
  if args.range > 0 then
    local first, stop = { line = args.line1 - 1, character = 0 }, { line = args.line2, character = 0 }
    return { start = first, ['end'] = stop }
  end
  local at = client.place(asked).position
  return { start = at, ['end'] = at }
end

local function problems_of(args)
  local found = vim.tbl_filter(
    function(each) return each.lnum >= args.line1 - 1 and each.lnum < args.line2 end,
    vim.diagnostic.get(0)
  )
  return vim.tbl_map(function(each)
    local start = { line = each.lnum, character = each.col }
    local stop = { line = each.end_lnum or each.lnum, character = each.end_col or each.col }
    return { message = each.message, range = { start = start, ['end'] = stop } }
  end, found)
end

--- Asks; `args` are those of a user command, "!" wishes for a provider, `prompt` asks for missing words.
function M.run(command, args, prompt)
  local asked = client.of(0)
  if not asked then
    vim.notify('assist: no server for this file, see :checkhealth assist', vim.log.levels.WARN)
    return
  end
  local question = { uri = vim.uri_from_bufnr(0), wish = args.bang and 'frontier' or 'auto' }
  question.range = range_of(args, asked)
  question.problems = command == 'fix' and problems_of(args) or nil
  local function ask(words)
    if words then
      question.words = words
      client.execute(
        asked,
        'assist.' .. command,
        { question },
        function(result)
          open(result.id, asked, vim.trim('assist ' .. command .. ': ' .. words):gsub(':$', ''))
        end
      )
    end
  end
  if prompt and args.args == '' then
    vim.ui.input({ prompt = prompt }, ask)
  else
    ask(args.args)
  end
end

--- Stops all answers; what came of them stays.
function M.stop()
  for id, view in pairs(views) do
    if view then client.execute(view.client, 'assist.cancel', { id }) end
  end
end

--- Takes back the last edit that was made of an answer in this file's folder.
function M.undo()
  local asked = client.of(0)
  if asked then
    client.execute(asked, 'assist.undo', { { uri = vim.uri_from_bufnr(0) } }, function(result)
      if #result.files > 0 then
        vim.notify('assist: took back the edit of ' .. table.concat(result.files, ', '))
      end
    end)
  end
end

--- Says what the server says of itself.
function M.status()
  local asked = client.of(0)
  if not asked then
    vim.notify('assist: ' .. (client.trouble or 'not attached to this file'), vim.log.levels.WARN)
    return
  end
  client.execute(asked, 'assist.status', nil, function(result)
    local line = ('%s, model %s, answers by %s'):format(result.state, result.model, result.tier)
    vim.notify(vim.trim(('assist: %s. %s'):format(line, result.message or '')))
  end)
end

return M
