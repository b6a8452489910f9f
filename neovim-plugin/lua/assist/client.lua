--- The server: where it starts, how to call it, and how it restarts after a crash.
--- It knows how messages are sent; ghost text and answers are in their own modules.
local M = { said = {}, trouble = nil, pause = 1000 } -- ms before the first restart

local api, lsp = vim.api, vim.lsp
local NEW = vim.fn.has('nvim-0.11') == 1
local TRIES = 5 -- restarts in a row; the last waits 16 s
local MARKERS = { '.git', '.assist.toml' }

local tries = 0

--- The client of a buffer, or nil.
function M.of(buf)
  if not api.nvim_buf_is_valid(buf) then return nil end
  return vim.b[buf].assist ~= false and lsp.get_clients({ bufnr = buf, name = 'assist' })[1] or nil
end

--- In Neovim 0.10 these are functions of the client, in later versions methods.
local function method(name)
  return function(client, ...)
    if NEW then return client[name](client, ...) end
    return client[name](...)
  end
end

M.request, M.notify, M.cancel = method('request'), method('notify'), method('cancel_request')

--- The message without members that are null, which Neovim 0.12 keeps.
function M.clean(message)
  return vim.tbl_map(function(value) return value ~= vim.NIL and value or nil end, message)
end

function M.warn(text) vim.notify('assist: ' .. text, vim.log.levels.WARN) end

--- Runs a command of the server; `done` gets its result. Without a client, it shows what to do.
function M.execute(client, command, arguments, done)
  if not client then return M.warn((M.trouble or 'no server for this file') .. ', see :checkhealth assist') end
  local params = { command = command, arguments = arguments }
  M.request(client, 'workspace/executeCommand', params, function(err, result)
    if err then return vim.notify('assist: ' .. err.message, vim.log.levels.ERROR) end
    if done then done(type(result) == 'table' and M.clean(result) or nil) end
  end)
end

--- Columns in the protocol are UTF-16 units, the only encoding that we offer. `byte` converts a column to
--- bytes, `units` converts bytes to a column.
function M.byte(line, units)
  local fits, byte = pcall(vim.str_byteindex, line, units, true)
  return fits and byte or #line
end

function M.units(line, bytes) return select(2, vim.str_utfindex(line, bytes)) end

--- Document and position of the cursor. Neovim 0.10's own function is wrong near the end of a line with
--- multi-byte characters: it compares a column in bytes with a length in units.
function M.place()
  local row, col = unpack(api.nvim_win_get_cursor(0))
  local position = { line = row - 1, character = M.units(api.nvim_get_current_line(), col) }
  return { textDocument = { uri = vim.uri_from_bufnr(0) }, position = position }
end

--- The problems that Neovim shows in a buffer, errors first.
function M.problems(buf)
  local found = vim.diagnostic.get(buf)
  table.sort(found, function(one, other) return one.severity < other.severity end)
  local function place(row, col)
    local line = api.nvim_buf_get_lines(buf, row, row + 1, false)[1] or ''
    return { line = row, character = M.units(line, math.min(col, #line)) }
  end
  return vim.tbl_map(function(each)
    local range = { start = place(each.lnum, each.col), ['end'] = place(each.end_lnum, each.end_col) }
    return { range = range, message = each.message, source = each.source or '' }
  end, found)
end

local function root(buf, found)
  local name, options = api.nvim_buf_get_name(buf), vim.bo[buf]
  local file = name ~= '' and not name:match('^%a[%w+.-]+://') and options.buftype == '' and options.filetype ~= ''
  if file and vim.b[buf].assist ~= false then found(vim.fs.root(buf, MARKERS) or vim.fs.dirname(name)) end
end

local function on_status(_, said)
  M.said, M.trouble = M.clean(said), nil
  tries = said.state == 'ready' and 0 or tries
  vim.cmd.redrawstatus()
  api.nvim_exec_autocmds('User', { pattern = 'AssistStatus', modeline = false })
end

--- Restarts a crashed server for the open files: after 1, 2, 4, 8 and 16 s, then never again.
local function on_exit(code, signal)
  if code + signal == 0 or signal == 15 or signal == 2 then return end
  vim.schedule(function()
    if vim.v.exiting ~= vim.NIL then return end
    M.said, tries = {}, tries + 1
    if tries <= TRIES then
      M.trouble = 'restarting'
      return vim.defer_fn(M.start, M.pause * 2 ^ (tries - 1))
    end
    tries, M.trouble = 0, 'given up'
    local what = 'assist: the server ended %d times in a row. See :checkhealth assist, then :edit to try again.'
    vim.notify(what:format(TRIES + 1), vim.log.levels.ERROR)
  end)
end

--- The configuration as |vim.lsp.config| takes it, from lsp/assist.lua.
function M.config()
  local options, consent = require('assist').options, require('assist.consent')
  local able = lsp.protocol.make_client_capabilities()
  able.general.positionEncodings = { 'utf-16' }
  able.textDocument.inlineCompletion = options.ghost and { dynamicRegistration = false } or vim.NIL
  able.workspace.workspaceEdit.documentChanges = true
  able.experimental =
    { assistConfirm = true, assistRun = true, assistReview = true, assistAnswer = true, assistRename = true }
  able.experimental.assistEditorKnowledge = true
  local off = not options.next_edit and { completion = { next_edit = 'off' } } or {}
  return {
    name = 'assist',
    cmd = options.cmd,
    init_options = vim.tbl_deep_extend('force', options.settings, off),
    capabilities = able,
    root_dir = root,
    on_exit = on_exit,
    handlers = {
      ['assist/status'] = on_status,
      ['assist/answer'] = require('assist.answer').on_answer,
      ['assist/nextEditReady'] = options.next_edit and require('assist.next_edit').on_ready or nil,
      ['assist/confirm'] = consent.on_confirm,
      ['assist/run'] = consent.on_run,
      ['assist/editorKnowledge'] = function(...) return require('assist.editor_knowledge').on_ask(...) end,
      ['assist/review'] = consent.on_review,
      ['assist/rename'] = require('assist.renames').on_rename,
      ['workspace/applyEdit'] = consent.on_edit,
    },
  }
end

--- Starts the server for all files, including open ones. If it is not installed, it shows what to do.
function M.start()
  local config = NEW and lsp.config.assist or M.config()
  if type(config.cmd) == 'table' and vim.fn.executable(config.cmd[1]) == 0 then
    M.trouble = 'not installed'
    return M.warn(
      ('there is no command "%s". Install assist, or name it in setup{ cmd = { ... } }.'):format(config.cmd[1])
    )
  end
  if NEW then return lsp.enable('assist') end
  local function attach(event)
    local function start(dir) lsp.start(vim.tbl_extend('force', config, { root_dir = dir }), { bufnr = event.buf }) end
    root(event.buf, start)
  end
  api.nvim_create_autocmd('FileType', { group = api.nvim_create_augroup('assist.start', {}), callback = attach })
  vim.cmd.doautoall('assist.start FileType')
end

return M
