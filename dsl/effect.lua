--- effect - a change outside happens once: intent on disk, act, proof seen. The proof is asked three times: before (it
--- must not be there), after (it must appear), and after a crash (it decides).
-- words: effect
local core, lang = ...
local errors = require "errors"
lang.dsl("flow") -- names of effects: lang.named
local effect = {}

-- How long a proof may take to appear, and the pause before it is asked a second time when a crash left it open.
local PROOF_MS, AGAIN_MS = 20000, 2000

local function in_words(values)
  local parts = {}
  for k, v in pairs(values) do
    parts[#parts + 1] = k .. " " .. (type(v) == "table" and "…" or tostring(v))
    if #parts == 8 then break end
  end
  return table.concat(parts, ", ")
end

---Asks a proof, live. Returns what it shows or nil; raises when it cannot be asked.
local function ask(spec, context)
  core._live(1)
  local ok, seen = pcall(spec.proof, context)
  core._live(-1)
  if not ok then error(seen, 0) end
  return seen or nil
end

---Asks until the proof is there, with growing pauses, at most PROOF_MS.
local function appears(spec, context)
  local _, now = core._now()
  local limit, pause = now + (spec.proof_ms or PROOF_MS), 50
  while true do
    local seen = ask(spec, context)
    _, now = core._now()
    if seen or now >= limit then return seen end
    core._timer(math.min(pause, limit - now))
    pause = math.min(pause * 2, 1000)
  end
end

---A question to a person that belongs to an effect: its answer confirms or voids it. Ends the run for now.
local function to_a_person(e, text, seen, ask_for, show)
  if not core._standing("review", e.name) then
    errors.ok(core._commit("review", { word = "effect", name = e.name, position = e.position, hash = e.hash,
      data = { effect = e.name, show = { text = text, seen = seen, values = e.values, proof = show }, ask = ask_for } }))
  end
  errors.raise { code = "EUNKNOWN", text = text, seen = seen, where = e.where,
    advice = "look for it, then: deskhand review list; deskhand review answer NUMBER " .. table.concat(ask_for, " | ") }
end

local function confirm(e, spec, seen)
  local data = seen
  if spec.show then data = spec.show(seen) end
  core._record("confirm", { word = e.word, name = e.name, position = e.position, hash = e.hash, where = e.where, data = data })
  core._shield(nil)
  if spec.after then spec.after(true) end
  return core._plain(data)
end

-- Still shielded: called off before its question stands, it would not be known any more that it is not known.
local function unknown(e, spec, why)
  if spec.after then spec.after(false) end
  to_a_person(e, "it is not known whether \"" .. e.name .. "\" happened",
    "begun with " .. in_words(e.values) .. "; then " .. why, { "happened", "not-happened" })
end

---The old attempt can no longer act: its browser, window or connection ended with its process.
local function after_crash(e, spec, context)
  if not spec.proof then unknown(e, spec, "the machine stopped, and this effect has no proof to ask") end
  for turn = 1, 2 do
    local ok, seen = pcall(ask, spec, context)
    if not ok then
      if errors.is_control(seen) then error(seen, 0) end
      unknown(e, spec, "the machine stopped, and the proof cannot be asked: " .. errors.of(seen).text)
    end
    if seen then return seen end
    if turn == 1 then core._timer(spec.again_ms or AGAIN_MS) end
  end
  return nil
end

local function before(e, spec, context)
  if not spec.proof then return end
  local seen = ask(spec, context)
  if seen then
    to_a_person(e, "effect \"" .. e.name .. "\" not begun: its proof is there already",
      type(seen) == "table" and in_words(seen) or tostring(seen), { "accept", "refuse" }, seen)
  end
end

local function begin(e, spec)
  local lease_end = errors.ok(core._commit("intent", { word = e.word, name = e.name, position = e.position, hash = e.hash,
    where = e.where, data = e.values }))
  local _, now = core._now()
  if now > lease_end then
    errors.raise { code = "EREFUSED", text = "this host may no longer act for this run: its lease is over" }
  end
end

local function act(e, spec, context)
  core._shield(e.name)
  local ok, result = pcall(spec.act, context)
  if not ok then
    local err = errors.of(result)
    if err.harmless then -- said by the one who knows: nothing has left
      core._shield(nil)
      core._record("void", { word = e.word, name = e.name, position = e.position, hash = e.hash, data = { why = err.text } })
      error(result, 0)
    end
    if not spec.proof then unknown(e, spec, err.text) end
  end
  if not spec.proof then return confirm(e, spec, result) end
  local asked, seen = pcall(appears, spec, context)
  if asked and not seen then
    core._timer(spec.again_ms or AGAIN_MS)
    asked, seen = pcall(ask, spec, context)
  end
  if asked and not seen and spec.idle and spec.idle() then -- not there, and nothing is under way: once more
    ok, result = pcall(spec.act, context)
    asked, seen = pcall(appears, spec, context)
  end
  if asked and seen then return confirm(e, spec, seen) end
  if not asked and core._kind(seen) == "error" and seen.code == "ECANCELED" then error(seen, 0) end
  unknown(e, spec, (ok and "its proof did not appear" or errors.of(result).text) ..
    (asked and "" or "; the proof cannot be asked: " .. errors.of(seen).text))
end

local function new(name, spec)
  local e = { name = lang.named(name), word = spec.word or "effect", where = core._where() }
  e.values = core._plain(spec.values or {})
  e.hash = core._hash(e.word, e.values)
  return e
end

---Runs an effect. For the language and for modules; robots use the words.
---@param name string
---@param spec { word: string?, values: table, act: fun(context), proof: fun(context)?, prepare: fun()?,
--- after: fun(ok: boolean)?, idle: (fun(): boolean)?, show: fun(seen)?, approve: string? }
function effect.run(name, spec)
  if core._live() then errors.raise { code = "EUSE", text = "an effect cannot stand inside a proof or a step", seen = tostring(name) } end
  if spec.approve then
    errors.raise { code = "EUSE", text = "approve needs a second person's signature, which this version does not take",
      advice = "ask with review before the effect" }
  end
  local e = new(name, spec)
  e.position = core._place(e.word, e.name, true)
  local confirmed, intent = core._standing("confirm", e.name), core._standing("intent", e.name)
  local void = core._standing("void", e.name)
  local begun = confirmed or intent
  if begun and begun.hash ~= "" and begun.hash ~= e.hash then
    errors.raise { code = "EREPLAY", text = "effect \"" .. e.name .. "\" was begun with other values than it has now",
      seen = "then " .. in_words(intent and intent.data or {}) .. "; now " .. in_words(e.values), where = e.where }
  end
  if confirmed then return confirmed.data end
  local context = { key = core._hash("idempotency", { core._this().run, e.name }):sub(1, 32), since = intent and intent.at or (core._now()) }
  if intent and not (void and void.at >= intent.at) then
    local seen = after_crash(e, spec, context)
    if seen then return confirm(e, spec, seen) end
    core._record("void", { word = e.word, name = e.name, position = e.position, hash = e.hash,
      data = { why = "its proof was not there, asked twice after the crash" } })
  else
    before(e, spec, context)
  end
  if spec.prepare then spec.prepare() end
  begin(e, spec)
  return act(e, spec, context)
end

---Any effect that is no form: effect("name", { values = {…}, proof = …, act = function(values) … end }).
---@param name string
---@param spec { values: table?, proof: any, act: fun(values: table): any, approve: string? }
function effect.effect(name, spec)
  if type(spec) ~= "table" or type(spec.act) ~= "function" then
    errors.raise { code = "EUSE", text = "effect takes values, a proof, and act = function(values) … end", seen = type(spec) }
  end
  local proof = spec.proof
  if proof ~= nil and type(proof) ~= "function" then proof = lang.dsl("screen").proof_of(proof) end
  return effect.run(name, {
    word = "effect", values = spec.values or {}, proof = proof, approve = spec.approve,
    act = function()
      core._live(1) -- what act looks at is part of the effect, not an answer of its own
      local ok, result = pcall(spec.act, spec.values or {})
      core._live(-1)
      if not ok then error(result, 0) end
      return result
    end,
  })
end

return effect
