--- screen - the words for anything a robot drives: desktop, terminal, web. One vocabulary; a driver (a module) does it.
--- Rule of replay: what is journaled is not driven again; when a new word comes, the open visit (what was done since the
--- last go) is driven again first.
-- words: desktop terminal web
local core, lang = ...
local errors = require "errors"
local journal = require "journal"
local formats = require "formats"
local targets = require "screen_targets"

local screen = {}
local methods = {}
local screens = {} -- by name: one object a run

local function use(text, seen, advice) errors.raise { code = "EUSE", text = text, seen = seen or "", advice = advice or "" } end

-- ---- the description: screens/NAME.lua

local described = { start = true, login = true, home = true, go = true, formats = true, dialogs = true, changes = true,
  zone = true, settle = true, host = true, names = true, places = true, dir = true, env = true, time = true, kind = true }

local function read_description(kind, name)
  local path = "screens/" .. name .. ".lua"
  local result
  local env = setmetatable({}, { __index = function(_, k)
    if k == kind then
      return function(d)
        d.kind = kind
        return d
      end
    end
    return lang.word(k)
  end })
  local was = lang.loading
  lang.loading = true
  local chunk, why = core._load(path, env)
  if not chunk then
    if why ~= "" then core._raise(errors.of_syntax(why, core._source(path))) end
    use("there is no description of the screen \"" .. name .. "\"", "", "write " .. path .. ": return " .. kind .. " { start = … }")
  end
  result = chunk()
  lang.loading = was
  if type(result) ~= "table" or result.kind ~= kind then use(path .. " does not return " .. kind .. " { … }") end
  for k in pairs(result) do
    if not described[k] then use(path .. " says '" .. tostring(k) .. "', which no screen has") end
  end
  -- The same screen is described once for the bank's machine and for a test program. A variable of the environment
  -- cannot hold a hyphen.
  result.start = core._conf("screen." .. name .. ".start") or
    core._conf("screen." .. name:gsub("-", "_") .. ".start") or result.start
  return result
end

-- ---- the session

local function keep_evidence(s, e)
  if e.picture then core._record("picture", { name = s.name .. ": " .. (e.text or "failure"), data = { file = e.picture } }) end
  if e.tree then core._record("picture", { name = s.name .. ": what was there", data = { file = e.tree } }) end
end

local function call(s, op, args)
  local ok, answer = pcall(s.session.call, s.session, op, args)
  if ok then return answer end
  local e = errors.of(answer)
  if not errors.is_control(e) then
    keep_evidence(s, e)
    e.text = e.text:gsub("the screen", s.name, 1)
  end
  error(answer, 0)
end

local function written(value, s) return formats.write(value, s.formats) end

local function pairs_for(list, s)
  local out = {}
  for i = 1, #list, 2 do out[#out + 1] = { targets.plain(list[i], s.d.names), written(list[i + 1], s) } end
  return out
end

---A place by the name that the screen file gives it, else as it is.
local function place_of(s, place) return s.d.places and s.d.places[place] or place end

local function go_home(s)
  if s.d.home then call(s, "home", { title = s.d.home }) end
end

