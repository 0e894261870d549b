--- check_robot - rules on the declaration `robot { … }` and on run and finish; makes the case's type from it.
local infer = require "check_infer"
local near = require("lua_near").near
local lists = require "check_lists"
local schedule = require "check_schedule"
local words = require "check_words"
local show = lists.show

local M = { on = {} }

local function did_you_mean(word, list)
  local guess = near(word, list)
  return guess and "did you mean '" .. guess .. "'?" or nil
end

local function has(list, word)
  for _, other in ipairs(list) do
    if other == word then return true end
  end
  return false
end

local function known_keys(w, node, keys, what)
  lists.known_keys(w, node, keys, what, "declaration")
end

local function get(node, key)
  for _, item in ipairs(node.items) do
    if item.key and item.key.tag == "String" and item.key.value == key then return item end
  end
end
M.get = get

local type_names = {}
for name, spec in pairs(words.words) do
  if spec.type then type_names[#type_names + 1] = name end
end
table.sort(type_names)

local check_type

local function check_rules(w, of, rules)
  local allowed = words.rules[of]
  if not allowed then return end
  if rules.tag ~= "Table" then return end
  for _, item in ipairs(rules.items) do
    local rule = item.key and item.key.tag == "String" and item.key.value
    if not rule then
      w:report("case-type", item.line, ("rules of %s are named."):format(of), show(item.value), of .. " { " .. (allowed[1] or "rule") .. " = … }")
    elseif not has(allowed, rule) then
      local seen = #allowed > 0 and table.concat(allowed, ", ") or "no rules"
      w:report("case-type", item.line, ("%s has no rule '%s'."):format(of, rule), seen, did_you_mean(rule, allowed))
    elseif rule == "currency" and item.value.tag == "String" and not item.value.value:match "^%u%u%u$" then
      w:report("case-type", item.line, "a currency has three capital letters.", show(item.value), 'write currency = "EUR"')
    end
  end
end

function check_type(w, expr, field)
  if expr.tag == "Paren" then return check_type(w, expr.expr, field) end
  local call = expr.tag == "Call"
  local name = call and expr.func or expr
  local word = name.tag == "Name" and not name.decl and name.name
  if not word or not has(type_names, word) then
    local written = expr.tag == "String" and expr.value or word
    local guess = written and (has(type_names, written) and written or near(written, type_names))
    local advice = expr.tag == "String" and guess and "write " .. guess .. " without quotes" or guess and "did you mean '" .. guess .. "'?"
    return w:report("case-type", expr.line, ("the type of '%s' is unknown."):format(field), show(expr),
      advice or "write one of: " .. table.concat(type_names, ", "))
  end
  if word == "list" or word == "optional" then
    local of = call and expr.args[1]
    if not of then
      return w:report("case-type", expr.line, ("'%s' needs the type of what it holds."):format(field), word, "write " .. word .. "(text)")
    end
    return check_type(w, of, field)
  end
  if call and expr.args[1] then check_rules(w, word, expr.args[1]) end
end

local function check_cases(w, node, case)
  known_keys(w, node, words.cases_keys, "cases")
  local once_a, key, from = get(node, "once_a"), get(node, "key"), get(node, "from")
  if once_a and once_a.value.tag == "String" and not has(words.once_a, once_a.value.value) then
    w:report("declaration", once_a.line, "once_a knows no " .. show(once_a.value) .. ".", table.concat(words.once_a, ", "),
      did_you_mean(once_a.value.value, words.once_a))
  end
  if from and from.value.tag ~= "String" then
    w:report("declaration", from.line, "from is a text in quotes.", show(from.value), 'write from = "loans.csv" or from = "inbox/*.pdf"')
  end
  local columns = key and (key.value.tag == "Table" and key.value.items or { key })
  for _, item in ipairs(columns or {}) do
    local column = item.value.tag == "String" and item.value.value
    if column and column ~= "key" and case and not get(case, column) then -- the column 'key' is known by itself
      local fields = {}
      for _, field in ipairs(case.items) do
        fields[#fields + 1] = field.key and field.key.value
      end
      w:report("declaration", item.line, ("the key names a column '%s' that case does not declare."):format(column), table.concat(fields, ", "),
        did_you_mean(column, fields) or ("add %s = text to case"):format(column))
    end
  end
end

local function check_case(w, node)
  local seen = {}
  for _, item in ipairs(node.items) do
    local field = item.key and item.key.tag == "String" and item.key.value
    if not field then
      w:report("declaration", item.line, "a case's fields are named.", show(item.value), "write loan_no = text")
    else
      if has(words.case_always, field) then
        w:report("case-field", item.line, ("'%s' is there for every case by itself."):format(field), nil,
          "give the column another name, like loan_" .. field)
      elseif seen[field] then
        w:report("case-field", item.line, ("'%s' stands twice in case."):format(field), "first in line " .. seen[field], "keep one")
      end
      seen[field] = item.line
      check_type(w, item.value, field)
    end
  end
end

-- The record type of a case; open when its fields cannot be known from here.
local function case_type(declaration)
  local case = declaration and get(declaration, "case")
  local cases = declaration and get(declaration, "cases")
  local from = cases and cases.value.tag == "Table" and get(cases.value, "from")
  from = from and from.value.value
  local of = { k = "case", what = "the case", shown = {} }
  if case and case.value.tag ~= "Table" then return of end
  if not case and type(from) == "string" and from:match "%.%w+$" and not from:match "%*" then return of end
  of.fields = { key = infer.simple.text, period = infer.simple.text, file = infer.simple.file }
  for _, item in ipairs(case and case.value.items or {}) do
    local field = item.key and item.key.tag == "String" and item.key.value
    if not field then return { k = "case", what = "the case" } end
    of.fields[field] = infer.named_type(item.value) or true
    of.shown[#of.shown + 1] = field
  end
  for _, field in ipairs { "key", "period", type(from) == "string" and from:match "%*" and "file" or nil } do
    of.shown[#of.shown + 1] = field
  end
  return of
end

-- The function that `name` is in this file, and whether it was made local.
local function find_function(tree, name)
  for _, node in ipairs(tree.body) do
    if node.tag == "LocalFunction" and node.decl.name == name then return node.func, node.line, true end
    if node.tag == "Assign" and node.targets[1].tag == "Name" and node.targets[1].name == name then
      return node.values[1], node.line, node.targets[1].decl ~= nil
    end
    if node.tag == "Local" and node.names[1].name == name and node.values[1] and node.values[1].tag == "Function" then
      return node.values[1], node.line, true
    end
  end
end

local function check_run(w, tree, of)
  local run, line, is_local = find_function(tree, "run")
  if not run or run.tag ~= "Function" then
    return w:report("run", line or 1, "the robot has no function run(case).", nil, "write function run(case) … end")
  end
  if is_local then
    w:report("run", line, "run is local: Deskhand does not find it.", nil, "write function run(case) without local")
  end
  if #run.params ~= 1 or run.vararg then
    w:report("run", line, "run gets one thing, the case.", #run.params .. " parameters", "write function run(case)")
  end
  if run.params[1] then
    run.params[1].type, run.params[1].fixed = of, true
  end
  local finish = find_function(tree, "finish")
  if finish and finish.tag == "Function" and finish.params[1] then
    finish.params[1].type = { k = "batch", what = "the batch",
      fields = { done = true, rejected = true, failed = true, period = true, rows = true, file = true } }
    finish.params[1].fixed = true
  end
end

local function declarations(tree)
  local found = {}
  for _, node in ipairs(tree.body) do
    if node.tag == "Call" and node.func.tag == "Name" and not node.func.decl and node.func.name == "robot" then found[#found + 1] = node end
  end
  return found
end
M.declarations = declarations

local function check_declaration(w, node)
  local table_node = node.args[1]
  if not table_node or table_node.tag ~= "Table" then
    return w:report("declaration", node.line, "robot needs a list in braces.", table_node and show(table_node), 'write robot { about = "…" }')
  end
  known_keys(w, table_node, words.robot_keys, "robot")
  local about, cases, case = get(table_node, "about"), get(table_node, "cases"), get(table_node, "case")
  if not about then
    w:report("declaration", node.line, "the robot does not say what it is about.", nil,
      'add about = "…", one sentence for the people who see it run', "warning")
  end
  local limit, retry = get(table_node, "limit"), get(table_node, "retry")
  if limit and limit.value.tag == "Table" then known_keys(w, limit.value, words.limit_keys, "limit") end
  if retry and retry.value.tag == "Table" then known_keys(w, retry.value, words.retry_keys, "retry") end
  if case and case.value.tag == "Table" then check_case(w, case.value) end
  if cases and cases.value.tag == "Table" then check_cases(w, cases.value, case and case.value.tag == "Table" and case.value) end
  local times, zone = get(table_node, "schedule"), get(table_node, "zone")
  if times then
    local from = cases and (cases.value.tag ~= "Table" or get(cases.value, "from"))
    schedule.check(w, times, { zone = zone and zone.value.tag == "String" and zone.value.value or nil, case = case, from = from,
      watch = cases and cases.value.tag == "Table" and get(cases.value, "watch") })
  end
  return table_node
end

function M.on.file(w, tree)
  if not w.main then return end
  local found = declarations(tree)
  local declaration = found[1] and check_declaration(w, found[1])
  if not found[1] then
    w:report("declaration", 1, "the file has no robot { … }.", nil, 'begin it with robot { about = "…" }')
  elseif found[2] then
    w:report("declaration", found[2].line, "robot { … } stands twice.", "first in line " .. found[1].line, "keep one")
  end
  w.case_type = w.case_type or case_type(declaration)
  check_run(w, tree, w.case_type)
end

return M
