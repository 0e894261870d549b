--- check_flow - rules on what is compared and how one waits: money against numbers, sleeping, polling, `each` without a key.
local infer = require "check_infer"
local lists = require "check_lists"
local show = lists.show

local M = { on = {} }

local compares = { ["=="] = true, ["~="] = true, ["<"] = true, [">"] = true, ["<="] = true, [">="] = true }
-- Types of which a value never equals one of another of them.
local apart = { text = true, number = true, money = true, date = true, flag = true, file = true }
local example = { money = 'money "100.00 EUR"', date = 'date "2026-11-30"', number = "100", text = '"100"' }

local function amount(value)
  return ('money "%s EUR"'):format(math.type(value) == "integer" and value .. ".00" or ("%.2f"):format(value))
end

-- How to write the other side so that it is of this type.
local function like(of, other)
  if of == "money" and other.tag == "Number" then return amount(other.value) end
  if (of == "money" or of == "date") and other.tag == "String" then return ('%s "%s"'):format(of, other.value) end
  if of == "text" and other.tag == "Number" then return ('"%s"'):format(other.value) end
  if of == "number" and other.tag == "String" and tonumber(other.value) then return other.value end
  return example[of]
end

-- Money times a whole number is exact; how to round another factor is a decision.
local function share(w, node, left, right)
  local money, factor = node.left, node.right
  if right.k == "money" then money, factor = factor, money end
  local value = factor.tag == "Number" and factor.value
  if node.op == "/" and left.k == "money" or node.op == "*" and value and value % 1 ~= 0 then
    local percent = value and (node.op == "*" and value * 100 or 100 / value)
    w:report("compare", node.line, "an amount can be multiplied by whole numbers only.", show(node.left) .. " " .. node.op .. " " .. show(node.right),
      ("write %s:percent(%s)"):format(show(money), percent and ("%.4g"):format(percent) or "20"))
  end
end

function M.on.Binop(w, node)
  local left, right = w:type(node.left), w:type(node.right)
  if left and right and (left.k == "money" or right.k == "money") then share(w, node, left, right) end
  if not left or not right or not apart[left.k] or not apart[right.k] or left.k == right.k then return end
  local a, b = left.k, right.k
  if compares[node.op] then
    local of, other = a, node.right
    if node.left.tag == "Number" or node.left.tag == "String" then of, other = b, node.left end
    local text = (node.op == "==" or node.op == "~=") and "a %s is never equal to a %s, whatever their values." or
      "a %s cannot be compared with a %s."
    local advice = like(of, other)
    w:report("compare", node.line, text:format(a, b), show(node.left) .. " " .. node.op .. " " .. show(node.right),
      advice and "compare with " .. advice or "compare like with like")
  elseif (node.op == "+" or node.op == "-") and (a == "money" or b == "money") then
    local advice = like("money", a == "money" and node.right or node.left)
    w:report("compare", node.line, ("a %s and a %s cannot be added or subtracted."):format(a, b),
      show(node.left) .. " " .. node.op .. " " .. show(node.right),
      "write " .. advice)
  end
end

-- Decls that this loop itself makes or changes: reads that speak of them are new in each turn.
local function changed_in(loop)
  local set = {}
  for _, decl in ipairs(loop.names or {}) do
    set[decl] = true
  end
  infer.any(loop.body, function(n)
    for _, target in ipairs(n.tag == "Assign" and n.targets or {}) do
      if target.tag == "Name" and target.decl then set[target.decl] = true end
    end
    return false
  end)
  return set
end

-- What a loop does: reads of the same thing, words that drive or change, clock, waits.
local function inside(w, loop)
  local changed = changed_in(loop)
  local seen = { acts = false }
  local function look(n)
    if n.tag ~= "Call" and n.tag ~= "Method" then return false end
    local word = infer.word_of(w, n)
    local spec = word and w.words[word]
    if spec and spec.clock or n.tag == "Call" and (infer.path(n.func) or ""):match "^os%.[tcd]" then
      seen.clock = seen.clock or n
    elseif spec and spec.does == "read" then
      local varies = false
      for _, arg in ipairs(n.args) do
        varies = varies or infer.any(arg, function(m)
          return m.tag == "Name" and m.decl ~= nil and changed[m.decl] == true
        end)
      end
      if not varies then seen.read, seen.word = seen.read or n, seen.word or word end
    elseif word == "wait" then
      seen.wait = n
    elseif spec and (spec.does == "drive" or spec.does == "effect" or spec.does == "pause") or n.tag == "Call" and w:own_function(n.func) then
      seen.acts = true
    end
    return false
  end
  infer.any(loop.body, look)
  if loop.cond then infer.any(loop.cond, look) end
  for _, name in ipairs { "from", "to" } do
    if loop[name] then infer.any(loop[name], look) end
  end
  return seen
