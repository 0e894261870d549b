--- main - what a run does: loads the robot, gets its secrets, runs it on its case.
local core = ...
local lang = core._builtin("lang")(core)
if core._testing() then return lang.dsl("test").main() end
local declaration, run = lang.load_robot()
local this = core._this()
lang.fetch_secrets()
local case = this.case
local argument
if this.key == "(finish)" then -- made by the scheduler when every case of the period is final
  run = lang.finish
  argument = lang.dsl("batch").new(case.rows, this.period)
else
  case.key, case.period = this.key, this.period
  local empty = {}
  for name, t in pairs(declaration.case or {}) do empty[name] = t.optional or nil end
  argument = core._strict(case, "the case", empty)
end

local ok, result = core._pcall(run, argument)
-- Screens go back to their pool at home, also when the run waits or has failed.
for _, close in ipairs(lang.at_end) do core._pcall(close) end
if ok then return result end
if type(result) == "string" then
  local file = result:match("^([^%s:]+%.lua):%d+:")
  result = core._error(lang.dsl("errors").of_syntax(result, file and core._source(file)))
end
error(result, 0)
