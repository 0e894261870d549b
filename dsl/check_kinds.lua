--- check_kinds - the fields of document kinds: from the files kinds/NAME.lua of a robot and from those that ship.
local robot = require "check_robot"

local M = {}

--- Is this the file of a document kind?
function M.is_kind(path)
  return path:match "^kinds/" ~= nil or path:match "/kinds/" ~= nil
end

-- The first table that a file returns or hands to a word that it returns.
local function returned(tree)
  for _, node in ipairs(tree.body) do
    local value = node.tag == "Return" and node.values[1]
    if value and value.tag == "Call" then value = value.args[#value.args] end
    if value and value.tag == "Table" then return value end
  end
end

-- Name and type name of a field: name = {…}, name = "money", { "name", … }, { name = "name", type = "money" }, "name".
local function field(item)
  local value = item.value
  local name = item.key and item.key.tag == "String" and item.key.value
  local of
  if value.tag == "String" then
    if name then of = value.value else name = value.value end
  elseif value.tag == "Name" then
    of = value.name
  elseif value.tag == "Call" and value.func.tag == "Name" then
    of = value.func.name
    value = value.args[1] or value
  end
  if value.tag == "Table" then
    of = of or "text"
    local named, kind = robot.get(value, "name"), robot.get(value, "type")
    local first = value.items[1]
    name = name or named and named.value.value or first and not first.key and first.value.value
    of = kind and (kind.value.value or kind.value.name) or of
  end
  return type(name) == "string" and name or nil, of
end

local function from_tree(tree, simple)
  local node = returned(tree)
  local fields = node and robot.get(node, "fields")
  local list = fields and fields.value or nil
  if not list or list.tag ~= "Table" then return nil end
  local known = {}
  for _, item in ipairs(list.items) do
    local name, of = field(item)
    if not name then return nil end
    known[name] = simple[of] or true
  end
  return known
end

--- Kinds -> fields -> type (true when unknown); a kind that cannot be read is left out, which keeps its records open.
---@param trees table<string, table>
---@param shipped? table<string, table> kind -> list of names, or name -> type name
---@param simple table<string, table> types by name
function M.read(trees, shipped, simple)
  local kinds = {}
  for kind, fields in pairs(shipped or {}) do
    local known = {}
    for key, value in pairs(fields) do
      if type(key) == "number" then
        known[value] = true
      else
        known[key] = simple[value] or true
      end
    end
    kinds[kind] = known
  end
  for path, tree in pairs(trees) do
    local kind = M.is_kind(path) and path:match "([^/]+)%.lua$"
    if kind then kinds[kind] = from_tree(tree, simple) end
  end
  return kinds
end

return M
