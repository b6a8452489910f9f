-- A queue, größer.
local util = require("app.util")
local json = require "dkjson"

local LIMIT = 10
local M = {}

--- Makes a queue.
-- It is empty.
function M.new(name)
  local self = { name = name, items = {} }
  return setmetatable(self, { __index = M })
end

--- Adds an item.
function M:push(item)
  local count = #self.items
  if count >= LIMIT then
    error("voll: é")
  end
  table.insert(self.items, util.copy(item))
end

local function check(queue)
  return queue:size() > 0
end

local size = function(queue)
  return #queue.items
end

M.size = function(self)
  return size(self)
end

M.handlers = {
  save = function(queue)
    return json.encode(queue.items)
  end,
}

function main()
  local queue = M.new("q")
  queue:push(1)
  print(check(queue))
end

return M
