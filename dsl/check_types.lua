--- check_types - the `case` class of a robot as a LuaCATS file, so that an editor knows its fields.
local M = {}

local catalogue = { text = "string", number = "number", money = "money", date = "date", flag = "boolean", file = "file" }

local function annotation(of)
  if type(of) == "string" then return catalogue[of] or "any" end
  if type(of) ~= "table" then return "any" end
  local inner = of.of or of.item or of[1]
  if of.type == "list" then return annotation(inner) .. "[]" end
  if of.type == "optional" then return annotation(inner) .. "?" end
  return (catalogue[of.type] or "any") .. (of.optional and "?" or "")
end

local function rules(of)
  if type(of) ~= "table" then return "" end
  local told = {}
  for key, value in pairs(of) do
    if key ~= "type" and key ~= "optional" and key ~= "of" and key ~= "item" and type(key) == "string" and type(value) ~= "table" then
      told[#told + 1] = key .. " " .. tostring(value)
    end
  end
  table.sort(told)
  return #told > 0 and "  " .. table.concat(told, ", ") or ""
end

--- Text of the file. `declaration` is what the loader gives of robot { … }: case = {name = {type = "money", …}}.
---@param declaration table
---@param robot_name string
---@return string
function M.of(declaration, robot_name)
  local out = {
    "---@meta",
    ("-- The case of the robot %s, made by `deskhand check --types` from its robot { … }."):format(robot_name),
    "",
    "---@class case",
    "---@field key string  names the case in its queue",
    "---@field period string  the day, month or year of cases.once_a",
    "---@field file file  the file the case came from",
  }
  local names = {}
  for name in pairs(declaration.case or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local of = declaration.case[name]
    out[#out + 1] = ("---@field %s %s%s"):format(name:match "^[%a_][%w_]*$" and name or ('["%s"]'):format(name), annotation(of), rules(of))
  end
  out[#out + 1] = ""
  out[#out + 1] = "---" .. (declaration.about or robot_name):gsub("%s+", " ")
  out[#out + 1] = "---@param case case"
  out[#out + 1] = "---@return table? result"
  out[#out + 1] = "function run(case) end"
  return table.concat(out, "\n") .. "\n"
end

return M
