--- robot - the declaration.
-- words: robot
local core, lang = ...
local robot = {}

local known = { about = "string", cases = "table", case = "table", limit = "table", retry = "table", hosts = "table",
  isolation = "string", zone = "string", schedule = "table" }

---robot { about, cases?, case?, schedule?, limit?, retry?, hosts? }: says what this robot is. Once, at the top of robot.lua.
function robot.robot(d)
  if type(d) ~= "table" or lang.declared then lang.dsl("robot_rules").refuse(d) end
  local out = {}
  for k, v in pairs(d) do
    if known[k] ~= type(v) and not (k == "schedule" and type(v) == "string") then lang.dsl("robot_rules").unknown(known, k, v) end
    out[k] = v
  end
  if d.case then
    out.case = {}
    for name, t in pairs(d.case) do
      out.case[name] = lang.dsl("types").plain(t, "the case's field '" .. tostring(name) .. "'")
    end
  end
  if d.cases then lang.dsl("robot_rules").cases(d.cases) end
  if d.schedule then out.schedule = lang.declaring and lang.dsl("schedule").read(d.schedule, d.zone, d.cases and d.cases.from ~= nil) or nil end
  lang.zone, lang.hosts = d.zone, d.hosts
  core._rules((d.limit or d.retry) and lang.dsl("robot_rules").limits(d.limit or {}, d.retry or {}) or {})
  lang.declaration, lang.declared = out, true
end

return robot
