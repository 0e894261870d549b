--- check_walk - goes through one file in the order in which it would run and lets the rules look at every node.
-- Keeps what a rule needs to know of the place: the loops around it, the roles of the functions around it (the act or
-- proof of an effect, a step), the effect names used so far on this path. Several passes: the first ones learn what the
-- file's own functions are given and give back, the last one reports.
local infer = require "check_infer"
local statement = require "check_walk_stat"

local W = {}
W.__index = W
local M = {}

-- The last one reports; two helpers deep is as far as types are carried.
local passes = 3

---@class check_loop
---@field each boolean  for … in each(list, "key")
---@field node table

--- A finding; only the last pass makes them.
function W:report(rule, line, text, seen, advice, severity)
  if self.pass < passes then return end
  self.add { file = self.file, line = line, rule = rule, severity = severity or "error", text = text, seen = seen, advice = advice }
end

function W:tell(tag, node, extra)
  for _, rule in ipairs(self.rules[tag] or {}) do
    rule(self, node, extra)
  end
end

function W:type(expr)
  return infer.type(self, expr)
end

function W:same(expr)
  return infer.same(self, expr)
end

--- Is this place inside a function with one of these roles?
function W:inside(...)
  for _, role in ipairs { ... } do
    if (self.roles[role] or 0) > 0 then return true end
  end
  return false
end

-- The Function node that a name stands for, when it is one of this file's own.
function W:own_function(expr)
  if expr.tag == "Paren" then return self:own_function(expr.expr) end
  if expr.tag == "Function" then return expr end
  if expr.tag ~= "Name" then return nil end
  if expr.decl then return not expr.decl.assigned and expr.decl.func_node or nil end
  return self.global_functions[expr.name]
end

-- The type that two sights of a value have in common; false when they differ.
local function meet(known, seen)
  if known == false or not seen then return false end
  if known == nil or known.k == seen.k and known.fields == seen.fields and known.screen == seen.screen then return seen end
  return false
end

local function learn_params(w, func, args)
  for i, decl in ipairs(func.params) do
    w.seen[decl] = meet(w.seen[decl], args[i] and w:type(args[i]))
  end
end

--- What the function around this place returns.
function W:learn_result(values)
  local here = self.here
  if here then self.seen[here] = meet(self.seen[here], #values == 1 and self:type(values[1]) or nil) end
end

--- A call, made or only written down for `together` and `step`: call = {word, receiver, args, node, line, func}.
function W:call(call)
  local own = call.func and self:own_function(call.func)
  if own then
    learn_params(self, own, call.args)
    call.own = own
  end
  self:tell("call", call)
end

local function function_value(w, node)
  local role, around = node.role, w.here
  if role then w.roles[role] = (w.roles[role] or 0) + 1 end
  w.depth, w.here = w.depth + 1, node
  node.gives = w.learned[node] or nil
  for _, decl in ipairs(node.params) do
    decl.same = false
    if not decl.fixed then decl.type = w.learned[decl] or nil end
  end
  w:tell("Function", node)
  w:block(node.body)
  w.depth, w.here = w.depth - 1, around
  if role then w.roles[role] = w.roles[role] - 1 end
end

--- A function of its own name is entered from anywhere: no loops, no roles, no effect names around it.
function W:named_function(node)
  local loops, roles, names, paused = self.loops, self.roles, self.names, self.paused
  self.loops, self.roles, self.names, self.paused = {}, {}, {}, nil
  if node.in_act then self.roles.act = 1 end
  function_value(self, node)
  self.loops, self.roles, self.names, self.paused = loops, roles, names, paused
end

local expression = {}

function W:expr(node)
  self:tell(node.tag, node)
  local go = expression[node.tag]
  if go then go(self, node) end
end

function W:exprs(list)
  for _, node in ipairs(list) do
    self:expr(node)
  end
end

function expression.Paren(w, node)
  w:expr(node.expr)
end
expression.Unop = expression.Paren
function expression.Binop(w, node)
  w:expr(node.left)
  w:expr(node.right)
end
function expression.Index(w, node)
  w:expr(node.object)
  w:expr(node.key)
end
function expression.Table(w, node)
  for _, item in ipairs(node.items) do
    if item.key and not item.named then w:expr(item.key) end
    w:expr(item.value)
  end
end
expression.Function = function_value
function expression.Name(w, node)
  local own = w:own_function(node)
  if own and w:inside "act" then own.in_act = true end
end
function expression.Call(w, node)
  w:call { word = infer.word_of(w, node), args = node.args, node = node, line = node.line, func = node.func }
  w:expr(node.func)
  w:exprs(node.args)
end
function expression.Method(w, node)
  local word, receiver = infer.word_of(w, node)
  w:call { word = word, receiver = receiver, args = node.args, node = node, line = node.line }
  w:expr(node.object)
  w:exprs(node.args)
end

-- When (in the walk's own count) a value was taken from the journaled clock; nil if it was not.
function W:clock_of(value)
  local at
  infer.any(value, function(n)
    if n.tag == "Name" and n.decl and n.decl.clock_at then at = n.decl.clock_at end
    if n.tag == "Call" and n.func.tag == "Name" and not n.func.decl then
      local spec = self.words[n.func.name]
      if spec and spec.clock then at = self.count end
    end
    return at ~= nil or n.tag == "Function"
  end)
  return at
end

function W:block(body)
  self:tell("block", body)
  for _, node in ipairs(body) do
    self.count = self.count + 1
    if node.tag ~= "Call" and node.tag ~= "Method" then self:tell(node.tag, node) end
    local go = statement[node.tag] or W.expr
    go(self, node)
  end
end

--- Walks a tree. `w` has file, rules (tag -> list of functions), add, words, kinds, screens, robot.
function M.walk(w, tree)
  setmetatable(w, W)
  w.global_functions = {}
  for _, node in ipairs(tree.body) do
    local target = node.tag == "Assign" and node.targets[1]
    if target and target.tag == "Name" and not target.decl and node.values[1].tag == "Function" then
      w.global_functions[target.name] = node.values[1]
    end
  end
  w.seen, w.tree = {}, tree
  for pass = 1, passes do
    w.learned, w.seen, w.types, w.summaries = w.seen, {}, {}, {}
    w.pass, w.depth, w.count, w.loops, w.roles, w.names = pass, 0, 0, {}, {}, {}
    w:tell("file", tree)
    w:block(tree.body)
  end
end

return M
