--- time - now, today, wait: journaled time, in the zone of the configuration.
-- words: now today wait
local core, lang = ...
local errors = require "errors"
local journal = require "journal"

local function zone() return lang.zone or core._conf("zone") or "UTC" end

---Date and time in a zone, live.
local function moment(ms, where)
  local date, time, offset = core._local(ms, where)
  if not date then errors.raise { code = "EUSE", text = "there is no time zone '" .. where .. "'",
    advice = "write a name of the IANA list, such as zone = \"Asia/Shanghai\"" } end
  return date, time, offset
end

---The time, as text with its offset: "2026-11-24T13:25:12+08:00". Journaled.
---@return string
local function now()
  return journal.read("now", {}, function()
    local date, time, offset = moment((core._now()), zone())
    return date .. "T" .. time .. offset
  end)
end

---The day, as a date. Journaled; inside a proof it is the day of the asking.
local function today()
  return journal.read("today", {}, function() return core._date((moment((core._now()), zone()))) end)
end

---Puts the run away for a while: wait "3d".
---@param duration string  "90s", "10m", "3h", "2d"
local function wait(duration)
  local ms = type(duration) == "string" and core._duration(duration)
  if not ms then
    errors.raise { code = "EUSE", text = "wait takes a duration such as wait \"3d\"", seen = tostring(duration),
      advice = "to wait for a sight on a screen write: screen:wait(\"name\")" }
  end
  if core._live() then errors.raise { code = "EUSE", text = "a wait cannot stand inside a proof or a step" } end
  local position, stands = core._place("wait")
  local place = core._scope() .. ":" .. position
  if stands == "answer" then return end
  if not stands then
    errors.ok(core._commit("wait", { word = "wait", name = place, position = position,
      data = { ["until"] = (core._now()) + ms, duration = duration } }))
  end
  errors.raise { code = "EWAIT", text = "waits " .. duration }
end

return { now = now, today = today, wait = wait }
