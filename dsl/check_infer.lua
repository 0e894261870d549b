--- check_infer - what an expression is, as far as one can tell without running: its type, the word it calls,
-- whether it is the same for every case. Knows the tree and the vocabulary; reports nothing.
-- When unsure the answer is nil (any type) or false (may differ): rules stay silent then.

local M = {}

---@class check_type
---@field k string  text number money date flag file secret locator row rows document case screen function type
---@field fields? table<string, check_type|true>  of a closed record; nil: open
---@field what? string how a message calls it
---@field screen? table of a screen: see check_screens

local simple = {}
for name in ("text number money date flag file secret locator target row rows"):gmatch "%a+" do
  simple[name] = { k = name }
end
simple.money.what = "an amount"
simple.money.fields = { minor = simple.number, currency = simple.text, digits = simple.number, percent = true }
simple.date.what = "a date"
simple.date.fields = { year = simple.number, month = simple.number, day = simple.number, weekday = simple.number }
M.simple = simple

--- The type that a type word names, in `robot {case = …}` or as the second argument of `read`.
---@return check_type?
function M.named_type(expr)
  while expr and (expr.tag == "Call" or expr.tag == "Paren") do
    if expr.tag == "Call" then
      local inner = expr.func.tag == "Name" and not expr.func.decl and expr.func.name
      if inner == "list" then return { k = "list", of = M.named_type(expr.args[1]) } end
      expr = inner == "optional" and expr.args[1] or expr.func
    else
      expr = expr.expr
    end
  end
  if expr and expr.tag == "Name" and not expr.decl then return simple[expr.name] end
  return nil
end

--- "http.get" of a name or of a field of a global name; nil for anything else.
function M.path(expr)
  if expr.tag == "Name" then
    if expr.decl then return not expr.decl.assigned and expr.decl.word or nil end
    return expr.name
  elseif expr.tag == "Index" and expr.key.tag == "String" and expr.object.tag == "Name" and not expr.object.decl then
    return expr.object.name .. "." .. expr.key.value
  end
  return nil
end

-- Is it surely a form of submit? Then its receiver is a screen, whatever we know of it.
local function looks_like_submit(node)
  local form = node.args[2]
  if node.name ~= "submit" or not form or form.tag ~= "Table" then return false end
  for _, item in ipairs(form.items) do
    if item.key and item.key.value == "press" then return true end
  end
  return false
end

--- The word that a call calls ("today", "http.get", "screen:fill"), and the type of what stands before a colon.
---@return string? word
---@return check_type? receiver
function M.word_of(w, node)
  if node.tag == "Call" then
    local path = M.path(node.func)
    return path and w.words[path] and path or nil
  end
  local receiver = M.type(w, node.object)
  if receiver then return receiver.k .. ":" .. node.name, receiver end
  if looks_like_submit(node) then return "screen:submit", nil end
  return nil
end

local arithmetic = { ["+"] = true, ["-"] = true, ["*"] = true, ["/"] = true, ["//"] = true, ["%"] = true, ["^"] = true }
local comparison = { ["=="] = true, ["~="] = true, ["<"] = true, [">"] = true, ["<="] = true, [">="] = true }

local function sum(w, node)
  if comparison[node.op] then return simple.flag end
  if node.op == ".." then return simple.text end
  if not arithmetic[node.op] then return nil end
  local a, b = M.type(w, node.left), M.type(w, node.right)
  if not a or not b then return nil end
  if a.k == "number" and b.k == "number" then return a end
  if a.k == "money" and (b.k == "money" and (node.op == "+" or node.op == "-") or b.k == "number" and node.op == "*") then
    return a
  end
  if a.k == "number" and b.k == "money" and node.op == "*" then return b end
  return nil
end

-- Chains of operators are asked for at every link: each link is worked out once a pass.
local function binop(w, node)
  local known = w.types[node]
  if known == nil then
    known = sum(w, node) or false
    w.types[node] = known
  end
  return known or nil
end

--- What http.get gives.
M.answer = { k = "answer", what = "the answer", fields = { status = simple.number, headers = true, body = simple.text, json = true } }

-- What a review gives: the decision, and each field that was asked for.
local function review(form)
  if not form or form.tag ~= "Table" then return nil end
  local fields = { decision = simple.text }
  for _, item in ipairs(form.items) do
    if item.key and item.key.value == "fields" then
      if item.value.tag ~= "Table" then return nil end
      for _, field in ipairs(item.value.items) do
        if not field.key or field.key.tag ~= "String" then return nil end
        fields[field.key.value] = true
      end
    end
  end
  return { k = "answers", what = "the answer", fields = fields }
end

