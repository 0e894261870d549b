--- types - what fields of a case are declared with. money and date are also values: money "10.00 EUR", date "2026-11-30".
-- words: text number money date flag file list optional
local core = ...
local errors = require "errors"
local types = {}

-- A type is a table { type = … }.

local type_mt = { __name = "dh.type" }

local function new_type(t) return setmetatable(t, type_mt) end

local function is_type(t) return getmetatable(t) == type_mt end

local function rules_of(name, known, rules)
  for k in pairs(rules) do
    if not known[k] then
      local names = {}
      for n in pairs(known) do names[#names + 1] = n end
      errors.raise { code = "EUSE", text = name .. " has no rule '" .. tostring(k) .. "'", seen = table.concat(names, ", ") }
    end
  end
  rules.type = name
  return new_type(rules)
end

local function value_or_rules(name, parse, known, example)
  return setmetatable({ type = name }, { __name = "dh.type", __call = function(_, arg)
    if type(arg) == "table" then return rules_of(name, known, arg) end
    local v, why
    if type(arg) == "string" then v, why = parse(arg) else why = "it is a " .. type(arg) end
    if not v then
      errors.raise { code = "EUSE", text = tostring(arg) .. " is no " .. name .. ": " .. why, advice = "write " .. name .. " \"" .. example .. "\"" }
    end
    return v
  end })
end

local function ruled(name, known)
  return setmetatable({ type = name }, { __name = "dh.type", __call = function(_, arg)
    if type(arg) ~= "table" then errors.raise { code = "EUSE", text = name .. " is a type", seen = tostring(arg) } end
    return rules_of(name, known, arg)
  end })
end

types.text = ruled("text", {})
types.number = ruled("number", {})
types.flag = ruled("flag", {})
types.file = ruled("file", {})
types.money = value_or_rules("money", core._money, { currency = true, above = true }, "1,250.00 EUR")
types.date = value_or_rules("date", core._date, {}, "2026-11-30")

local function checked(t, what)
  local mt = getmetatable(t)
  if type(t) ~= "table" or not (is_type(t) or (type(mt) == "table" and mt.__name == "dh.type")) then
    errors.raise { code = "EUSE", text = what .. " is no type", seen = tostring(t),
      advice = "types are text, number, money, date, flag, file, list(T), optional(T)" }
  end
  return t
end

---@param t table  a type
function types.list(t) return new_type { type = "list", of = checked(t, "list's argument") } end

---@param t table  a type
function types.optional(t)
  local copy = {}
  for k, v in pairs(checked(t, "optional's argument")) do copy[k] = v end
  copy.optional = true
  return new_type(copy)
end

---A field's type as plain data.
---@param t table
---@param what string  for the error
function types.plain(t, what)
  local p = {}
  for k, v in pairs(checked(t, what)) do p[k] = k == "of" and types.plain(v, what) or v end
  return p
end

return types
