--- check_schedule - rules on a robot's `schedule`: texts that are understood, names that exist, calendars that are
--- there, cases that have what the robot wants. What a text means is asked of the binary; in plain Lua it is left out.
local core = ...
local lists = require "check_lists"
local words = require "check_words"
local show = lists.show

local M = {}

local able = type(core) == "table" and core._schedule and core or nil

local function get(node, key)
  for _, item in ipairs(node.items) do
    if item.key and item.key.tag == "String" and item.key.value == key then return item end
  end
end

-- Texts stand beside the names here.
local function known_keys(w, node)
  local named = { tag = "Table", items = {} }
  for _, item in ipairs(node.items) do
    if item.key then table.insert(named.items, item) end
  end
  lists.known_keys(w, named, words.schedule_keys, "schedule", "schedule")
end

-- What is written as a text beside the rule's text, its own before the common ones.
local function options(node, common)
  local rule = {}
  for _, from in ipairs { common or false, node or false } do
    for _, item in ipairs(from and from.items or {}) do
      if item.key and item.key.tag == "String" and item.value.tag == "String" and item.key.value ~= "calendar" then
        rule[item.key.value] = item.value.value
      end
    end
  end
  return rule
end

local function check_calendar(w, item)
  if not item then return end
  local names = item.value.tag == "Table" and item.value.items or { item }
  for _, name in ipairs(names) do
    local path = name.value.tag == "String" and "calendars/" .. name.value.value .. ".ics"
    if not path then
      w:report("schedule", name.line, "a calendar is named by a text.", show(name.value), 'write calendar = "china"')
    elseif not w.files[path] then
      w:report("schedule", name.line, ("there is no calendar %s."):format(show(name.value)), nil,
        ("put it into %s, in the robot's folder or beside the robots' folder"):format(path))
    elseif able then
      local wrong, seen, advice, where = able._calendar(w.files[path], path)
      if wrong then w:report("schedule", name.line, wrong .. ".", where .. ": " .. seen, advice ~= "" and advice or nil) end
    end
  end
end

-- A schedule's cases have the constants that stand in it, no more.
local function check_case(w, item, case, declared)
  if not declared or declared.value.tag ~= "Table" then return end
  for _, field in ipairs(declared.value.items) do
    local name, of = field.key and field.key.tag == "String" and field.key.value, field.value
    local optional = of.tag == "Call" and of.func.tag == "Name" and of.func.name == "optional"
    if name and not optional and not (case and case.value.tag == "Table" and get(case.value, name)) then
      return w:report("schedule", item.line, ("the case of the schedule has no '%s', which the robot wants."):format(name), nil,
        ("write case = { %s = … } into schedule, or make the field optional"):format(name))
    end
  end
end

local function check_rule(w, item, common, seen, parts)
  local node = item.value.tag == "Table" and item.value or nil
  local text = node and node.items[1] or item
  if node then
    known_keys(w, node)
    check_calendar(w, get(node, "calendar"))
  end
  if not text or node and text.key or text.value.tag ~= "String" then
    return w:report("schedule", item.line, "a schedule is a text.", text and show(text.value), 'write schedule = "workdays at 08:30"')
  end
  local rule = options(node, common)
  rule.text, rule.case = text.value.value, nil
  rule.zone = rule.zone or parts.zone
  local id = rule.text .. "," .. (rule.zone or "")
  if seen[id] then
    w:report("schedule", text.line, ("the schedule %s stands twice."):format(show(text.value)), "first in line " .. seen[id], "keep one")
  end
  seen[id] = text.line
  if able then
    local wrong, what, advice = able._schedule(rule)
    local key = wrong and wrong:match "^a schedule's ([%w_]+) knows"
    local said = key and (node and get(node, key) or common and get(common, key)) or text
    if wrong then w:report("schedule", said.line, wrong .. ".", what ~= "" and what or nil, advice ~= "" and advice or nil) end
  end
  if parts.from and rule.text:match "^%s*when%s" then
    w:report("schedule", text.line, "a robot with cases.from cannot wait for another queue.", show(text.value),
      "write a time, or let queue add bring its cases")
  end
  local own = node and get(node, "case")
  if not parts.from then check_case(w, own and text or parts.item, own or common and get(common, "case"), parts.case) end
end

--- Looks at the value of `schedule`.
---@param w table     the walk
---@param item table  the declaration's entry
---@param parts table {zone?: text, case?: its entry, from?: cases come from elsewhere, watch?: as they appear}
function M.check(w, item, parts)
  local node, seen, n = item.value, {}, 0
  if parts.watch then
    w:report("schedule", item.line, "files are taken in as they appear (cases.watch): a schedule has nothing to do.", nil,
      "take away watch, then files are taken in at these times; or take away schedule")
  end
  parts.item = item
  if node.tag ~= "Table" then
    if node.tag == "String" then check_rule(w, item, nil, seen, parts) end
    return
  end
  known_keys(w, node)
  check_calendar(w, get(node, "calendar"))
  for _, entry in ipairs(node.items) do
    if not entry.key then
      check_rule(w, entry, node, seen, parts)
      n = n + 1
    end
  end
  if n == 0 then w:report("schedule", item.line, "schedule has no text.", nil, 'write schedule = "workdays at 08:30"') end
end

return M