end

-- A wait of at least a minute is a way to look again later, not polling.
local function long_wait(call)
  local arg = call and call.args[1]
  if not arg then return false end
  return arg.tag ~= "String" or not arg.value:match "^%s*[%d.]*%s*m?s"
end

local function spins(w, loop)
  local seen = inside(w, loop)
  local by_clock = seen.clock and loop.cond and infer.any(loop.cond, function(n) return n == seen.clock end)
  if by_clock and not seen.acts and not seen.wait and not seen.read then
    return w:report("sleep", loop.line, "this loop only lets time pass.", show(loop.cond),
      'to wait for a sight write screen:wait("…"), for a time wait "10m"')
  end
  if seen.read and not seen.acts and not long_wait(seen.wait) then
    local advice = 'write wait "10m" in it: the run leaves memory until then'
    if seen.word:match "^screen:" then advice = 'write screen:wait("what must be seen"): it returns as soon as it is there' end
    return w:report("polling", loop.line, "this loop asks the same thing again and again.", show(seen.read), advice)
  end
end

function M.on.While(w, node)
  if #node.body == 0 and not infer.any(node.cond, function(n) return n.tag == "Call" or n.tag == "Method" end) then
    return w:report("sleep", node.line, "this loop does nothing but turn.", nil, 'write wait "…" or screen:wait("…")')
  end
  spins(w, node)
end
M.on.Repeat = M.on.While

function M.on.Fornum(w, node)
  if #node.body == 0 then
    return w:report("sleep", node.line, "this loop does nothing but turn.", nil,
      'to wait for a sight write screen:wait("…"), for a time wait "10m"')
  end
  local seen = inside(w, node)
  local tries = infer.any(node.body, function(n) return n.tag == "Break" or n.tag == "Return" end)
  if tries then spins(w, node) elseif seen.read and seen.wait and not long_wait(seen.wait) then spins(w, node) end
end

-- A row needs a key; plain values are their own.
local function each_key(w, call)
  local list = call.args[1]
  local of = list and w:type(list)
  if #call.args == 1 and of and of.k == "rows" then
    w:report("each-key", call.line, "each needs the field that tells its rows apart.", show(list), ('write each(%s, "id")'):format(show(list)))
  end
end

local function wait_literal(w, call)
  local arg = call.args[1]
  if arg and arg.tag == "String" and arg.value:gsub("%d+%.?%d*m?[smhd]", "") ~= "" then
    w:report("literal", arg.line, ("wait does not understand %s."):format(show(arg)), nil,
      'write a time like "90s", "10m", "2h", "3d"; for a sight screen:wait("…")')
  elseif arg and arg.tag == "Number" then
    w:report("literal", arg.line, "wait needs a unit.", show(arg), ('write wait "%ss"'):format(show(arg)))
  end
end

local function money_literal(w, arg)
  if arg.tag == "Number" then
    w:report("literal", arg.line, "an amount is a text with its currency.", show(arg), "write " .. amount(arg.value))
  elseif arg.tag == "String" and not arg.value:match "^%-?%d[%d.,' ]* ?%u%u%u$" then
    w:report("literal", arg.line, "an amount names its currency.", show(arg), 'write money "1,250.00 EUR"')
  end
end

local function date_literal(w, arg)
  if arg.tag == "String" and not arg.value:match "^%d%d%d%d%-[01]%d%-[0-3]%d$" then
    w:report("literal", arg.line, "a date is written year-month-day.", show(arg), 'write date "2026-11-30"')
  end
end

function M.on.call(w, call)
  if call.word == "each" then
    each_key(w, call)
  elseif call.word == "wait" then
    wait_literal(w, call)
  elseif call.word == "money" and call.args[1] then
    money_literal(w, call.args[1])
  elseif call.word == "date" and call.args[1] then
    date_literal(w, call.args[1])
  end
end

return M
