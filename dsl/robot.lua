--- robot - the declaration, and the types it is written in.
-- words: robot text number money date flag file list optional secret
local core, lang = ...
local errors = require "errors"
local robot = {}

-- ---- types. A type is a table {type = …}; money and date are also values: money "10.00 EUR", date "2026-11-30".

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

robot.text = ruled("text", {})
robot.number = ruled("number", {})
robot.flag = ruled("flag", {})
robot.file = ruled("file", {})
robot.money = value_or_rules("money", core._money, { currency = true, above = true }, "1,250.00 EUR")
robot.date = value_or_rules("date", core._date, {}, "2026-11-30")

local function checked(t, what)
  local mt = getmetatable(t)
  if type(t) ~= "table" or not (is_type(t) or (type(mt) == "table" and mt.__name == "dh.type")) then
    errors.raise { code = "EUSE", text = what .. " is no type", seen = tostring(t),
      advice = "types are text, number, money, date, flag, file, list(T), optional(T)" }
  end
  return t
end

---@param t table  a type
function robot.list(t) return new_type { type = "list", of = checked(t, "list's argument") } end

---@param t table  a type
function robot.optional(t)
  local copy = {}
  for k, v in pairs(checked(t, "optional's argument")) do copy[k] = v end
  copy.optional = true
  return new_type(copy)
end

---A secret by its name. Prints as ***, goes nowhere but into the field or header it is meant for.
---@param name string
function robot.secret(name)
  if type(name) ~= "string" or not name:match("^[%w_%.%-]+$") then
    errors.raise { code = "EUSE", text = "secret takes a name such as secret \"core.clerk.user\"", seen = tostring(name) }
  end
  local s = core._secret(name)
  if not lang.loading then lang.fetch_secrets() end
  return s
end

-- ---- the declaration

local function plain_type(t)
  local p = {}
  for k, v in pairs(t) do p[k] = k == "of" and plain_type(v) or v end
  return p
end

local known = { about = "string", cases = "table", case = "table", limit = "table", retry = "table", hosts = "table",
  isolation = "string", zone = "string" }

local function use(text, seen, advice) errors.raise { code = "EUSE", text = text, seen = seen or "", advice = advice or "" } end

local function duration(value, what)
  local ms = type(value) == "string" and core._duration(value)
  if not ms then use(what .. " is no duration", tostring(value), "write \"90s\", \"10m\", \"3h\" or \"2d\"") end
  return ms
end

local function bytes(value)
  local n, unit = tostring(value):match("^(%d+)%s*([KMG]?)B$")
  if not n then use("limit.memory is no size", tostring(value), "write \"64MB\"") end
  return tonumber(n) * ({ [""] = 1, K = 1 << 10, M = 1 << 20, G = 1 << 30 })[unit]
end

local function read_limits(d)
  local rules = {}
  if d.limit then
    if d.limit.time then rules.time_ms = duration(d.limit.time, "limit.time") end
    if d.limit.slice then rules.slice_ms = duration(d.limit.slice, "limit.slice") end
    if d.limit.memory then rules.memory = bytes(d.limit.memory) end
  end
  if d.retry then
    rules.times = d.retry.times
    if d.retry.wait then rules.wait_ms = duration(d.retry.wait, "retry.wait") end
  end
  core._rules(rules)
end

local function check_cases(c)
  local fields = { from = true, key = true, once_a = true, watch = true, to = true }
  for k in pairs(c) do
    if not fields[k] then
      local names = { "from", "key", "once_a", "watch", "to" }
      local close = core._closest(tostring(k), names)
      use("cases has no '" .. tostring(k) .. "'", table.concat(names, ", "), close and "did you mean '" .. close .. "'?")
    end
  end
  if c.once_a and c.once_a ~= "day" and c.once_a ~= "month" and c.once_a ~= "year" then
    use("cases.once_a is \"day\", \"month\" or \"year\"", tostring(c.once_a))
  end
end

---robot { about, cases?, case?, limit?, retry?, hosts? }: says what this robot is. Once, at the top of robot.lua.
function robot.robot(d)
  if type(d) ~= "table" then use("robot takes a declaration", type(d), "write robot { about = \"…\" }") end
  if robot.declaration then use("robot { } stands twice in this robot") end
  for k, v in pairs(d) do
    if known[k] ~= type(v) then
      local names = {}
      for n in pairs(known) do names[#names + 1] = n end
      local close = not known[k] and core._closest(tostring(k), names)
      use(known[k] and ("robot's '" .. k .. "' is a " .. known[k] .. ", not a " .. type(v)) or
        ("robot { } has no '" .. tostring(k) .. "'"), table.concat(names, ", "), close and ("did you mean '" .. close .. "'?"))
    end
  end
  local out = {}
  for k, v in pairs(d) do out[k] = v end
  if d.case then
    out.case = {}
    for name, t in pairs(d.case) do out.case[name] = plain_type(checked(t, "the case's field '" .. tostring(name) .. "'")) end
  end
  if d.cases then check_cases(d.cases) end
  lang.zone = d.zone
  lang.hosts = d.hosts
  read_limits(d)
  robot.declaration = out
end

return robot
