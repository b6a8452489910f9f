--- Commands about the server's state, its models and its last edit.
local client = require('assist.client')

local M = {}

--- The server of this file, or of the question in whose answer the cursor is.
local function server() return client.of(vim.b.assist_from or 0) end

--- Undoes the last edit that an answer made in this file's folder.
function M.undo()
  client.execute(client.of(0), 'assist.undo', { { uri = vim.uri_from_bufnr(0) } }, function(result)
    if #result.files > 0 then vim.notify('assist: undid the edit of ' .. table.concat(result.files, ', ')) end
  end)
end

--- Shows the server's status, and which models suggest and answer.
function M.status()
  local asked = server()
  client.execute(asked, 'assist.status', nil, function(said)
    client.execute(asked, 'assist.models', nil, function(models)
      local at_home = said.tier == 'local' or said.tier == 'team'
      local answers = at_home and models.answers or said.tier
      local state = said.quiet ~= '' and said.quiet or said.state
      local words = { state, said.model, answers, vim.trim((said.message or '') .. ' ' .. (said.power or '')) }
      vim.notify(vim.trim(('assist: %s, model %s, answers by %s. %s'):format(unpack(words))))
    end)
  end)
end

--- Lets nothing come unasked for so many minutes, or until tomorrow; 0 ends it.
function M.snooze(args)
  local given = args.args == '' and '15' or args.args
  local params = given == 'tomorrow' and { ['until'] = given } or { minutes = tonumber(given) or given }
  local servers = vim.lsp.get_clients({ name = 'assist' })
  if #servers == 0 then return client.execute(nil) end
  require('assist.ghost').dismiss()
  for index, asked in ipairs(servers) do
    client.request(asked, 'assist/snooze', params, function(err, result)
      if index > 1 then return end
      if err then return client.warn(err.message) end
      vim.notify('assist: ' .. (result.words ~= '' and result.words or 'suggestions are on again'))
    end)
  end
end

--- Lets the user choose the model for answers, for ghost text, or for both.
function M.model(args)
  local asked, role = server(), args.args == '' and 'answers' or args.args
  client.execute(asked, 'assist.models', nil, function(models)
    local function fits(row) return (role == 'ghost-text' or row.answers) and (role == 'answers' or row.completes) end
    local function words(row) return ('%s  %s'):format(row.name, row.note) end
    local rows = vim.tbl_filter(fits, models.installed)
    local now = ('answers by %s, ghost text by %s'):format(models.answers, models.ghost_text)
    local shown = { prompt = ('Model for %s (now %s)'):format(role, now), format_item = words }
    vim.ui.select(rows, shown, function(row)
      if not row then return end
      client.execute(asked, 'assist.useModel', { { name = row.name, ['for'] = role } }, function(result)
        if result.error then return vim.notify('assist: ' .. result.error, vim.log.levels.ERROR) end
        vim.notify(('assist: answers by %s, ghost text by %s'):format(result.answers, result.ghost_text))
      end)
    end)
  end)
end

--- Shows why the last request at the cursor showed nothing, or where its text came from.
function M.why()
  local asked = { uri = vim.uri_from_bufnr(0), position = client.place().position }
  client.execute(client.of(0), 'assist.why', { asked }, function(said) vim.notify('assist: ' .. said.words) end)
end

return M
