--- load - loads robot.lua and makes the argument of run. Forgotten once the robot runs.
local core, lang = ...
local load = {}

local function refuse(text, advice)
  core._raise { code = "ESCRIPT", text = text, where = "robot.lua:1", seen = "", advice = advice }
end

---Runs robot.lua. Returns its declaration (a plain table), its run function, its finish function if it has one.
function load.robot()
  local chunk, why = core._load("robot.lua")
  if not chunk then core._raise(lang.dsl("errors").of_syntax(why, core._source("robot.lua"))) end
  chunk()
  lang.loading = false
  local declaration, run, finish = lang.declaration, rawget(lang.world, "run"), rawget(lang.world, "finish")
  lang.declaration = nil
  if not declaration then refuse("this file declares no robot", "begin it with robot { about = \"what it does\" }") end
  if type(run) ~= "function" then refuse("the robot has no function run", "write: function run(case) … end") end
  if type(finish) ~= "function" then finish = nil end
  declaration.finish = finish and true
  return declaration, run, finish
end

---Loads the robot and gets its secrets. Returns the function to run and its argument.
function load.begin()
  local declaration, run, finish = load.robot()
  local this = core._this()
  local case = this.case
  lang.fetch_secrets()
  if this.key == "(finish)" then -- made by the scheduler when every case of the period is final
    return finish, lang.dsl("batch").new(case.rows, this.period, case.file)
  end
  case.key, case.period = this.key, this.period
  local empty = {}
  for name, t in pairs(declaration.case or {}) do empty[name] = t.optional or nil end
  return run, core._strict(case, "the case", empty)
end

return load
