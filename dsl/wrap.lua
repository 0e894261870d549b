--- wrap - a module's declared functions as words: reads go through the journal, effects through intent and proof.
local core, lang = ...
local journal = require "journal"
local wrap = {}

-- Arguments as plain data that may have holes.
local function numbered(...)
  local t = {}
  for i = 1, select("#", ...) do t[tostring(i)] = (select(i, ...)) end
  return t
end

local function read_word(word, get, settle)
  return function(...)
    local value = journal.read(word, numbered(...), get, ...)
    if settle then return settle(value, lang.ask, ...) end
    return value
  end
end

local function effect_word(word, spec)
  return function(name, args)
    return lang.dsl("effect").run(name, {
      word = word,
      values = spec.values(args),
      act = function(context) return spec.act(args, context) end,
      proof = args.proof or (spec.proof and function(context) return spec.proof(args, context) end),
      approve = args.approve,
    })
  end
end

---Questions of a read's settle: a review under the language's rules.
function lang.ask(name, spec) return lang.dsl("review").review(name, spec) end

---@param word string
---@param module string
function wrap.module(word, module)
  local d = lang.dsl(module)
  local out = {}
  for name, f in pairs(d.pure or {}) do out[name] = f end
  for name, f in pairs(d.reads or {}) do
    if type(f) == "table" then
      out[name] = read_word(word .. "." .. name, f.get, f.settle)
    else
      out[name] = read_word(word .. "." .. name, f)
    end
  end
  for name, spec in pairs(d.effects or {}) do out[name] = effect_word(word .. "." .. name, spec) end
  return core._strict(out, "'" .. word .. "'")
end

return wrap