local function open(s)
  if s.session then return end
  local driver = core._module_of("screen:" .. s.kind)
  if not driver then use("this build has no driver for a " .. s.kind) end
  lang.fetch_secrets()
  s.session = lang.dsl(driver).screen.open(s.d)
  lang.at_end[#lang.at_end + 1] = function() s.session:close() end
  if s.d.login then
    local mask = {}
    for i = 1, #s.d.login.fill, 2 do mask[#mask + 1] = core._kind(s.d.login.fill[i + 1]) == "secret" and s.d.login.fill[i] or nil end
    call(s, "fill", { pairs = pairs_for(s.d.login.fill, s), mask = mask })
    call(s, "press", { target = s.d.login.press })
    if s.d.home then call(s, "wait", { target = { name = s.d.home, role = "window" } }) end
  end
end

---Before a new word: the screen stands where the words before it left it.
local function ready(s)
  local scope = core._scope()
  if s.scope and s.scope ~= scope then
    use("the screen \"" .. s.name .. "\" is used by two branches of together", "", "let one branch do all the work on it")
  end
  s.scope = scope
  open(s)
  if s.driven then return end
  s.driven = true
  if #s.visit > 0 then go_home(s) end
  for _, redo in ipairs(s.visit) do redo() end
end

---A word that drives the screen. `redo` is what it does.
local function drive(s, word, args, redo)
  if core._live() then
    ready(s)
    return redo()
  end
  journal.drive(s.name .. ":" .. word, args, function()
    ready(s)
    redo()
  end)
  s.visit[#s.visit + 1] = redo
end

---A word that looks.
local function look(s, word, args, live)
  return journal.read(s.name .. ":" .. word, args, function()
    ready(s)
    return live()
  end)
end

-- ---- the words

---@param place string  window or menu path, transaction, address; from home
function methods:go(place)
  if type(place) ~= "string" then use("go takes the name of a place", type(place)) end
  local s = self
  if not core._live() then s.visit, s.driven = {}, s.session ~= nil and s.driven end
  local was_open = s.session
  drive(s, "go", { place }, function()
    if was_open then go_home(s) end
    was_open = true
    call(s, "go", { place = place_of(s, place) })
  end)
end

---@param list table  label, value, label, value …: typed in this order and read back
function methods:fill(list)
  local s = self
  targets.check_pairs(list, "fill")
  drive(s, "fill", { targets.journal(list) }, function() call(s, "fill", { pairs = pairs_for(list, s) }) end)
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

---@param name any  button, menu, link, or key
---@param where string?
function methods:press(name, where)
  local s = self
  refuse_change(s, name)
  local target = where and screen.target(s, name, { within = where }) or name
  drive(s, "press", { targets.journal { "press", target } }, function() call(s, "press", press_args(s, target)) end)
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
    ready(s)
    if place then
      go_home(s)
      call(s, "go", { place = place_of(s, place) })
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

local function picture(s, name)
  local file = s.session:picture()
  if file then core._record("picture", { name = name, data = { file = file } }) end
end

local submit_fields = { at = true, fill = true, press = true, proof = true, approve = true }

local function check_submit(form)
  if type(form) ~= "table" then use("submit takes { at, fill, press, proof }", type(form)) end
  for k in pairs(form) do
    if not submit_fields[k] then
      local close = core._closest(tostring(k), { "at", "fill", "press", "proof", "approve" })
      use("submit has no '" .. tostring(k) .. "'", "at, fill, press, proof, approve", close and "did you mean '" .. close .. "'?")
    end
  end
  if not form.press then use("submit has no press") end
  if not form.proof then use("submit has no proof", "", "say what can be seen afterwards: proof = screen:row(\"Table\", { \"Column\", value })") end
  if form.fill then targets.check_pairs(form.fill, "fill") end
end

---The usual effect on a screen: enters a form once, whatever happens. Returns what the proof shows.
---@param name string
---@param form { at: string?, fill: table?, press: any, proof: any, approve: string? }
function methods:submit(name, form)
  local s = self
  check_submit(form)
  local proof = type(form.proof) == "function" and form.proof or screen.proof_of(form.proof)
  if not core._live() then s.visit, s.driven = {}, true end
  return lang.dsl("effect").run(name, {
    word = "submit",
    values = { screen = s.name, at = form.at, fill = form.fill and targets.journal(form.fill), press = targets.journal { form.press } },
    approve = form.approve,
    proof = function(context)
      s.since = context.since
      return proof(context)
    end,
    prepare = function()
      ready(s)
      go_home(s)
      if form.at then call(s, "go", { place = place_of(s, form.at) }) end
      if form.fill then call(s, "fill", { pairs = pairs_for(form.fill, s) }) end
      picture(s, name .. ": filled")
    end,
    act = function()
      s.in_effect = true
      local ok, e = pcall(call, s, "press", press_args(s, form.press))
      s.in_effect = false
      if not ok then error(e, 0) end
    end,
    idle = function() return s.session.idle ~= nil and s.session:idle(press_args(s, form.press)) end,
    after = function(happened) picture(s, name .. (happened and ": done" or ": not known")) end,
  })
end

---A lazy locator as a proof: a row, or a target or name that must be seen.
function screen.proof_of(locator)
  if targets.is_row(locator) then return function() return locator:ask() end end
  use("a proof is a row of a screen or a function", type(locator), "proof = screen:row(\"Table\", { \"Column\", value })")
end

local function screen_word(kind)
  return function(name)
    if type(name) ~= "string" then use(kind .. " takes the name of a screen", type(name), kind .. " \"loan-core\" means screens/loan-core.lua") end
    local key = kind .. ":" .. name
    if not screens[key] then
      local d = read_description(kind, name)
      screens[key] = setmetatable({ name = name, kind = kind, d = d, formats = d.formats or {}, visit = {}, driven = true },
        { __index = function(_, k)
          if methods[k] then return methods[k] end
          if k == "session" or k == "scope" or k == "in_effect" or k == "since" then return nil end
          use("a screen has no '" .. tostring(k) .. "'", "go fill press read table row find has expect wait submit")
        end })
    end
    return screens[key]
  end
end

screen.desktop, screen.terminal, screen.web = screen_word "desktop", screen_word "terminal", screen_word "web"

return screen
