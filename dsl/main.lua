--- main - what a run does: loads the robot, gets its secrets, runs it on its case.
local core = ...
local lang = core._builtin("lang")(core)
if core._testing() then return lang.dsl("test").main() end
local _, run = lang.load_robot()
lang.fetch_secrets()
local this = core._this()
local case = this.case
case.key, case.period = this.key, this.period
return run(core._strict(case, "the case"))
