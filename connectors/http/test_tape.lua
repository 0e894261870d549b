--- Record and replay: the same answers, and so the same journal, without network and without secrets on the disk.
local t = require "test"
local files = require "files"

local plain = t.server "tests/fakes/plain.py"
local robot, tape = t.fixture "replays", t.temp()

local function result(run)
  t.eq(run.status, 0, run.err)
  return run.result.out
end

t.case("a replay gives what the recording got", function()
  local recorded = result(t.run { robot = robot, case = { key = "first", url = plain.url }, record = tape,
    conf = { ["hosts.loopback"] = "yes" } })
  local replayed = result(t.run { robot = robot, case = { key = "second", url = plain.url }, replay = tape })
  t.eq(#recorded, 11)
  t.eq(replayed, recorded)
  t.eq(recorded[2].headers["set-cookie"], "***")
  t.eq(recorded[9].code, "EUNAVAILABLE")
  t.eq(recorded[10].json, { number = 3 })
end)

t.case("a recording holds no credentials", function()
  t.conf { ["files.roots"] = tape }
  local names = files.list "*.json"
  t.eq(#names, 11)
  for _, name in ipairs(names) do
    local text = files.read(name)
    t.ok(not text:find("0815", 1, true) and not text:find("topsecret", 1, true), name)
  end
end)

t.case("what is not recorded names the nearest", function()
  local out = result(t.run { robot = robot, case = { key = "third", url = plain.url, wrong = "/hellx" }, replay = tape })
  t.eq(out[12].code, "ENOENT")
  t.ok(out[12].seen:find("nearest: GET " .. plain.url .. "/hello, in " .. tape .. "/0001.json", 1, true), out[12].seen)
end)

t.case("a folder without a recording is said", function()
  local run = t.run { robot = robot, case = { key = "fourth", url = plain.url }, replay = t.temp() .. "/none" }
  t.ok(run.status ~= 0 or result(run)[1].code == "ENOENT", run.out)
end)
