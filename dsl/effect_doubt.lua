--- effect_doubt - when it is not plain whether an effect happened: its proof is there before it began, does not appear,
--- or must be asked after a crash. What no proof decides, a person does.
local core = ...
local errors = require "errors"
local doubt = {}

-- The pause before a proof is asked a second time when a crash left it open.
local AGAIN_MS <const> = 2000

local function in_words(values)
  local parts = {}
  for k, v in pairs(values) do
    parts[#parts + 1] = k .. " " .. (type(v) == "table" and "…" or tostring(v))
    if #parts == 8 then break end
  end
  return table.concat(parts, ", ")
end

---A question to a person that belongs to an effect: its answer confirms or voids it. Ends the run for now.
local function to_a_person(e, text, seen, ask_for, show)
  if not core._standing("review", e.name) then
    errors.ok(core._commit("review", { word = e.word, name = e.name, position = e.position, hash = e.hash,
      data = { effect = e.name, show = { text = text, seen = seen, values = e.values, proof = show }, ask = ask_for } }))
  end
  errors.raise { code = "EUNKNOWN", text = text, seen = seen, where = e.where,
    advice = "look for it, then: deskhand review list; deskhand review answer NUMBER " .. table.concat(ask_for, " | ") }
end

-- Still shielded: called off before its question stands, it would not be known any more that it is not known.
function doubt.unknown(e, spec, why)
  if spec.after then spec.after(false) end
  to_a_person(e, "it is not known whether \"" .. e.name .. "\" happened",
    "begun with " .. in_words(e.values) .. "; then " .. why, { "happened", "not-happened" })
end

---The old attempt can no longer act: its browser, window or connection ended with its process.
---@param ask fun(spec, context): any
function doubt.after_crash(e, spec, context, ask)
  if not spec.proof then doubt.unknown(e, spec, "the machine stopped, and this effect has no proof to ask") end
  for turn = 1, 2 do
    local ok, seen = pcall(ask, spec, context)
    if not ok then
      if errors.is_control(seen) then error(seen, 0) end
      doubt.unknown(e, spec, "the machine stopped, and the proof cannot be asked: " .. errors.of(seen).text)
    end
    if seen then return seen end
    if turn == 1 then core._timer(spec.again_ms or AGAIN_MS) end
  end
  return nil
end

function doubt.already(e, seen)
  to_a_person(e, "effect \"" .. e.name .. "\" not begun: its proof is there already",
    type(seen) == "table" and in_words(seen) or tostring(seen), { "accept", "refuse" }, seen)
end

---The journal has it with other values.
function doubt.other_values(e, intent)
  errors.raise { code = "EREPLAY", text = "effect \"" .. e.name .. "\" was begun with other values than it has now",
    seen = "then " .. in_words(intent and intent.data or {}) .. "; now " .. in_words(e.values), where = e.where }
end

return doubt
