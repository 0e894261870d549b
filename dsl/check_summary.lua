--- check_summary - what a function of the robot's own does, as far as its callers must know: its effects and waits.
local infer = require "check_infer"

local M = {}

--- "literal", the text; or "key" when a literal begins the name and a value of the case ends it; else nil.
function M.name_kind(w, expr)
  if expr.tag == "Paren" then return M.name_kind(w, expr.expr) end
  if expr.tag == "String" then return "literal", expr.value end
  if expr.tag ~= "Binop" or expr.op ~= ".." then return nil end
  local last = expr
  while last.tag == "Binop" and last.op == ".." do
    last = last.right
  end
  if expr.left.tag == "String" and not w:same(last) then return "key", expr.left.value end
  return nil
end

-- What an own function does, all that it calls included: {names = {text -> line}, pauses, effects}.
local function summary(w, func, busy)
  local sum = { names = {}, effects = false, pauses = false }
  if busy[func] then return sum end
  busy[func] = true
  infer.any(func.body, function(n)
    if n.tag ~= "Call" and n.tag ~= "Method" then return false end
    local spec = w.words[infer.word_of(w, n) or ""]
    if spec and spec.does == "effect" then
      sum.effects = true
      local kind, text = M.name_kind(w, n.args[1] or n)
      if kind == "literal" then sum.names[text] = n.line end
    elseif spec and spec.does == "pause" then
      sum.pauses = true
    end
    local own = n.tag == "Call" and w:own_function(n.func)
    if own and own ~= func then
      local inner = summary(w, own, busy)
      sum.effects, sum.pauses = sum.effects or inner.effects, sum.pauses or inner.pauses
      for text, line in pairs(inner.names) do
        sum.names[text] = line
      end
    end
    return false
  end)
  return sum
end

--- What an own function does, all that it calls included.
---@return {names: table<string, integer>, effects: boolean, pauses: boolean} names: literal names of effects -> line
function M.of(w, func)
  w.summaries[func] = w.summaries[func] or summary(w, func, {})
  return w.summaries[func]
end

return M
