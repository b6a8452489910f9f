--- The server: where it starts, how it is spoken to, and how it comes back after a crash.
--- It knows the protocol's frame; what ghost text and answers are, others know.
local M = { said = {}, trouble = nil, pause = 1000 } -- ms before the first restart

local NEW = vim.fn.has('nvim-0.11') == 1
local TRIES = 5 -- restarts in a row; the last waits 16 s
local MARKERS = { '.git', '.assist.toml' }

local tries = 0

--- The client of a buffer, or nil.
function M.of(buf)
  buf = buf == 0 and vim.api.nvim_get_current_buf() or buf
  if vim.b[buf].assist == false then return nil end
  return vim.lsp.get_clients({ bufnr = buf, name = 'assist' })[1]
end

--- Neovim 0.10 knows these as functions of the client, later ones as methods.
function M.request(client, method, params, handler, buf)
  if NEW then return client:request(method, params, handler, buf) end
  return client.request(method, params, handler, buf)
end

function M.notify(client, method, params)
  if NEW then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end

function M.cancel(client, id)
  if NEW then
    client:cancel_request(id)
  else
    client.cancel_request(id)
  end
end

--- Without members that are null, which Neovim 0.12 keeps.
function M.clean(message)
  for name, value in pairs(message) do
    if value == vim.NIL then message[name] = nil end
  end
  return message
end

--- Runs a command of the server's; `done` gets its result.
function M.execute(client, command, arguments, done)
  local params = { command = command, arguments = arguments }
  M.request(client, 'workspace/executeCommand', params, function(err, result)
    if err then
      vim.notify('assist: ' .. err.message, vim.log.levels.ERROR)
    elseif done then
      done(result)
    end
  end, vim.api.nvim_get_current_buf())
end

--- The byte column of a protocol column in a line.
function M.byte(line, units, encoding)
  if encoding == 'utf-8' then
    return math.min(units, #line)
  elseif NEW then
    return vim.str_byteindex(line, encoding, units, false)
  end
  local fits, byte = pcall(vim.str_byteindex, line, units, encoding == 'utf-16')
  return fits and byte or #line
end

--- Document and position of the cursor. Neovim 0.10's own function is wrong near the end of a line with
--- characters of several bytes: it compares a column in bytes with a length in units.
function M.place(client)
  local row, col = unpack(vim.api.nvim_win_get_cursor(0))
  local line, encoding = vim.api.nvim_get_current_line(), client.offset_encoding
  local units = col
  if encoding ~= 'utf-8' and NEW then
    units = vim.str_utfindex(line, encoding, col, false)
  elseif encoding ~= 'utf-8' then
    units = select(encoding == 'utf-16' and 2 or 1, vim.str_utfindex(line, col))
  end
  local document = { uri = vim.uri_from_bufnr(0) }
  return { textDocument = document, position = { line = row - 1, character = units } }
end

local function root(buf, found)
  local name = vim.api.nvim_buf_get_name(buf)
  if name ~= '' and not name:match('^%a[%w+.-]+://') and vim.bo[buf].buftype == '' then
    found(vim.fs.root(buf, MARKERS) or vim.fs.dirname(name))
  end
end

local function on_status(_, said)
  M.said = M.clean(said)
  if said.state == 'ready' then
    tries, M.trouble = 0, nil
  end
  vim.cmd.redrawstatus()
  vim.api.nvim_exec_autocmds('User', { pattern = 'AssistStatus', modeline = false })
end

--- Starts a client that crashed again, for the buffers it had: after 1, 2, 4, 8 and 16 s, then no more.
local function on_exit(code, signal, id)
  local client = vim.lsp.get_client_by_id(id)
  local stopped = (code == 0 and signal == 0) or signal == 15 or signal == 2
  if stopped or not client then return end
  local buffers = vim.tbl_keys(client.attached_buffers)
  vim.schedule(function()
    if vim.v.exiting ~= vim.NIL then return end
    M.said, tries = {}, tries + 1
    if tries > TRIES then
      tries, M.trouble = 0, 'given up'
      local what =
        'assist: the server ended %d times in a row. See :checkhealth assist, then :edit to try again.'
      vim.notify(what:format(TRIES + 1), vim.log.levels.ERROR)
      return
    end
    M.trouble = 'restarting'
    vim.defer_fn(function()
      for _, buf in ipairs(vim.tbl_filter(vim.api.nvim_buf_is_loaded, buffers)) do
        vim.lsp.start(client.config, { bufnr = buf })
      end
    end, M.pause * 2 ^ (tries - 1))
  end)
end

--- The configuration as |vim.lsp.config| takes it.
function M.config()
  local options = require('assist').options
  local able = vim.lsp.protocol.make_client_capabilities()
  able.textDocument.inlineCompletion = options.ghost and { dynamicRegistration = false } or nil
  able.workspace.workspaceEdit.documentChanges = true
  able.workspace.workspaceEdit.changeAnnotationSupport = { groupsOnLabel = false }
  able.experimental = { assistConfirm = true, assistAnswer = true }
  local consent = require('assist.consent')
  return {
    name = 'assist',
    cmd = options.cmd,
    init_options = options.settings,
    capabilities = able,
    root_dir = root,
    on_exit = on_exit,
    handlers = {
      ['assist/status'] = on_status,
      ['assist/answer'] = require('assist.answer').on_answer,
      ['assist/confirm'] = consent.on_confirm,
      ['workspace/applyEdit'] = consent.on_edit,
    },
  }
end

--- Whether the server can be started; if not, says so and what to do.
local function installed(config)
  if type(config.cmd) == 'function' or vim.fn.executable(config.cmd[1]) == 1 then return true end
  M.trouble = 'not installed'
  local what = 'assist: there is no command "%s". Install assist, or name it by setup{ cmd = { ... } }.'
  vim.notify(what:format(config.cmd[1]), vim.log.levels.WARN)
  return false
end

--- Starts the server for all files, open ones included.
function M.start()
  if NEW then
    vim.lsp.config('assist', M.config())
    if installed(vim.lsp.config.assist) then vim.lsp.enable('assist') end
    return
  end
  local config = M.config()
  if not installed(config) then return end
  local function attach(buf)
    root(
      buf,
      function(dir) vim.lsp.start(vim.tbl_extend('force', config, { root_dir = dir }), { bufnr = buf }) end
    )
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('assist.start', {}),
    callback = function(event) attach(event.buf) end,
  })
  for _, buf in ipairs(vim.tbl_filter(vim.api.nvim_buf_is_loaded, vim.api.nvim_list_bufs())) do
    if vim.bo[buf].filetype ~= '' then attach(buf) end
  end
end

return M
