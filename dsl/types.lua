--- types - what fields of a case are declared with. money and date are also values: money "10.00 EUR", date "2026-11-30".
-- words: text number money date flag file list optional
local core, lang = ...
local types = {}

-- A type is a table { type = … }. Those with a name can be called: with rules, or with a text that is a value.
local type_mt = { __name = "dh.type" }
local named = {} -- by type: { rules = …, parse = …, example = … }

local named_mt = { __name = "dh.type", __call = function(t, arg)
  local of, value, why = named[t], nil, nil
  if type(arg) == "table" then
    for rule in pairs(arg) do
      if not of.rules[rule] then lang.dsl("types_refused").rule(t.type, of.rules, rule) end
    end
    arg.type = t.type
    return setmetatable(arg, type_mt)
  end
  if of.parse and type(arg) == "string" then value, why = of.parse(arg) end
  if not value then lang.dsl("types_refused").value(t.type, of, arg, why) end
  return value
end }

local function name(word, rules, parse, example)
  local t = setmetatable({ type = word }, named_mt)
  named[t] = { rules = rules, parse = parse, example = example }
  types[word] = t
end

name("text", {})
name("number", {})
name("flag", {})
name("file", {})
name("money", { currency = true, above = true }, core._money, "1,250.00 EUR")
name("date", {}, core._date, "2026-11-30")

local function checked(t, what)
  local mt = getmetatable(t)
  if type(t) ~= "table" or type(mt) ~= "table" or mt.__name ~= "dh.type" then lang.dsl("types_refused").type(t, what) end
  return t
end

---@param t table  a type
function types.list(t) return setmetatable({ type = "list", of = checked(t, "list's argument") }, type_mt) end

---@param t table  a type
function types.optional(t)
  local copy = { optional = true }
  for k, v in pairs(checked(t, "optional's argument")) do copy[k] = v end
  return setmetatable(copy, type_mt)
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
