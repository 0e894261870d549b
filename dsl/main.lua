--- main - what a run does: loads the robot, gets its secrets, runs it on its case.
local core = ...
local lang = core._builtin("lang")(core)
if core._testing() then return lang.dsl("test").main() end
local run, argument = lang.dsl("load").begin()
lang.forget { "load", "robot", "robot_rules", "types", "types_refused", "strict", "screen_file" } -- what only loading needs

local ok, result = core._pcall(run, argument)
-- Screens go back to their pool: at home and signed on after a run that went well, also one that is put away to wait.
local code = not ok and core._kind(result) == "error" and result.code
local well = ok or code == "EREJECT" or code == "EWAIT"
for _, close in ipairs(lang.at_end) do core._pcall(close, well) end
if ok then return result end
if type(result) == "string" then
  local file = result:match("^([^%s:]+%.lua):%d+:")
  result = core._error(lang.dsl("errors").of_syntax(result, file and core._source(file)))
end
error(result, 0)
