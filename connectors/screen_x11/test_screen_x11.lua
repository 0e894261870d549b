local t = require "test"
local host = require "host"
local screen = require("screen_x11").screen
local sight = require "screen_x11.sight"

local form = {
  start = "yad --form --title=Customer --field=Name '' --field=Town '' --field=Amount:NUM 1 --field=Firm:CHK FALSE",
  home = "Customer",
}

---A session for the length of f.
local function with(description, f)
  local s = screen.open(description)
  local ok, e = pcall(f, s)
  s:close()
  if not ok then error(e, 0) end
end

t.case("fills, reads, finds, presses", function()
  with(form, function(s)
    local answer = s:call("fill", { pairs = { { "Name", "Zoë 北京" }, { "Amount", "42" }, { "Firm", true } } })
    t.eq(answer.filled, 3)
    t.eq(s:call("read", { target = "Name" }).value, "Zoë 北京")
    t.eq(s:call("read", { target = "Firm" }).value, true)
    t.eq(s:call("has", { target = "OK" }).has, true)
    t.eq(s:call("has", { target = "Delete" }).has, false)
    t.eq(s:call("find", { target = { name = "Town", role = "text" } }).label, "Town")
    t.eq(s:call("press", { target = "OK" }).pressed, "OK")
    t.eq(t.raises(s.call, s, "read", { target = "Name" }).code, "EUNAVAILABLE")
  end)
end)

t.case("says what failed, with a picture and the tree", function()
  with(form, function(s)
    local e = t.raises(s.call, s, "fill", { pairs = { { "Nam", "x" } }, time_ms = 300 })
    t.eq(e.code, "ENOENT")
    t.eq(e.advice, 'write "Name"')
    t.ok(e.picture and e.picture.size > 1000, "a picture")
    t.ok(e.tree and e.tree.size > 100, "a tree")
    t.eq(t.raises(s.call, s, "juggle", {}).code, "EUSE")
    t.ok(s:picture().size > 1000, "a picture on request")
  end)
end)

t.case("two that fit are listed", function()
  with({ start = "yad --form --field=Sum '' --field=Sum ''" }, function(s)
    local e = t.raises(s.call, s, "read", { target = "Sum" })
    t.eq(e.code, "EAMBIGUOUS")
    t.ok(e.seen:find("1. Sum (text)", 1, true) and e.seen:find("2. Sum (text)", 1, true), e.seen)
  end)
end)

t.case("a program that is not there, and a closed session", function()
  local e = t.raises(screen.open, { start = "/nowhere/at-all" })
  t.eq(e.code, "ENOENT")
  t.eq(t.raises(screen.open, {}).code, "EUSE")
  local s = screen.open(form)
  s:close()
  s:close()
  t.eq(t.raises(s.call, s, "windows", {}).code, "ECLOSED")
end)

-- What a run leaves behind and the next one finds: identity, how the run ended, what the next one brings.
local function left_then(identity, well, next_identity)
  local s = screen.open(form, identity)
  t.eq(s.resumed, false)
  s:call("fill", { pairs = { { "Name", "left behind" } } })
  s:close(well)
  s = screen.open(form, next_identity)
  local value = s:call("read", { target = "Name" }).value
  local resumed = s.resumed
  s:close(false)
  return resumed, value
end

t.case("a program is left signed on for the same robot, and for nobody else", function()
  local mine = { label = "mine", seal = { "clerk", "secret" } }
  t.eq({ left_then(mine, true, mine) }, { true, "left behind" })
  t.eq({ left_then(mine, false, mine) }, { false, "" }) -- the run has failed
  t.eq({ left_then(nil, true, nil) }, { false, "" }) -- no home, nothing to sign on to: nothing is kept
  t.eq({ left_then(mine, true, { label = "another", seal = mine.seal }) }, { false, "" })
  t.eq({ left_then({ label = "changed", seal = { "clerk", "old" } }, true, { label = "changed", seal = { "clerk", "new" } }) }, { false, "" })
end)

t.case("a failure while it was driven, or no way home, and it is not kept", function()
  local s = screen.open(form, { label = "failed", seal = {} })
  t.raises(s.call, s, "read", { target = "Godot", time_ms = 50 })
  s:close(true)
  s = screen.open(form, { label = "failed", seal = {} })
  t.eq(s.resumed, false)
  s:call("press", { target = "Cancel" }) -- the program ends
  s:close(true)
  s = screen.open(form, { label = "failed", seal = {} })
  t.eq(s.resumed, false)
  s:close()
end)

t.case("desks and readers are not chosen by labels nobody knows", function()
  local e = t.raises(host.lend, "desk", { floor = "2" })
  t.eq(e.code, "EUSE")
  t.eq(e.text, 'a desk is not chosen by "floor"')
  t.eq(t.raises(host.lend, "reader", { session = "x" }).seen, "it has no labels")
  t.eq(t.raises(host.lend, "desk", { session = "" }).code, "EUSE")
end)

