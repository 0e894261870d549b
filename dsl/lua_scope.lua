--- lua_scope - what a name, a label or a `break` means in its place: the part of Lua's compiler that is not grammar.
-- The parser opens and closes functions and blocks here. Errors are raised through p.fail, in Lua's words.
local M = {}

---@class lua_decl a local variable
---@field name string
---@field line integer
---@field attrib? string "const" or "close"
---@field func table the Function node that owns it

local max_locals = 200

--- Begins a function: `node` is its Function node.
function M.open_function(p, node)
  p.fs = { node = node, parent = p.fs, actives = {}, visible = {}, gotos = {}, labels = {} }
end

--- Begins a block; a loop's body can be left by `break`.
function M.open_block(p, is_loop)
  local fs = p.fs
  fs.block = { parent = fs.block, actives = #fs.actives, gotos = #fs.gotos, labels = #fs.labels, is_loop = is_loop }
end

--- A new local variable, not visible yet.
function M.declare(p, name, line, attrib)
  return { name = name, line = line, attrib = attrib, func = p.fs.node }
end

--- Makes declared variables visible from here on.
function M.activate(p, decl)
  local actives = p.fs.actives
  if #actives >= max_locals then
    local line = p.fs.node.line
    local where = line == 0 and "main function" or "function at line " .. line
    p:fail("too many local variables (limit is " .. max_locals .. ") in " .. where, true)
  end
  actives[#actives + 1] = decl
  local visible = p.fs.visible
  decl.hides, visible[decl.name] = visible[decl.name], decl
end

--- The variable that a name stands for here; nil for a global.
function M.resolve(p, name)
  local fs = p.fs
  repeat
    local decl = fs.visible[name]
    if decl then return decl end
    fs = fs.parent
  until not fs
  return nil
end

-- A goto that is met by its label must not jump into the life of a local variable.
local function meet(p, jump, label)
  if jump.actives < label.actives then
    local into = p.fs.actives[jump.actives + 1]
    p:fail(("<goto %s> at line %d jumps into the scope of local '%s'"):format(jump.name, jump.line, into and into.name or "?"))
  end
end

local function solve(p, label)
  local fs = p.fs
  local kept = {}
  for i, jump in ipairs(fs.gotos) do
    if i > fs.block.gotos and jump.name == label.name then
      meet(p, jump, label)
    else
      kept[#kept + 1] = jump
    end
  end
  fs.gotos = kept
end

--- A label in the current block; `last` when nothing but void statements follow in it.
function M.label(p, name, line, last)
  local fs = p.fs
  for _, other in ipairs(fs.labels) do
    if other.name == name then p:fail(("label '%s' already defined on line %d"):format(name, other.line)) end
  end
  local label = { name = name, line = line, actives = last and fs.block.actives or #fs.actives }
  fs.labels[#fs.labels + 1] = label
  solve(p, label)
end

--- A goto, or `break` as the goto that it is.
function M.jump(p, name, line)
  local fs = p.fs
  for _, label in ipairs(fs.labels) do
    if label.name == name then return end
  end
  fs.gotos[#fs.gotos + 1] = { name = name, line = line, actives = #fs.actives }
end

--- Ends the current block.
function M.close_block(p)
  local fs = p.fs
  local block = fs.block
  for i = #fs.actives, block.actives + 1, -1 do
    local decl = fs.actives[i]
    fs.visible[decl.name], decl.hides = decl.hides, nil
    fs.actives[i] = nil
  end
  if block.is_loop then solve(p, { name = "break", actives = block.actives }) end
  for i = #fs.labels, block.labels + 1, -1 do
    fs.labels[i] = nil
  end
  fs.block = block.parent
  for i = block.gotos + 1, #fs.gotos do
    local jump = fs.gotos[i]
    jump.actives = math.min(jump.actives, block.actives)
    if not block.parent then
      if jump.name == "break" then p:fail("break outside loop at line " .. jump.line) end
      p:fail(("no visible label '%s' for <goto> at line %d"):format(jump.name, jump.line))
    end
  end
end

--- Ends the current function.
function M.close_function(p)
  p.fs = p.fs.parent
end

return M
