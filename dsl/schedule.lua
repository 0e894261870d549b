--- schedule - what a robot says of its times, as a list of rules that the supervisor understands. Read when a robot is
--- declared; a run does not need it.
local core = ...
local errors = require "errors"
local schedule = {}

---The names that may stand beside the texts of a schedule.
schedule.keys = { "zone", "calendar", "on_holiday", "on_weekend", "missing_hour", "repeated_hour", "missed", "overlap", "case" }

local known = {}
for _, key in ipairs(schedule.keys) do known[key] = true end

local function use(text, seen, advice)
  errors.raise { code = "EUSE", text = text, seen = seen or "", advice = advice or "" }
end

local function check_keys(t)
  for key, value in pairs(t) do
    if type(key) ~= "number" and not known[key] then
      local close = core._closest(tostring(key), schedule.keys)
      use("schedule has no '" .. tostring(key) .. "'", table.concat(schedule.keys, ", "), close and "did you mean '" .. close .. "'?")
    end
    if key == "case" and type(value) ~= "table" then use("a schedule's case is a table", type(value), "write case = { branch = \"north\" }") end
    if known[key] and key ~= "case" and key ~= "calendar" and type(value) ~= "string" then
      use("a schedule's " .. key .. " is a text", type(value))
    end
  end
end

---Names of calendars, each of which is there and can be read.
local function calendars(names)
  if type(names) == "string" then names = { names } end
  if type(names) ~= "table" then use("a schedule's calendar is a name or a list of names", type(names), "write calendar = \"china\"") end
  for _, name in ipairs(names) do
    local path = "calendars/" .. tostring(name) .. ".ics"
    local text = core._source(path)
    if not text then
      use("there is no calendar '" .. tostring(name) .. "'", "", "put it into " .. path .. ", in the robot's folder or beside the robots' folder")
    end
    local wrong, seen, advice, where = core._calendar(text, path)
    if wrong then errors.raise { code = "EFORMAT", text = wrong, seen = seen, advice = advice, where = where } end
  end
  return core._list(names)
end

local function rule_of(item, common, zone)
  local rule = { zone = zone }
  for key, value in pairs(common) do
    if type(key) ~= "number" then rule[key] = value end
  end
  if type(item) == "table" then
    check_keys(item)
    for key, value in pairs(item) do
      if type(key) ~= "number" then rule[key] = value end
    end
    if #item ~= 1 then
      use("a list inside of schedule begins with one text", #item .. " texts", "write { \"workdays at 08:30\", missed = \"all\" }")
    end
    item = item[1]
  end
  if type(item) ~= "string" then use("a schedule is a text", type(item), "write schedule = \"workdays at 08:30\"") end
  local names, case = rule.calendar, rule.case
  rule.text, rule.calendar, rule.case = item, nil, nil
  local wrong, seen, advice = core._schedule(rule)
  if wrong then use(wrong, seen, advice) end
  if names ~= nil then rule.calendar = calendars(names) end
  rule.case = case
  return rule
end

---The rules of a declaration: a text; or texts and lists that begin with one, with names for all of them.
---@param declared string|table  the robot's `schedule`
---@param zone? string  the robot's
---@param from? boolean  its cases come from a file or a folder
---@return table[]
function schedule.read(declared, zone, from)
  if type(declared) == "string" then declared = { declared } end
  check_keys(declared)
  local rules, seen = {}, {}
  for _, item in ipairs(declared) do
    local rule = rule_of(item, declared, zone)
    local id = rule.text .. ", " .. (rule.zone or "")
    if seen[id] then use("the schedule \"" .. rule.text .. "\" stands twice") end
    seen[id] = true
    if from and rule.text:match "^%s*when%s" then
      use("a robot with cases.from cannot wait for another queue", rule.text, "write a time, or let queue add bring its cases")
    end
    rules[#rules + 1] = rule
  end
  if #rules == 0 then use("schedule has no text", "", "write schedule = \"workdays at 08:30\"") end
  return core._list(rules)
end

return schedule
