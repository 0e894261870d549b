--- errors - error values: tables {code, text, seen, advice, retryable, where} that print as their text.
local core = ...
local errors = {}


---@class dh.error
---@field code string  "ENOENT", "ETIME" … (runtime/base/err.h)
---@field text string  what failed
---@field seen string?  what was seen instead
---@field advice string?  what to do
---@field retryable boolean?

---Raises an error with the robot's line in it.
---@param e dh.error
function errors.raise(e) core._raise(e) end

---Raises a wrong use: what is wrong, what was seen, what to write instead.
---@param text string
---@param seen string?
---@param advice string?
function errors.use(text, seen, advice) errors.raise { code = "EUSE", text = text, seen = seen or "", advice = advice or "" } end

---Returns its arguments; raises the second when the first is nil: the form in which C functions fail.
function errors.ok(value, e, ...)
  if value == nil and e ~= nil then core._raise(e) end
  return value, e, ...
end

---Whether a caught value is an error table of ours.
function errors.is(e) return core._kind(e) == "error" end

local control = { EREJECT = true, EWAIT = true, EUNKNOWN = true, EREPLAY = true, ECANCELED = true }

---An end that nobody may keep: reject, wait, unknown, cancel.
function errors.is_control(e) return errors.is(e) and control[e.code] == true end

---Any caught value as an error table.
---@return dh.error
function errors.of(e)
  if errors.is(e) then return e end
  return require("errors_of").text(tostring(e))
end

---A syntax error of Lua in the clerk's words.
---@param message string  as Lua says it
---@param source string?  the file
function errors.of_syntax(message, source) return require("errors_of").syntax(message, source) end

return errors
