--- check_lists - rules on what is written down in lists: label, value pairs; calls for `together` and `step`.
local infer = require "check_infer"
local near = require("lua_near").near
local words = require "check_words"

local M = { on = {} }

-- As much of an expression as a message needs.
local function show(expr)
  local tag = expr.tag
  if tag == "String" then return #expr.value > 40 and '"' .. expr.value:sub(1, 37) .. '…"' or '"' .. expr.value .. '"' end
  if tag == "Number" then return tostring(expr.value) end
  if tag == "Name" then return expr.name end
  if tag == "Nil" or tag == "True" or tag == "False" then return tag:lower() end
  if tag == "Paren" then return "(" .. show(expr.expr) .. ")" end
  if tag == "Index" then return expr.named and show(expr.object) .. "." .. expr.key.value or show(expr.object) .. "[" .. show(expr.key) .. "]" end
  if tag == "Call" then
    local args = {}
    for i, arg in ipairs(expr.args) do
      args[i] = show(arg)
    end
    return show(expr.func) .. "(" .. table.concat(args, ", ") .. ")"
  end
  if tag == "Method" then return show(expr.object) .. ":" .. expr.name .. "(…)" end
  if tag == "Function" then return "function" end
  if tag == "Table" then return "{ … }" end
  if tag == "Binop" then return show(expr.left) .. " " .. expr.op .. " " .. show(expr.right) end
  return "…"
end
M.show = show

local not_label = { number = true, money = true, date = true, flag = true, document = true, case = true, screen = true, rows = true, row = true }

-- Why this cannot stand where a label stands; nil when it can.
local function no_label(w, expr, value)
  if expr.tag == "String" then return nil end
  if expr.tag == "Nil" then return "nil" end
  local of = w:type(expr)
  if of and not_label[of.k] then return of.k end
  local owner = expr.tag == "Index" and value and value.tag == "String" and w:type(expr.object)
  if owner and (owner.k == "case" or owner.k == "document") then return "value" end -- the two were swapped
  return nil
end

-- May the last expression of a list stand for several values?
local function may_be_many(w, expr)
  if expr.tag == "Vararg" then return true end
  return (expr.tag == "Call" or expr.tag == "Method") and not infer.word_of(w, expr)
end

