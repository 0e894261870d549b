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
  local text = tostring(e)
  local where, rest = text:match("^([^%s:]+%.lua:%d+): (.*)$")
  if where then text = rest end
  local seen, advice = text:match("\nseen: ([^\n]*)"), text:match("\ndo: ([^\n]*)")
  return { code = "ESCRIPT", text = (text:gsub("\nseen: [^\n]*", ""):gsub("\ndo: [^\n]*", "")), seen = seen or "",
    advice = advice or "", where = where, retryable = false }
end

---A syntax error of Lua in the clerk's words.
---@param message string  as Lua says it
---@param source string?  the file
function errors.of_syntax(message, source)
  local ok, told = pcall(function() return require("lua_errors").explain(message, source) end)
  local e = errors.of(message)
  if not ok or not told then return e end
  local file = e.where and e.where:match("^(.-):%d+$") or "robot.lua"
  return { code = "ESCRIPT", text = told.text, seen = told.seen, advice = told.advice, where = told.where or file .. ":" .. told.line }
end

return errors
