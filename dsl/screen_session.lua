--- screen_session - one screen during a run: opened and signed on when a word first needs it, driven, looked at, given back
--- at home. Knows the rule of replay: what is journaled is not driven again; when a new word comes, the open visit (what was
--- done since the last go) is driven again first.
local core, lang = ...
local errors = require "errors"
local journal = require "journal"
local formats = require "formats"
local targets = require "screen_targets"

local session = {}

local use = errors.use

local function keep_evidence(s, e)
  if e.picture then core._record("picture", { name = s.name .. ": " .. (e.text or "failure"), data = { file = e.picture } }) end
  if e.tree then core._record("picture", { name = s.name .. ": what was there", data = { file = e.tree } }) end
end

---One request to the driver. Waits; a failure leaves picture and tree beside the run.
function session.call(s, op, args)
  local ok, answer = pcall(s.session.call, s.session, op, args)
  if ok then return answer end
  local e = errors.of(answer)
  if not errors.is_control(e) then
    keep_evidence(s, e)
    e.text = e.text:gsub("the screen", s.name, 1)
  end
  error(answer, 0)
end
local call = session.call

---A value as the screen writes it.
function session.written(value, s) return formats.write(value, s.formats) end

---A list of labels and values as pairs for the driver.
function session.pairs(list, s)
  local out = {}
  for i = 1, #list, 2 do out[#out + 1] = { targets.plain(list[i], s.d.names), session.written(list[i + 1], s) } end
  return out
end

---A place by the name that the screen file gives it, else as it is.
function session.place(s, place) return s.d.places and s.d.places[place] or place end

function session.home(s)
  if s.d.home then call(s, "home", { title = s.d.home }) end
end

local function names_of_secrets(list)
  local names = {}
  for i = 1, #list, 2 do names[#names + 1] = core._kind(list[i + 1]) == "secret" and list[i] or nil end
  return names
end

-- What is left open after a run serves the next one of this robot only if the screen is still described like this, with
-- the same values in its sign-on.
local function identity(s)
  local d, login = s.d, s.d.login
  if not d.home or d.keep == false then return nil end
  local label = { core._this().robot, s.kind, s.name, d.start or "", d.host or "", d.dir or "", d.env or {}, d.home,
    login and login.fill or {}, login and login.press or "" }
  return { label = core._hash("session", label), seal = { login and login.fill or {}, d.env or {} },
    mask = login and names_of_secrets(login.fill) or {} }
end

local function sign_on(s)
  local login = s.d.login
  call(s, "fill", { pairs = session.pairs(login.fill, s), mask = names_of_secrets(login.fill) })
  call(s, "press", { target = login.press })
  if not s.d.home then return end
  local ok, e = pcall(call, s, "wait", { target = { name = s.d.home, role = "window" } })
  if ok then return end
  if not errors.is_control(e) then
    local secrets = names_of_secrets(login.fill)
    e.text = ("signing on to %s did not lead to \"%s\": %s"):format(s.name, s.d.home, e.text)
    e.advice = (#secrets > 0 and ("are the secrets for %s still right? deskhand secret list; "):format(table.concat(secrets, " and ")) or "") ..
      "look at the picture"
  end
  error(e, 0)
end

local function open(s)
  if s.session then return end
  local driver = core._module_of("screen:" .. s.kind)
  if not driver then use("this build has no driver for a " .. s.kind) end
  lang.fetch_secrets()
  s.session = lang.dsl(driver).screen.open(s.d, identity(s))
  lang.at_end[#lang.at_end + 1] = function(well) s.session:close(well) end
  if s.d.login and not s.session.resumed then sign_on(s) end
end

---Before a new word: the screen stands where the words before it left it.
function session.ready(s)
  local scope = core._scope()
  if s.scope and s.scope ~= scope then
    use("the screen \"" .. s.name .. "\" is used by two branches of together", "", "let one branch do all the work on it")
  end
  s.scope = scope
  open(s)
  if s.driven then return end
  s.driven = true
  if #s.visit > 0 then session.home(s) end
  for _, redo in ipairs(s.visit) do redo() end
end

---A word that drives the screen. `redo` is what it does.
function session.drive(s, word, args, redo)
  if core._live() then
    session.ready(s)
    return redo()
  end
  journal.drive(s.name .. ":" .. word, args, function()
    session.ready(s)
    redo()
  end)
  s.visit[#s.visit + 1] = redo
end

---A word that looks.
function session.look(s, word, args, live)
  return journal.read(s.name .. ":" .. word, args, function()
    session.ready(s)
    return live()
  end)
end

---What the screen shows now, kept beside the run.
function session.picture(s, name)
  if not s.session then return end -- it could not even be opened
  local shown = s.session:picture()
  if shown then core._record("picture", { name = name, data = { file = shown } }) end
end

return session