-- An odd list: the place is guessed by the first value that stands where a label should.
local function odd(w, node, what)
  local items = node.items
  local text = ("%s needs a value for each label; the list has %d entries."):format(what, #items)
  local at = #items
  for i = 1, #items, 2 do
    if items[i].value.tag ~= "String" then
      at = i
      break
    end
  end
  local item, before, label = items[at], items[at - 1], items[at - 2]
  if at < #items and label and before.value.tag == "String" then -- "Applicant", "Amount", case.amount
    return w:report("pairs", label.line, text, show(label.value) .. ", " .. show(before.value), ("write a value after %s"):format(show(label.value)))
  elseif item.value.tag == "String" then
    return w:report("pairs", item.line, text, show(item.value), ("write a value after %s, or take it away"):format(show(item.value)))
  end
  w:report("pairs", item.line, text, (before and show(before.value) .. ", " or "") .. show(item.value),
    ("write the label before %s"):format(show(item.value)))
end

--- A list of label, value, label, value … : even, labels are texts, none twice, no value surely nil.
function M.pairs(w, node, what)
  if node.tag ~= "Table" then return end
  local labels = {}
  for _, item in ipairs(node.items) do
    if item.key then
      local key = item.key.tag == "String" and item.key.value or "…"
      return w:report("pairs", item.line, what .. " is a list of label, value: order counts, so it has no keys.", show(item.key),
        ('write { "%s", %s }'):format(key, show(item.value)))
    end
  end
  local n = #node.items
  if n % 2 == 1 and not may_be_many(w, node.items[n].value) then return odd(w, node, what) end
  for i = 1, n, 2 do
    local label, value = node.items[i], node.items[i + 1]
    local kind = no_label(w, label.value, value and value.value)
    if kind then
      w:report("pairs", label.line, ("a %s stands in %s where a label should stand."):format(kind, what), show(label.value),
        "write a label in quotes before each value")
      return
    end
    if label.value.tag == "String" then
      local text = label.value.value
      if labels[text] then
        w:report("pairs", label.line, ('"%s" stands twice in %s.'):format(text, what), "first in line " .. labels[text],
          "keep one; where two fields bear one name, say which: screen:find(\"" .. text .. '", { near = "…" })')
      elseif text == "" then
        w:report("pairs", label.line, "a label in " .. what .. " is empty.", nil, "write what the screen shows beside the field")
      end
      labels[text] = label.line
    end
    if value and value.value.tag == "Nil" then
      w:report("pairs", value.line, ("no value for %s."):format(show(label.value)), "nil", 'write "" to empty a field')
    end
  end
end

-- Something that was called where the call should only be written down.
local function called(w, expr, form)
  if expr.tag ~= "Call" and expr.tag ~= "Method" then return false end
  local word = infer.word_of(w, expr)
  local own = expr.tag == "Call" and w:own_function(expr.func)
  local spec = word and w.words[word]
  if own and not (own.gives and own.gives.k ~= "function") then return false end
  if not own and not (spec and spec.does ~= "value") then return false end
  local parts = { expr.tag == "Call" and show(expr.func) or nil }
  for _, arg in ipairs(expr.args) do
    parts[#parts + 1] = show(arg)
  end
  local advice
  if expr.tag == "Method" then
    advice = "write function() return " .. show(expr) .. " end"
  else
    advice = "write " .. form:format(table.concat(parts, ", "))
  end
  w:report("called", expr.line, "the call is made here; it should only be written down.", show(expr), advice)
  return true
end

-- The call that a list { f, args… } writes down.
local function written(w, items, first, line)
  local func = items[first]
  if not func then return end
  local args = {}
  for i = first + 1, #items do
    args[#args + 1] = items[i]
  end
  local word = infer.path(func)
  w:call { word = w.words[word] and word or nil, args = args, line = line, func = func, written = true, node = func }
end

local function together(w, call)
  for _, arg in ipairs(call.args) do
    local first = arg.tag == "Table" and arg.items[1]
    if arg.tag == "Table" and not first then
      w:report("called", arg.line, "an empty list in together calls nothing.", "{}", "write { company.get, number }")
    elseif first then
      local wrong = first.value.tag == "Table" and "lists in a list"
      if wrong then
        w:report("called", arg.line, "together takes the lists one by one, not in a list.", nil, "write together({ f, x }, { g, y })")
      elseif not called(w, first.value, "{ %s }") then
        local items = {}
        for i, item in ipairs(arg.items) do
          items[i] = item.value
        end
        written(w, items, 1, arg.line)
      end
    elseif arg.tag == "Function" then
      w:report("called", arg.line, "together takes lists that begin with a function.", "function", "write { function() … end }")
    else
      called(w, arg, "{ %s }")
    end
  end
end

local function step(w, call)
  local name, func = call.args[1], call.args[2]
  if not name or name.tag ~= "String" then
    w:report("effect-name", call.line, "a step needs a name in quotes.", name and show(name), 'write step("registry", company.get, number)')
  end
  if not func then
    return w:report("called", call.line, "a step needs the word that it freezes.", nil, 'write step("registry", company.get, number)')
  end
  local form = "step(" .. (name and show(name) or '"name"') .. ", %s)"
  if called(w, func, form) then return end
  if func.tag == "Function" then func.role = "step" end
  w.roles.step = (w.roles.step or 0) + 1
  written(w, call.args, 2, call.line)
  w.roles.step = w.roles.step - 1
end

-- case.applicant "Amount": what was meant as two values is a call.
function M.on.Call(w, node)
  local of = w:type(node.func)
  local arg = node.args[1]
  if not of or of.k == "function" or of.k == "screen" or not arg or (arg.tag ~= "String" and arg.tag ~= "Table") then return end
  w:report("syntax", node.func.line, "a comma is missing.", show(node.func) .. " " .. show(arg), ("write %s, %s"):format(show(node.func), show(arg)))
end

local one_value = { String = true, Number = true, Table = true, Function = true, Index = true, Name = true, True = true, False = true,
  Binop = true }

-- local a, b = desktop "x": the second gets nothing; local core = desktop: no screen.
function M.on.Local(w, node)
  local values = node.values
  local last = values[#values]
  if not last then return end
  local word = last.tag == "Call" and infer.word_of(w, last)
  local spec = word and w.words[word]
  if #node.names > #values and (one_value[last.tag] or spec and (spec.does == "screen" or spec.gives)) then
    local name = node.names[#values + 1].name
    w:report("no-value", node.line, ("'%s' gets no value."):format(name), show(last), "write a comma and its value, or take the name away")
  end
  for _, value in ipairs(values) do
    local path = infer.path(value)
    if value.tag == "Name" and w.words[path] and w.words[path].does == "screen" then
      w:report("screen", value.line, path .. " needs the name of a screen in quotes.", nil, ('write %s "loan-core"'):format(path))
    end
  end
end

-- local entry core:submit(…): the = is missing.
function M.on.block(w, body)
  for i, node in ipairs(body) do
    local after = body[i + 1]
    local bare = node.tag == "Local" and #node.values == 0 and after and after.line == node.line
    if bare and (after.tag == "Call" or after.tag == "Method") then
      w:report("no-value", node.line, ("a = is missing after '%s'."):format(node.names[#node.names].name), show(after),
        ("write local %s = %s"):format(node.names[#node.names].name, show(after)))
    end
  end
end

local lists = { ["screen:fill"] = { 1, "fill" }, ["screen:row"] = { 2, "row" } }

-- Too few arguments for a word.
local function too_few(w, call, word_spec)
  local last = call.args[#call.args]
  if not word_spec.least or #call.args >= word_spec.least or last and may_be_many(w, last) then return end
  w:report("called", call.line, ("%s needs %s."):format(call.word:gsub("^screen:", ""), word_spec.wants), nil,
    call.written and "write it after the word, with a comma" or "write it between the brackets")
end

--- Keys of a table literal that are not among the known ones.
function M.known_keys(w, node, keys, what, finding)
  for _, item in ipairs(node and node.tag == "Table" and node.items or {}) do
    local key = item.key and item.key.tag == "String" and item.key.value
    local known = false
    for _, other in ipairs(keys) do
      known = known or other == key
    end
    if not known then
      local guess = key and near(key, keys)
      w:report(finding or "options", item.line, key and ("%s knows no '%s'."):format(what, key) or what .. " takes named values only.",
        table.concat(keys, ", "), guess and "did you mean '" .. guess .. "'?")
    end
  end
end

function M.on.call(w, call)
  local word_spec = call.word and w.words[call.word]
  if word_spec then too_few(w, call, word_spec) end
  if call.word == "http.get" then
    M.known_keys(w, call.args[2], words.http_options, "http.get")
  elseif call.word == "http.post" or call.word == "http.put" or call.word == "http.delete" then
    M.known_keys(w, call.args[2], words.http_form, call.word)
  end
  local spec = lists[call.word]
  if spec and call.args[spec[1]] then
    M.pairs(w, call.args[spec[1]], spec[2])
  elseif call.word == "screen:fill" and not call.args[1] then
    w:report("pairs", call.line, "fill needs a list of label, value.", nil, 'write fill { "Loan no", case.loan_no }')
  elseif call.word == "screen:find" then
    M.known_keys(w, call.args[2], words.find_keys, "find")
  elseif call.word == "together" then
    together(w, call)
  elseif call.word == "step" then
    step(w, call)
  elseif call.func and infer.path(call.func) == "pcall" and call.args[1] then
    called(w, call.args[1], "pcall(%s)")
  end
end

return M
