--- Keys that are mapped only while something of ours is on the screen; at all other times they have their earlier
--- meaning. Ghost text and next edit may share a key. It knows neither of them.
local M = {}

local api = vim.api
local ORDER = { 'ghost', 'next_edit' } -- who is asked first

local maps = {} -- by buffer, mode and key: {buf, mode, lhs, before, earlier, runs}

--- Whether the keys belong to a completion menu, or to a macro, which could not be replayed with them.
function M.busy()
  local cmp, blink = package.loaded.cmp, package.loaded['blink.cmp']
  if vim.fn.reg_recording() .. vim.fn.reg_executing() ~= '' then return true end
  return vim.fn.pumvisible() == 1 or (cmp and cmp.visible()) or (blink and blink.is_visible()) or false
end

--- The keys that call a function of a module.
function M.call(module, name) return ('<Cmd>lua require("assist.%s").%s()<CR>'):format(module, name) end

--- The keys of the first owner with a use for them, else the earlier mapping, else the key itself.
local function press(map)
  for _, owner in ipairs(M.busy() and {} or ORDER) do
    local keys = map.runs[owner] and map.runs[owner]()
    if keys then return keys end
  end
  api.nvim_feedkeys(map.earlier or vim.keycode(map.lhs), map.earlier and 'mi' or 'ni', false)
  return ''
end

--- Copies the earlier mapping of a key to a name under which it can be pressed.
local function keep(map)
  map.before = vim.fn.maparg(map.lhs, map.mode, false, true)
  if not map.before.lhs then return end
  local name = ('<Plug>(assist-before-%s)'):format(map.lhs:gsub('[<>]', ''))
  map.earlier = vim.keycode(name)
  local copy = vim.tbl_extend('force', map.before, { lhs = name, lhsraw = map.earlier })
  copy.lhsrawalt = nil
  vim.fn.mapset(map.mode, false, copy)
end

--- Maps a key in a buffer. `run` returns the keys to press, or nil to leave the key to others.
function M.map(owner, buf, mode, lhs, run)
  local name = ('%d %s %s'):format(buf, mode, lhs)
  local known = maps[name]
  local map = known or { buf = buf, mode = mode, lhs = lhs, runs = {} }
  maps[name], map.runs[owner] = map, run
  if known then return end
  api.nvim_buf_call(buf, function() keep(map) end)
  local options = { buffer = buf, expr = true, nowait = true, desc = 'assist' }
  vim.keymap.set(mode, lhs, function() return press(map) end, options)
end

--- Gives back all keys of an owner.
function M.unmap(owner)
  for name, map in pairs(maps) do
    map.runs[owner] = nil
    if next(map.runs) == nil then
      maps[name] = nil
      local function restore() vim.fn.mapset(map.mode, false, map.before) end
      local there = pcall(vim.keymap.del, map.mode, map.lhs, { buffer = map.buf })
      if there and map.before.buffer == 1 then api.nvim_buf_call(map.buf, restore) end
    end
  end
end

return M
