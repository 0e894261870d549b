--- effect - a change outside happens once: intent on disk, act, proof seen. The proof is asked three times: before (it
--- must not be there), after (it must appear), and after a crash (it decides).
-- words: effect
local core, lang = ...
local errors = require "errors"
local names = require "names"
local effect = {}

-- How long a proof may take to appear, and the pause before it is asked a second time when a crash left it open.
local PROOF_MS, AGAIN_MS = 20000, 2000

-- What follows when it is not plain whether an effect happened; most never ask.
local function doubt() return lang.dsl("effect_doubt") end

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

local function confirm(e, spec, seen)
  local data = seen
  if spec.show then data = spec.show(seen) end
  core._record("confirm", { word = e.word, name = e.name, position = e.position, hash = e.hash, where = e.where, data = data })
  core._shield(nil)
  if spec.after then spec.after(true) end
  return core._plain(data)
end

local function before(e, spec, context)
  if not spec.proof then return end
  local seen = ask(spec, context)
  if seen then doubt().already(e, seen) end
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
    if not spec.proof then doubt().unknown(e, spec, err.text) end
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
  doubt().unknown(e, spec, (ok and "its proof did not appear" or errors.of(result).text) ..
    (asked and "" or "; the proof cannot be asked: " .. errors.of(seen).text))
end

local function new(name, spec)
  local e = { name = names.full(name), word = spec.word or "effect", where = core._where() }
  e.values = core._plain(spec.values or {})
  e.hash = core._hash(e.word, e.values)
  return e
end

---Runs an effect. For the language and for modules; robots use the words.
---@param name string
---@param spec { word: string?, values: table, act: fun(context), proof: fun(context)?, prepare: fun()?,
--- after: fun(ok: boolean)?, idle: (fun(): boolean)?, show: fun(seen)?, approve: string|table|nil }
function effect.run(name, spec)
  if core._live() then errors.raise { code = "EUSE", text = "an effect cannot stand inside a proof or a step", seen = tostring(name) } end
  local e = new(name, spec)
  e.position = core._place(e.word, e.name, true)
  local confirmed, intent = core._standing("confirm", e.name), core._standing("intent", e.name)
  local void = core._standing("void", e.name)
  local begun = confirmed or intent
  if begun and begun.hash ~= "" and begun.hash ~= e.hash then
    doubt().other_values(e, intent)
  end
  if confirmed then return confirmed.data end
  local context = { key = core._hash("idempotency", { core._this().run, e.name }, 32), since = intent and intent.at or (core._now()) }
  local open = intent and not (void and void.at >= intent.at)
  if open then
    local seen = doubt().after_crash(e, spec, context, ask)
    if seen then return confirm(e, spec, seen) end
    core._record("void", { word = e.word, name = e.name, position = e.position, hash = e.hash,
      data = { why = "its proof was not there, asked twice after the crash" } })
  end
  if spec.approve ~= nil then lang.dsl("effect_sign").wait(e, spec.approve) end
  if not open then before(e, spec, context) end
  if spec.prepare then spec.prepare() end
  begin(e, spec)
  return act(e, spec, context)
end

---Any effect that is no form: effect("name", { values = {…}, proof = …, act = function(values) … end }).
---@param name string
---@param spec { values: table?, proof: any, act: fun(values: table): any, approve: string|table|nil }
function effect.effect(name, spec)
  if type(spec) ~= "table" or type(spec.act) ~= "function" then
    errors.raise { code = "EUSE", text = "effect takes values, a proof, and act = function(values) … end", seen = type(spec) }
  end
  local proof = spec.proof
  if proof ~= nil and type(proof) ~= "function" then proof = lang.dsl("screen_submit").proof_of(proof) end
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
