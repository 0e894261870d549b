--- errors_of - texts that Lua or a robot raised as error tables. Loaded when the first one is caught.
local of = {}

---@param text string
---@return dh.error
function of.text(text)
  local where, rest = text:match("^([^%s:]+%.lua:%d+): (.*)$")
  if where then text = rest end
  local seen, advice = text:match("\nseen: ([^\n]*)"), text:match("\ndo: ([^\n]*)")
  return { code = "ESCRIPT", text = (text:gsub("\nseen: [^\n]*", ""):gsub("\ndo: [^\n]*", "")), seen = seen or "",
    advice = advice or "", where = where, retryable = false }
end

---A syntax error of Lua in the clerk's words.
function of.syntax(message, source)
  local ok, told = pcall(function() return require("lua_errors").explain(message, source) end)
  local e = of.text(message)
  if not ok or not told then return e end
  local file = e.where and e.where:match("^(.-):%d+$") or "robot.lua"
  return { code = "ESCRIPT", text = told.text, seen = told.seen, advice = told.advice, where = told.where or file .. ":" .. told.line }
end

return of