--- What a call gives; `args` are those of the word (also when written down in a list for `together`).
---@return check_type?
function M.result(w, word, args)
  local spec = word and w.words[word]
  if not spec then return nil end
  if spec.does == "screen" then
    local name = args[1] and args[1].tag == "String" and args[1].value
    return { k = "screen", screen = name and w.screens[name], name = name, kind = word }
  elseif word == "screen:read" then
    if args[2] then return M.named_type(args[2]) end
    return args[1] and args[1].tag == "String" and simple.text or nil
  elseif word == "document.read" then
    local kind = args[2] and args[2].tag == "String" and args[2].value
    return { k = "document", fields = kind and w.kinds[kind], kind = kind, what = kind and "the document '" .. kind .. "'" }
  elseif word == "review" then
    return review(args[2])
  elseif word == "http.get" then
    return M.answer
  elseif spec.gives then
    return simple[spec.gives]
  end
  return nil
end

--- The types of several results, for `local a, b = together({…}, {…})`; nil when the expression gives one.
---@return (check_type|false)[]?
function M.result_list(w, expr)
  if expr.tag ~= "Call" or M.path(expr.func) ~= "together" then return nil end
  local types = {}
  for i, arg in ipairs(expr.args) do
    local items = arg.tag == "Table" and arg.items or {}
    local word = items[1] and M.path(items[1].value)
    local rest = {}
    for j = 2, #items do
      rest[j - 1] = items[j].value
    end
    types[i] = word and M.result(w, word, rest) or false
  end
  return types
end

local function call(w, node)
  local word = M.word_of(w, node)
  if word then return M.result(w, word, node.args) end
  if node.tag == "Call" then
    if node.func.tag == "Name" and node.func.decl and node.func.decl.func_node then return node.func.decl.func_node.gives or nil end
    local path = M.path(node.func)
    if path == "tostring" or path == "string.format" then return simple.text end
    if path == "tonumber" then return simple.number end
  end
  return nil
end

local function index(w, node)
  local object = M.type(w, node.object)
  if not object or node.key.tag ~= "String" then return nil end
  local field = object.fields and object.fields[node.key.value]
  return type(field) == "table" and field or nil
end

local by_tag = {
  String = function() return simple.text end,
  Number = function() return simple.number end,
  True = function() return simple.flag end,
  False = function() return simple.flag end,
  Function = function() return { k = "function" } end,
  Name = function(_, node) return node.decl and not node.decl.assigned and node.decl.type or nil end,
  Paren = function(w, node) return M.type(w, node.expr) end,
  Binop = binop,
  Unop = function(w, node)
    if node.op == "not" then return simple.flag end
    if node.op == "#" then return simple.number end
    return node.op == "-" and M.type(w, node.expr) or nil
  end,
  Call = call,
  Method = call,
  Index = index,
}

--- The type of an expression, nil when unknown.
---@return check_type?
function M.type(w, expr)
  local of = by_tag[expr.tag]
  return of and of(w, expr) or nil
end

--- Calls see(node) for every node below, functions included; stops and answers true when see does.
function M.any(node, see)
  if node.tag and see(node) then return true end
  for key, child in pairs(node) do
    if type(child) == "table" and key ~= "decl" and key ~= "names" and key ~= "params" and key ~= "gives" and key ~= "tokens" then
      if M.any(child, see) then return true end
    end
  end
  return false
end

-- Does this function speak of anything that was not born in it and is not the same for every case?
local function same_function(w, node)
  local own = {}
  M.any(node, function(n)
    if n.tag == "Function" and n ~= node then own[#own + 1] = n end
    return false
  end)
  return not M.any(node.body, function(n)
    if n.tag ~= "Name" or not n.decl then return false end
    if n.decl.func == node then return n.decl.param end
    for _, inner in ipairs(own) do
      if n.decl.func == inner then return false end
    end
    return not M.same(w, n)
  end)
end

local function all_same(w, list)
  for _, expr in ipairs(list) do
    if not M.same(w, expr) then return false end
  end
  return true
end

local literal = { String = true, Number = true, True = true, False = true, Nil = true }
local builds = { value = true, screen = true }

--- Is this the same for every case of the robot (literals, the clock, what is made of them alone)?
---@return boolean
function M.same(w, expr)
  local tag = expr.tag
  if literal[tag] then return true end
  if tag == "Name" then return not expr.decl or expr.decl.same == true and not expr.decl.assigned end
  if tag == "Paren" or tag == "Unop" then return M.same(w, expr.expr) end
  if tag == "Binop" then return M.same(w, expr.left) and M.same(w, expr.right) end
  if tag == "Index" then return M.same(w, expr.object) and M.same(w, expr.key) end
  if tag == "Function" then return same_function(w, expr) end
  if tag == "Table" then
    for _, item in ipairs(expr.items) do
      if not M.same(w, item.value) or item.key and not M.same(w, item.key) then return false end
    end
    return true
  end
  if tag == "Call" or tag == "Method" then
    local word = M.word_of(w, expr)
    local spec = word and w.words[word]
    local plain = tag == "Call" and M.path(expr.func)
    if spec and (builds[spec.does] or spec.clock) or plain and (plain == "tostring" or plain:match "^string%.") then
      return all_same(w, expr.args)
    end
  end
  return false
end

return M
