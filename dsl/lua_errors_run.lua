--- lua_errors_run - advice for Lua's run-time errors: which thing was empty, where it came from, what was meant.
local parse = require("lua_parse").parse
local near = require("lua_near").near
local any = require("check_infer").any
local show = require("check_lists").show
local words = require "check_words"

local M = {}

-- The first node in this line for which see answers true.
local function find(tree, line, see)
  local found
  any(tree.body, function(n)
    if n.line == line and see(n) then
      found = n
      return true
    end
    return false
  end)
  return found
end

-- Where a variable got its value before `line`: line and the expression, or nothing when it was never set.
local function origin(tree, decl, line)
  local from, value = decl.line, nil
  local param = decl.param
  any(tree.body, function(n)
    if n.line > line then return false end
    local names = n.tag == "Local" and n.names or n.tag == "Assign" and n.targets or {}
    for i, name in ipairs(names) do
      if name == decl or name.tag == "Name" and name.decl == decl then
        from, value, param = n.line, n.values[i] or n.values[#n.values], false
      end
    end
    if (n.tag == "Forin" or n.tag == "Fornum") then
      for _, name in ipairs(n.names) do
        if name == decl then
          from, value = n.line, n.values and n.values[1]
        end
      end
    end
    return false
  end)
  return from, value, param
end

local function came_from(tree, decl, line)
  local from, value, param = origin(tree, decl, line)
  if param then return ("given to the function in line %d"):format(decl.func.line) end
  if not value then return ("declared in line %d, and nothing was put into it"):format(from) end
  local what = show(value)
  return ("set in line %d from %s"):format(from, #what > 60 and what:sub(1, 57) .. "…" or what)
end

local function globals()
  local list = {}
  for path in pairs(words.words) do
    local head = path:match "^([%w_]+)$" or path:match "^([%w_]+)%."
    if head then list[#list + 1] = head end
  end
  for name in pairs(words.lua) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function guess_word(name)
  local guess = words.instead[name] or near(name, globals())
  return guess and "did you mean '" .. guess .. "'?" or nil
end

-- An expression named as Lua names it: (local 'x'), (field 'x'), (global 'x'), …; the node that bears it in this line.
local function named(tree, line, kind, name)
  return find(tree, line, function(n)
    if kind == "local" or kind == "upvalue" or kind == "global" then
      return n.tag == "Name" and n.name == name and (n.decl == nil) == (kind == "global")
    elseif kind == "method" then
      return n.tag == "Method" and n.name == name
    end
    return n.tag == "Index" and n.key.tag == "String" and n.key.value == name
  end)
end

local function why(tree, line, kind, name)
  local node = named(tree, line, kind, name)
  if not node then return nil end
  if node.decl then return came_from(tree, node.decl, line), node end
  return show(node), node
end

local kind_word = { ["nil"] = "empty", string = "a text", number = "a number", table = "a list or record", boolean = "true or false",
  ["function"] = "a function" }

local function said(of)
  return kind_word[of] or "a " .. of
end

local function not_set(name)
  return { text = ("'%s' is not set."):format(name), advice = guess_word(name) or ("set it first: local %s = …"):format(name) }
end

local function index(tree, line, of, kind, name)
  if kind == "global" and of == "nil" then return not_set(name) end
  local seen, node = why(tree, line, kind, name)
  if not node then return nil end
  local shown = show(node)
  local advice = of == "nil" and ("look at where it comes from, or ask first: if %s then … end"):format(shown) or
    ("%s is no record: use it as it is"):format(shown)
  return { text = ("%s is %s, so nothing can be read from it."):format(shown, said(of)), seen = node.decl and seen or nil, advice = advice }
end

local function call(tree, line, of, kind, name)
  local node = named(tree, line, kind, name)
  if of ~= "nil" then
    local made
    any(tree.body, function(n)
      if n.tag == "Call" and n.func == node then made = n end
      return made ~= nil
    end)
    local arg = made and made.args[1]
    if arg and (arg.tag == "String" or arg.tag == "Table") then
      return { text = "a comma is missing.", seen = show(node) .. " " .. show(arg), advice = ("write %s, %s"):format(show(node), show(arg)) }
    end
    return node and { text = ("%s is %s and cannot be called."):format(show(node), said(of)), advice = "take the brackets after it away" } or nil
  elseif kind == "global" then
    return { text = ("there is no word '%s'."):format(name), advice = guess_word(name) }
  elseif kind == "method" and node then
    return { text = ("%s has no '%s'."):format(show(node.object), name), advice = words.instead[name] and "write " .. words.instead[name] or nil }
  elseif kind == "field" and node then
    return { text = ("%s has no '%s'."):format(show(node.object), name), advice = guess_word(name) }
  elseif node and node.decl then
    return { text = ("'%s' is empty, so it cannot be called."):format(name), seen = came_from(tree, node.decl, line) }
  end
end

local function operand(tree, line, doing, of, kind, name)
  local seen, node
  if kind then seen, node = why(tree, line, kind, name) end
  if kind == "global" and of == "nil" then return not_set(name) end
  local subject = node and show(node) or kind and name
  if not subject then return nil end
  local advice
  if of == "nil" then
    advice = ("look at where it comes from, or write (%s or %s)"):format(subject, doing == "joined to a text" and '""' or "0")
  elseif of == "string" then
    advice = "write tonumber(" .. subject .. "), or read it as a number"
  elseif of == "table" and doing == "joined to a text" then
    advice = "name the field that is meant: " .. subject .. ".…"
  elseif of == "boolean" and doing == "joined to a text" then
    advice = "write tostring(" .. subject .. ")"
  end
  return { text = ("%s is %s and cannot be %s."):format(subject, said(of), doing), seen = node and node.decl and seen or nil, advice = advice }
end

local arithmetic = { ["+"] = true, ["-"] = true, ["*"] = true, ["/"] = true, ["//"] = true, ["%"] = true, ["^"] = true }

-- Lua tries to make numbers of texts by itself, and says so in other words when it cannot.
local function calculate(tree, line, a, b)
  local node = find(tree, line, function(n) return n.tag == "Binop" and arithmetic[n.op] end)
  return { text = ("%s and %s cannot be calculated with."):format(said(a), said(b)), seen = node and show(node),
    advice = 'read it as a number: screen:read("…", number), or write tonumber(text)' }
end

local function compare(tree, line, a, b)
  local node = find(tree, line, function(n) return n.tag == "Binop" and (n.op == "<" or n.op == ">" or n.op == "<=" or n.op == ">=") end)
  local seen = node and show(node)
  local advice
  if a == "nil" or b == "nil" then
    advice = "one side is empty: look at where it comes from"
  elseif a == "string" or b == "string" then
    advice = 'compare like with like: tonumber(text), money "…", date "…"'
  else
    advice = "compare a field of each, not the records"
  end
  if a == b then return { text = ("two values that are %s cannot be put in order."):format(said(a)), seen = seen, advice = advice } end
  return { text = ("%s and %s cannot be put in order."):format(said(a), said(b)), seen = seen, advice = advice }
end

-- "(local 'x')" at the end of Lua's text.
local function variable(text)
  return text:match "%((%l+) '([^']*)'%)$"
end

local function explain(tree, line, text)
  local of = text:match "^attempt to index a (%l+) value"
  local kind, name = variable(text)
  if of then return kind and index(tree, line, of, kind, name) end
  of = text:match "^attempt to call a (%l+) value"
  if of then return kind and call(tree, line, of, kind, name) end
  of = text:match "^attempt to perform arithmetic on a (%l+) value"
  if of then return operand(tree, line, "calculated with", of, kind, name) end
  local left, right = text:match "^attempt to %l+ a '(%l+)' with a '(%l+)'$"
  if left then return calculate(tree, line, left, right) end
  of = text:match "^attempt to concatenate a (%l+) value"
  if of then return operand(tree, line, "joined to a text", of, kind, name) end
  of = text:match "^attempt to get length of a (%l+) value"
  if of then return operand(tree, line, "counted", of, kind, name) end
  local a, b = text:match "^attempt to compare (%l+) with (%l+)$"
  if not a then
    a = text:match "^attempt to compare two (%l+) values$"
    b = a
  end
  if a then return compare(tree, line, a, b) end
  local func, want, got = text:match "^bad argument #1 to '([^']+)' %((%l+) expected, got ([%l ]+)%)$"
  if func and (func == "for iterator" or func == "ipairs" or func == "pairs") and want == "table" then
    return { text = "the loop has nothing to go through: its list is " .. said(got == "no value" and "nil" or got) .. ".",
      advice = "look at where the list comes from" }
  end
  return nil
end

--- Advice for a run-time message; nil when nothing better than Lua's text is known.
---@param src string
---@param line integer
---@param text string Lua's message without file and line
---@return {text: string, seen: string?, advice: string?, line: integer?}?
function M.explain(src, line, text)
  local tree = parse(src)
  return tree and explain(tree, line, text) or nil
end

return M
