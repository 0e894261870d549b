--- screen - what can be done with anything a robot drives: desktop, terminal, web. One vocabulary; a driver (a module)
--- does it.
local core, lang = ...
local errors = require "errors"
local formats = require "formats"
local session = require "screen_session"
local targets = require "screen_targets"
local call, drive, look, written = session.call, session.drive, session.look, session.written

local screen = {}
local methods = {}

local use = errors.use

---@param place string  window or menu path, transaction, address; from home
function methods:go(place)
  if type(place) ~= "string" then use("go takes the name of a place", type(place)) end
  local s = self
  if not core._live() then s.visit, s.driven = {}, s.session ~= nil and s.driven end
  local was_open = s.session
  drive(s, "go", { place }, function()
    if was_open then session.home(s) end
    was_open = true
    call(s, "go", { place = session.place(s, place) })
  end)
end

---@param list table  label, value, label, value …: typed in this order and read back
function methods:fill(list)
  local s = self
  targets.check_pairs(list, "fill")
  drive(s, "fill", { targets.journal(list) }, function() call(s, "fill", { pairs = session.pairs(list, s) }) end)
end

local function refuse_change(s, name)
  if s.in_effect or not s.d.changes or type(name) ~= "string" then return end
  for _, change in ipairs(s.d.changes) do
    if change == name then
      errors.raise { code = "EREFUSED", seen = "nothing; it was not pressed",
        text = ("press \"%s\" stands outside an effect, and %s lists \"%s\" as a change"):format(name, s.name, name),
        advice = ("use %s:submit(\"…\", { …, press = \"%s\", proof = … }), so that a crash cannot do it twice"):format(
          (s.name:gsub("[^%w]", "_")), name) }
    end
  end
end

local keys = { Enter = true, Escape = true, Tab = true, Clear = true, PageUp = true, PageDown = true }

local function press_args(s, name)
  if type(name) == "string" and (keys[name] or name:match("^P?F%d%d?$") or name:match("^%l+%+.$")) then return { key = name } end
  return { target = targets.plain(name, s.d.names) }
end

local where_fields = { within = "string", column = "string", twice = "boolean" }

-- The last argument of press: the name of the window or group, or more than that.
local function where_of(where)
  if where == nil or type(where) == "string" then return { within = where } end
  if type(where) ~= "table" then use("press takes a name and where it stands", type(where)) end
  for k, v in pairs(where) do
    if where_fields[k] ~= type(v) then
      use("press has no '" .. tostring(k) .. "' like this", "within, column, twice", where_fields[k] and ("it is a " .. where_fields[k]) or "")
    end
  end
  return where
end

local function row_args(s, row, where)
  if row.place then use("a row is pressed where it is seen, not at a place", row.place, "go there first, and name the row without it") end
  return { target = targets.cell(row, where.column, function(v) return written(v, s) end), twice = where.twice }
end

---@param name any  button, menu, link, key, or a row of a table
---@param where? string|{ within: string?, column: string?, twice: boolean? }  twice: a double click
function methods:press(name, where)
  local s, how = self, where_of(where)
  refuse_change(s, name)
  if targets.is_row(name) then
    return drive(s, "press", targets.journal { "press", name, how.column or "", how.twice or false }, function()
      call(s, "press", row_args(s, name, how))
    end)
  end
  if how.column then use("column goes with a row", tostring(name), "press(screen:row(…), { column = \"" .. how.column .. "\" })") end
  local target = how.within and screen.target(s, name, { within = how.within }) or name
  local args = { "press", target }
  if how.twice then args[3] = true end
  drive(s, "press", { targets.journal(args) }, function()
    local request = press_args(s, target)
    request.twice = how.twice
    call(s, "press", request)
  end)
end

---One value, journaled.
---@param label any  a name, a target, or a row
---@param t table?  a type: money, date, number
function methods:read(label, t)
  local s = self
  if targets.is_row(label) then return look(s, "read row", targets.journal { "row", label }, function() return label:ask() end) end
  return look(s, "read", { targets.journal { "read", label }, t and t.type or "text" }, function()
    local value = call(s, "read", { target = targets.plain(label, s.d.names) }).value
    return formats.read(value, t, s.formats)
  end)
end

local function rows_of(s, name)
  local answer = call(s, "table", { target = name and targets.plain(name, s.d.names) })
  local rows = {}
  for i, cells in ipairs(answer.rows) do
    local row = {}
    for c, column in ipairs(answer.columns) do row[column] = cells[c] end
    rows[i] = core._strict(row, "the row")
  end
  return rows
end

---All rows of a table, journaled: row["Balance"].
---@param name string?
function methods:table(name)
  local s = self
  return look(s, "table", { targets.journal { "table", name or "" } }, function() return rows_of(s, name) end)
end

---Lazy: exactly one row of a table, for proofs and read.
---@param name string
---@param list table  column, value, column, value …
---@param place string?  where the table is seen; without it: at home
function methods:row(name, list, place)
  targets.check_pairs(list, "row")
  local s = self
  return targets.row { screen = s, name = name, pairs = list, place = place, ask = function(row)
    session.ready(s)
    if place then
      session.home(s)
      call(s, "go", { place = session.place(s, place) })
    end
    local found = {}
    for _, r in ipairs(rows_of(s, name)) do
      if row:fits(r, function(v) return written(v, s) end) then found[#found + 1] = r end
    end
    if #found > 1 then
      errors.raise { code = "EAMBIGUOUS", text = #found .. " rows of \"" .. name .. "\" fit", seen = row:text(),
        advice = "name another column that tells them apart" }
    end
    return found[1]
  end }
end

---Lazy target, where a plain name is not enough.
---@param name string
---@param how { within: string?, near: string?, role: string?, nth: integer? }
function methods:find(name, how) return screen.target(self, name, how) end

function screen.target(_, name, how) return targets.target(name, how or {}) end

---True or false now, journaled.
function methods:has(name)
  local s = self
  return look(s, "has", { targets.journal { "has", name } }, function()
    return call(s, "has", { target = targets.plain(name, s.d.names) }).has
  end)
end

---Must show exactly this, else a system error with both.
function methods:expect(label, value)
  local s = self
  look(s, "expect", targets.journal { label, value }, function()
    call(s, "expect", { target = targets.plain(label, s.d.names), value = written(value, s) })
    return true
  end)
end

---Waits for a sight.
---@param name any
---@param how { gone: boolean?, time: string? }?
function methods:wait(name, how)
  local s = self
  how = how or {}
  local time_ms = how.time and core._duration(how.time)
  if how.time and not time_ms then use("time is a duration such as \"30s\"", tostring(how.time)) end
  drive(s, "wait", { targets.journal { "wait", name }, how.gone or false }, function()
    call(s, "wait", { target = targets.plain(name, s.d.names), gone = how.gone, time_ms = time_ms })
  end)
end

---The usual effect on a screen: enters a form once, whatever happens. Returns what the proof shows.
---@param name string
---@param form { at: string?, fill: table?, press: any, proof: any, approve: string|table|nil }
function methods:submit(name, form)
  return lang.dsl("screen_submit").run(self, name, form, function(press) return press_args(self, press) end)
end

return methods
