--- log - a line for people, kept with the run.
-- words: log
local core = ...

---@param text any
local function log(text)
  text = tostring(text)
  core._log("info", text)
  core._record("log", { data = { level = "info", text = text } })
end

return { log = log }
