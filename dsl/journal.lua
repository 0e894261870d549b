--- journal - reads journal themselves under their place in the run; after a crash they answer from there.
local core = ...
local errors = require "errors"
local journal = {}

---One look at the outside. `live` is called with what follows it when the journal has no answer; its result (plain data)
---or its error becomes the answer of this place. Inside a proof or a step it is simply called.
---@param word string  "http.get", "loan-core:read"
---@param args any  plain data that names the question; compared on replay
---@param live fun(...): any
function journal.read(word, args, live, ...)
  if core._live() then return live(...) end
  local found, value, hash, position = core._answer(word, args)
  if found then
    if errors.is(value) then core._raise(value) end
    return value
  end
  local where = core._where()
  local ok, result = pcall(live, ...)
  if ok then
    return core._record("read", { word = word, hash = hash, position = position, where = where, data = result }, true)
  end
  if not errors.is_control(result) then
    local e = errors.of(result)
    e.where = e.where or where
    core._record("read", { word = word, hash = hash, position = position, where = where, data = core._error {
      code = e.code, text = e.text, seen = e.seen, advice = e.advice, retryable = e.retryable, where = e.where } })
  end
  error(result, 0)
end

---A word that drives something and has no answer (go, fill, press). Returns true when it stood in the journal and was
---not driven.
function journal.drive(word, args, live)
  local driven = true
  journal.read(word, args, function()
    driven = false
    live()
    return true
  end)
  return driven
end

return journal
