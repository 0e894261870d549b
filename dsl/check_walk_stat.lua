--- check_walk_stat - the statements of a walk (see check_walk): branches, loops, what declared names are.
local infer = require "check_infer"

local statement = {}

-- Types of a declaration's names; the calls of `together` give one each.
local function declare(w, names, values)
  local given = #values == 1 and infer.result_list(w, values[1]) or nil
  for i, decl in ipairs(names) do
    local value = values[i]
    if given then
      decl.type = given[i] or nil
    elseif value then
      decl.type, decl.same = w:type(value), w:same(value)
      decl.word = value.tag ~= "Call" and infer.path(value) or nil
      decl.func_node = value.tag == "Function" and value or nil
      decl.clock_at = w:clock_of(value)
    else
      decl.same = #values == 0 and not decl.assigned
    end
  end
end

function statement.Local(w, node)
  for i, value in ipairs(node.values) do
    if value.tag == "Function" and node.names[i] then w:named_function(value) else w:expr(value) end
  end
  declare(w, node.names, node.values)
end
function statement.LocalFunction(w, node)
  node.decl.func_node = node.func
  w:named_function(node.func)
end
function statement.Assign(w, node)
  if w.depth == 0 and #node.targets == 1 and node.values[1].tag == "Function" then return w:named_function(node.values[1]) end
  for _, target in ipairs(node.targets) do
    if target.tag == "Index" then w:expr(target) end
  end
  w:exprs(node.values)
end
function statement.Do(w, node)
  w:block(node.body)
end
function statement.Return(w, node)
  w:exprs(node.values)
  w:learn_result(node.values)
end

local function copy(names)
  local c = {}
  for k, v in pairs(names) do
    c[k] = v
  end
  return c
end

local ends = { Return = true, Break = true, Goto = true }
local function leaves(w, body)
  local last = body[#body]
  if not last then return false end
  if ends[last.tag] then return true end
  if last.tag ~= "Call" then return false end
  local path = infer.path(last.func)
  return path == "error" or path and w.words[path] and w.words[path].ends or false
end

-- What one branch names, another may name again; after the branches all names are used that can have been.
local function branch(w, names, after, body)
  w.names = copy(names)
  w:block(body)
  if leaves(w, body) then return end
  for name, line in pairs(w.names) do
    after[name] = line
  end
end

function statement.If(w, node)
  local names, after = w.names, copy(w.names)
  for _, clause in ipairs(node.clauses) do
    w:expr(clause.cond)
    branch(w, names, after, clause.body)
  end
  if node.orelse then branch(w, names, after, node.orelse) end
  w.names = after
end

local function loop(w, node, each)
  w.loops[#w.loops + 1] = { node = node, each = each or false }
  w:block(node.body)
  w.loops[#w.loops] = nil
end

function statement.While(w, node)
  w:expr(node.cond)
  loop(w, node)
end
function statement.Repeat(w, node)
  loop(w, node)
  w:expr(node.cond)
end
function statement.Fornum(w, node)
  w:expr(node.from)
  w:expr(node.to)
  if node.step then w:expr(node.step) end
  local decl = node.names[1]
  decl.type, decl.same = infer.simple.number, w:same(node.from) and w:same(node.to)
  loop(w, node)
end
function statement.Forin(w, node)
  w:exprs(node.values)
  local from = node.values[1]
  local each = from.tag == "Call" and infer.path(from.func) == "each"
  local of = each and from.args[1] and w:type(from.args[1]) or nil
  for _, decl in ipairs(node.names) do
    decl.same = w:same(from)
  end
  node.names[1].type = of and (of.k == "rows" and infer.simple.row or of.of) or nil
  loop(w, node, each)
end

-- Nothing to look into; the rules have seen them.
local function leaf() end
statement.Goto, statement.Label, statement.Break = leaf, leaf, leaf

return statement
