--- review - what a person decides, and the business's no.
-- words: review reject
local core, lang = ...
local errors = require "errors"
local names = require "names"
local review = {}
lang.asked = lang.asked or {} -- open questions that this attempt came to, by name: { scope, position }

---Asks a person; the run leaves memory until the answer comes.
---@param name string  unique in the run
---@param spec { show: any?, ask: string[]|nil, fields: table?, role: string? }  ask: possible answers; fields: values to
---  fill in or correct, name -> value
---@return table answers  `decision` (one of ask), and the fields
function review.review(name, spec)
  if type(spec) ~= "table" or not (spec.ask or spec.fields) then
    errors.raise { code = "EUSE", text = "review takes what to ask", advice = "write review(\"name\", { show = …, ask = { \"yes\", \"no\" } })" }
  end
  if core._live() then errors.raise { code = "EUSE", text = "a review cannot stand inside a proof or a step" } end
  local full = names.full(name)
  local position = core._place("review", full)
  local answer = core._standing("answer", full)
  if answer then
    local data = answer.data
    if type(data) ~= "table" then data = { decision = data } end
    return core._strict(data, "the answer")
  end
  -- A branch beside this one may fail from the journal: then nobody is asked.
  if core._scope() ~= "" then errors.ok(core._timer(0)) end
  lang.asked[full] = { scope = core._scope(), position = position }
  if not core._standing("review", full) then
    lang.dsl("rest")()
    errors.ok(core._commit("review", { word = "review", name = full, position = position,
      data = { show = spec.show, ask = spec.ask, fields = spec.fields, role = spec.role } }))
  end
  errors.raise { code = "EWAIT", text = "waits for an answer to '" .. full .. "'" }
end

---The business says no: final, never retried.
---@param reason string
function review.reject(reason)
  if type(reason) ~= "string" or reason == "" then
    errors.raise { code = "EUSE", text = "reject takes the reason as a text", seen = tostring(reason) }
  end
  errors.raise { code = "EREJECT", text = reason }
end

return review