t.case("goes by text on the picture", function()
  with({ start = "yad --form --title=Customer --text='Posting period is closed' --field=Name ''" }, function(s)
    t.eq(s:call("has", { target = { name = "Posting period", text = true } }).has, true)
    t.eq(s:call("has", { target = { name = "Godot", text = true } }).has, false)
    t.ok(s:call("find", { target = { name = "period is closed", text = true } }).w > 50, "a box")
    local e = t.raises(s.call, s, "press", { target = { name = "Submit", text = true }, time_ms = 300 })
    t.eq(e.code, "ENOENT")
    t.ok(e.seen:find("Cancel", 1, true), e.seen)
    t.eq(t.raises(s.call, s, "table", { target = { name = "Name", text = true } }).code, "EUSE")
    s:call("press", { target = { name = "Cancel", text = true } })
    t.eq(t.raises(s.call, s, "read", { target = "Name" }).code, "EUNAVAILABLE")
  end)
end)

local function named(name) return { name = name, text = true } end

t.case("a window that tells nothing of itself is filled and read by the picture", function()
  with({ start = "connectors/screen_x11/fixtures/blind.tcl" }, function(s)
    local answer = s:call("fill", { pairs = { { named "Account", "DE-4711 / 22" }, { named "Holder", "Mueller & Sons" },
      { named "Amount", "12,500.00" } } })
    t.eq(answer.filled, 3)
    t.eq(answer.unread, {})
    t.eq(s:call("read", { target = named "Amount" }).value, "12,500.00")
    t.eq(s:call("read", { target = named "Holder" }).value, "Mueller & Sons")
    t.eq(s:call("read", { target = named "State" }).value, "open")
    s:call("fill", { pairs = { { named "Amount", "7.50" } } }) -- what stood there is gone
    s:call("expect", { target = named "Amount", value = "7.50" })
    local e = t.raises(s.call, s, "expect", { target = named "Amount", value = "7.60" })
    t.eq(e.seen, "expected: 7.60   seen: 7.50")
    s:call("press", { target = named "Save" })
    s:call("wait", { target = named "saved" })
    t.eq(t.raises(s.call, s, "fill", { pairs = { { named "Account", true } } }).code, "EUSE")
    e = t.raises(s.call, s, "fill", { pairs = { { named "Iban", "x" } }, time_ms = 500 })
    t.eq(e.code, "ENOENT")
    t.ok(e.seen:find("Holder", 1, true), e.seen)
  end)
end)

t.case("a secret typed by the picture is in no picture", function()
  with({ start = "connectors/screen_x11/fixtures/blind.tcl" }, function(s)
    t.secret("test.account", "DE-4711")
    t.eq(s:call("fill", { pairs = { { named "Account", host.secret "test.account" } } }).unread, { "Account" })
    t.eq(t.raises(s.call, s, "expect", { target = named "Account", value = "DE-4711", time_ms = 500 }).code, "EMISMATCH")
  end)
end)

-- A list of 200 rows, of which most are scrolled away; a double click prints the row and ends the program.
local list = { start = "yad --list --title=Loans --width=400 --height=300 --column=No --column=Sum --column=Town" .. (function()
  local cells = {}
  for i = 1, 200 do cells[i] = (" L-%d %d Town%d"):format(i, i % 50, i % 2) end
  return table.concat(cells)
end)() }

local function row(pairs, column) return { row = pairs, column = column } end

t.case("a row is pressed, and opened by a double click, also one that is scrolled away", function()
  with(list, function(s)
    s:call("press", { target = row { { "No", "L-3" } } })
    s:call("press", { target = row({ { "Sum", "7" }, { "No", "L-157" } }, "Town") })
    t.eq(t.raises(s.call, s, "press", { target = row { { "Sum", "7" } }, time_ms = 300 }).code, "EAMBIGUOUS")
    t.eq(t.raises(s.call, s, "press", { target = row { { "No", "L-900" } }, time_ms = 300 }).code, "ENOENT")
    local e = t.raises(s.call, s, "press", { target = row { { "Number", "L-9" } }, time_ms = 300 })
    t.eq(e.seen, "No, Sum, Town")
    s:call("press", { target = row { { "No", "L-199" } }, twice = true })
    t.eq(t.raises(s.call, s, "table", {}).code, "EUNAVAILABLE") -- it has ended
  end)
end)

t.case("text on a picture is found word by word", function()
  local words = {
    { text = "New", box = { 10, 5, 30, 12 }, line = 1, block = 1 },
    { text = "loan…", box = { 45, 5, 40, 14 }, line = 1, block = 1 },
    { text = "New", box = { 10, 40, 30, 12 }, line = 2, block = 1 },
  }
  t.eq(sight.places(words, "New loan"), { { x = 10, y = 5, w = 75, h = 14 } })
  t.eq(#sight.places(words, "new"), 2)
  t.eq(#sight.places(words, "loan new"), 0)
end)
