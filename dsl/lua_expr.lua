--- lua_expr - the expressions of Lua 5.4; part of lua_parse, which owns the parser's state.
local scope = require "lua_scope"

local M = {}

-- A walk down a chain (a.b.c, a + b + c) recurses once a link; nobody writes one this long by hand.
local max_chain = 2000

-- Left and right priority of each operator, as in the manual, section 3.4.8.
local left = {}
local right = {}
for level, signs in pairs {
  [1] = "or", [2] = "and", [3] = "< > <= >= ~= ==", [4] = "|", [5] = "~", [6] = "&", [7] = "<< >>", [10] = "+ -",
  [11] = "* / // %",
} do
  for sign in signs:gmatch "%S+" do
    left[sign], right[sign] = level, level
  end
end
left[".."], right[".."] = 9, 8
left["^"], right["^"] = 14, 13
local unary_priority = 12
local unary = { ["not"] = true, ["-"] = true, ["~"] = true, ["#"] = true }

local subexpr

--- One expression.
function M.one(p)
  return subexpr(p, 0)
end

--- One or more expressions with commas between.
function M.list(p)
  local values = { subexpr(p, 0) }
  while p:accept "," do
    values[#values + 1] = subexpr(p, 0)
  end
  return values
end

local function table_item(p)
  local line = p.t.line[p.i]
  local item = { line = line, at = p.i }
  if p.k == "[" then
    p:next()
    item.key = subexpr(p, 0)
    p:expect "]"
    p:expect "="
  elseif p.k == "name" and p.t.kind[p.i + 1] == "=" then
    item.key = { tag = "String", line = line, value = p.t.value[p.i] }
    item.named = true
    p:next()
    p:next()
  end
  item.value = subexpr(p, 0)
  return item
end

local function constructor(p)
  local line = p.t.line[p.i]
  local node = { tag = "Table", line = line, items = {}, at = p.i }
  p:next()
  while p.k ~= "}" do
    node.items[#node.items + 1] = table_item(p)
    if not p:accept "," and not p:accept ";" then break end
  end
  node.last = p.t.line[p.i]
  p:close("}", "{", line)
  return node
end

-- `start` is the line in which the called expression begins: Lua counts an open bracket there.
local function call_args(p, start)
  if p.k == "string" then
    local arg = { tag = "String", line = p.t.line[p.i], value = p.t.value[p.i] }
    p:next()
    return { arg }
  elseif p.k == "{" then
    return { constructor(p) }
  elseif p.k ~= "(" then
    p:fail("function arguments expected", true)
  end
  p:next()
  local args = p.k == ")" and {} or M.list(p)
  p:close(")", "(", start)
  return args
end

local function primary(p)
  local line = p.t.line[p.i]
  if p.k == "name" then
    local name = p.t.value[p.i]
    p:next()
    return { tag = "Name", line = line, name = name, decl = scope.resolve(p, name) }
  elseif p.k ~= "(" then
    p:fail("unexpected symbol", true)
  end
  p:next()
  local inner = subexpr(p, 0)
  p:close(")", "(", line)
  return { tag = "Paren", line = line, expr = inner }
end

local starts_args = { ["("] = true, ["{"] = true, string = true }

--- A name or bracketed expression with all that hangs on it: fields, indexes, calls.
function M.suffixed(p)
  local start = p.t.line[p.i]
  local node = primary(p)
  for _ = 1, max_chain do
    local k = p.k
    local line = p.t.line[p.i]
    if k == "." then
      p:next()
      line = p.t.line[p.i]
      node = { tag = "Index", line = line, object = node, named = true, key = { tag = "String", line = line, value = p:name() } }
    elseif k == "[" then
      p:next()
      node = { tag = "Index", line = line, object = node, key = subexpr(p, 0) }
      p:expect "]"
    elseif k == ":" then
      p:next()
      line = p.t.line[p.i]
      local name = p:name()
      node = { tag = "Method", line = line, object = node, name = name, args = call_args(p, start) }
    elseif starts_args[k] then
      node = { tag = "Call", line = line, func = node, args = call_args(p, start) }
    else
      return node
    end
  end
  p:fail("an expression of more than " .. max_chain .. " parts", true)
end

local constants = { ["nil"] = "Nil", ["true"] = "True", ["false"] = "False" }

local function simple(p)
  local k, line = p.k, p.t.line[p.i]
  if k == "name" or k == "(" then return M.suffixed(p) end
  if k == "{" then return constructor(p) end
  local node
  if k == "string" then
    node = { tag = "String", line = line, value = p.t.value[p.i] }
  elseif k == "number" then
    node = { tag = "Number", line = line, value = p.t.value[p.i] }
  elseif constants[k] then
    node = { tag = constants[k], line = line }
  elseif k == "..." then
    if not p.fs.node.vararg then p:fail("cannot use '...' outside a vararg function", true) end
    node = { tag = "Vararg", line = line }
  elseif k == "function" then
    p:next()
    return p:body(line)
  else
    return M.suffixed(p)
  end
  p:next()
  return node
end

function subexpr(p, limit)
  p:enter()
  local node
  local op, line = p.k, p.t.line[p.i]
  if unary[op] then
    p:next()
    node = { tag = "Unop", line = line, op = op, expr = subexpr(p, unary_priority) }
  else
    node = simple(p)
  end
  local links = 0
  op = p.k
  while left[op] and left[op] > limit do
    links = links + 1
    if links > max_chain then p:fail("an expression of more than " .. max_chain .. " parts", true) end
    line = p.t.line[p.i]
    p:next()
    node = { tag = "Binop", line = line, op = op, left = node, right = subexpr(p, right[op]) }
    op = p.k
  end
  p:leave()
  return node
end

return M
