--- types_refused - what is no type, no rule of a type, no value of it, in words.
local core = ...
local refused = {}

local function use(text, seen, advice)
  core._raise { code = "EUSE", text = text, seen = seen, advice = advice }
end

function refused.rule(name, rules, rule)
  local names = {}
  for n in pairs(rules) do names[#names + 1] = n end
  use(name .. " has no rule '" .. tostring(rule) .. "'", table.concat(names, ", "))
end

---@param of table  { parse = …, example = … } of the type
function refused.value(name, of, arg, why)
  if not of.parse then use(name .. " is a type", tostring(arg)) end
  use(tostring(arg) .. " is no " .. name .. ": " .. (why or "it is a " .. type(arg)), nil, "write " .. name .. " \"" .. of.example .. "\"")
end

function refused.type(t, what)
  use(what .. " is no type", tostring(t), "types are text, number, money, date, flag, file, list(T), optional(T)")
end

return refused
