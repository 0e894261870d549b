--- lua_stat - the statements of Lua 5.4; part of lua_parse, which owns the parser's state.
local scope = require "lua_scope"
local expr = require "lua_expr"

local M = {}

local max_targets = 190

local statement

local block_end = { ["eof"] = true, ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true }

-- Statements up to the end of the block; the caller has opened it.
function M.statements(p)
  local body = { tag = "Block", line = p.t.line[p.i] }
  while not block_end[p.k] do
    if p.k == "return" then
      body[#body + 1] = statement(p)
      break
    end
    local s = statement(p)
    if s then body[#body + 1] = s end
  end
  return body
end

local function block(p, is_loop)
  scope.open_block(p, is_loop)
  local body = M.statements(p)
  scope.close_block(p)
  return body
end

--- Parameters and body of a function after its name; `line` is that of the word `function`.
function M.body(p, line, self_name)
  local node = { tag = "Function", line = line, params = {} }
  scope.open_function(p, node)
  scope.open_block(p)
  if self_name then node.params[1] = scope.declare(p, "self", line) end
  p:expect "("
  if p.k ~= ")" then
    repeat
      if p:accept "..." then
        node.vararg = true
        break
      elseif p.k ~= "name" then
        p:fail("<name> or '...' expected", true)
      end
      node.params[#node.params + 1] = scope.declare(p, p:name())
    until not p:accept ","
  end
  p:expect ")"
  for _, decl in ipairs(node.params) do
    decl.param = true
    scope.activate(p, decl)
  end
  node.body = M.statements(p)
  node.last = p.t.line[p.i]
  p:close("end", "function", line)
  scope.close_block(p)
  scope.close_function(p)
  return node
end

local function check_writable(p, target)
  local decl = target.tag == "Name" and target.decl
  if decl and decl.attrib then p:fail("attempt to assign to const variable '" .. decl.name .. "'") end
end

local function local_statement(p, line)
  if p:accept "function" then
    local decl = scope.declare(p, p:name())
    scope.activate(p, decl)
    return { tag = "LocalFunction", line = line, decl = decl, func = M.body(p, line) }
  end
  local names, values, closes = {}, {}, false
  repeat
    local name, at = p:name()
    local attrib
    if p:accept "<" then
      attrib = p:name()
      p:expect ">"
      if attrib ~= "const" and attrib ~= "close" then p:fail("unknown attribute '" .. attrib .. "'") end
      if attrib == "close" then
        if closes then p:fail "multiple to-be-closed variables in local list" end
        closes = true
      end
    end
    names[#names + 1] = scope.declare(p, name, at, attrib)
  until not p:accept ","
  if p:accept "=" then values = expr.list(p) end
  for _, decl in ipairs(names) do
    scope.activate(p, decl)
  end
  return { tag = "Local", line = line, names = names, values = values }
end

local function for_statement(p, line)
  scope.open_block(p, true)
  local name, at = p:name()
  local node
  if p:accept "=" then
    node = { tag = "Fornum", line = line, from = expr.one(p) }
    p:expect ","
    node.to = expr.one(p)
    if p:accept "," then node.step = expr.one(p) end
    node.names = { scope.declare(p, name, at) }
  elseif p.k == "," or p.k == "in" then
    node = { tag = "Forin", line = line, names = { scope.declare(p, name, at) } }
    while p:accept "," do
      node.names[#node.names + 1] = scope.declare(p, p:name())
    end
    p:expect "in"
    node.values = expr.list(p)
  else
    p:fail("'=' or 'in' expected", true)
  end
  p:expect "do"
  scope.open_block(p)
  for _, decl in ipairs(node.names) do
    scope.activate(p, decl)
  end
  node.body = M.statements(p)
  scope.close_block(p)
  p:close("end", "for", line)
  scope.close_block(p)
  return node
end

local function if_statement(p, line)
  local node = { tag = "If", line = line, clauses = {} }
  repeat
    p:next()
    local cond = expr.one(p)
    p:expect "then"
    node.clauses[#node.clauses + 1] = { cond = cond, body = block(p) }
  until p.k ~= "elseif"
  if p:accept "else" then node.orelse = block(p) end
  p:close("end", "if", line)
  return node
end

local function function_statement(p, line)
  local at = p.t.line[p.i]
  local name = p:name()
  local target = { tag = "Name", line = at, name = name, decl = scope.resolve(p, name) }
  local method = false
  while not method and (p.k == "." or p.k == ":") do
    method = p.k == ":"
    p:next()
    local key_line = p.t.line[p.i]
    target = { tag = "Index", line = key_line, object = target, named = true, key = { tag = "String", line = key_line, value = p:name() } }
  end
  local func = M.body(p, line, method)
  check_writable(p, target)
  return { tag = "Assign", line = line, targets = { target }, values = { func }, func = true }
end

local function label_statement(p, line)
  local name = p:name()
  p:expect "::"
  local label = { tag = "Label", line = line, name = name }
  local after = {}
  while p.k == ";" or p.k == "::" do -- void statements do not keep a label from being the last thing
    after[#after + 1] = statement(p)
  end
  scope.label(p, name, line, block_end[p.k] and p.k ~= "until")
  return label
end

local function return_statement(p, line)
  local values = {}
  if not block_end[p.k] and p.k ~= ";" then values = expr.list(p) end
  p:accept ";"
  return { tag = "Return", line = line, values = values }
end

local function expression_statement(p, line)
  local first = expr.suffixed(p)
  if p.k ~= "=" and p.k ~= "," then
    if first.tag ~= "Call" and first.tag ~= "Method" then p:fail("syntax error", true) end
    return first
  end
  local targets = { first }
  while true do
    local target = targets[#targets]
    if target.tag ~= "Name" and target.tag ~= "Index" then p:fail("syntax error", true) end
    check_writable(p, target)
    if not p:accept "," then break end
    if #targets > max_targets then p:fail("C stack overflow", true) end
    targets[#targets + 1] = expr.suffixed(p)
  end
  p:expect "="
  return { tag = "Assign", line = line, targets = targets, values = expr.list(p) }
end

local by_word = {
  [";"] = function() end,
  ["if"] = if_statement,
  ["while"] = function(p, line)
    local cond = expr.one(p)
    p:expect "do"
    local body = block(p, true)
    p:close("end", "while", line)
    return { tag = "While", line = line, cond = cond, body = body }
  end,
  ["do"] = function(p, line)
    local body = block(p)
    p:close("end", "do", line)
    return { tag = "Do", line = line, body = body }
  end,
  ["for"] = for_statement,
  ["repeat"] = function(p, line)
    scope.open_block(p, true)
    scope.open_block(p)
    local body = M.statements(p)
    p:close("until", "repeat", line)
    local cond = expr.one(p) -- sees the body's variables
    scope.close_block(p)
    scope.close_block(p)
    return { tag = "Repeat", line = line, body = body, cond = cond }
  end,
  ["function"] = function_statement,
  ["local"] = local_statement,
  ["::"] = label_statement,
  ["return"] = return_statement,
  ["break"] = function(p, line)
    scope.jump(p, "break", line)
    return { tag = "Break", line = line }
  end,
  ["goto"] = function(p, line)
    local name = p:name()
    scope.jump(p, name, line)
    return { tag = "Goto", line = line, name = name }
  end,
}

function statement(p)
  local line = p.t.line[p.i]
  p:enter()
  local read = by_word[p.k]
  if read and p.k ~= "if" then p:next() end
  local node = (read or expression_statement)(p, line)
  p:leave()
  return node
end

return M
