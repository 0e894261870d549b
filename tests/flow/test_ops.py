"""What whoever runs it does to queues and to serve: pause, drain, stop."""
from flow import Ledger, contains, equal, main, os, signal, time

QUEUE = 'robot { about = "Takes what comes" }\nfunction run(case) return { key = case.key } end\n'
ASKS = """robot { about = "Asks" }
function run(case)
  local answer = review("go on", { ask = { "yes", "no" } })
  return { answer = answer.decision }
end
"""
ENTERS = """robot { about = "Enters twice", case = { id = text } }
local function enter(key)
  http.post("enter " .. key, {
    url = "%s/entries", json = { key = key },
    proof = function()
      local answer = http.get("%s/entries/" .. key, { accept = 404 })
      return answer.status == 200 and answer.json or nil
    end,
  })
end
function run(case)
  enter(case.id .. "-1")
  enter(case.id .. "-2")
  return { id = case.id }
end
"""


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        equal(time.monotonic() < end, True, "it has not come to pass in %d s" % seconds)
        time.sleep(0.05)


def add(place, robot, *keys):
    text = "[%s]" % ", ".join('{"key": "%s"}' % key for key in keys)
    r = place.run("queue", "add", robot, place.write("cases.json", text))
    equal(r.returncode, 0, r.stderr)


def queue_checks(place):
    return [c["text"] for c in place.json("doctor")["checks"] if c["name"] == "queue"]


def test_pause(place):
    robot = place.write("takes.lua", QUEUE)
    r = place.run("queue", "pause", "takse")
    equal(r.returncode, 1, "a name that was never seen")
    add(place, robot, "P-1")
    r = place.run("queue", "pause", robot)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "the queue takes is paused since ")
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "1 new, 0 leased")
    r = place.run("queue", "list", "takes")
    contains(r.stderr, "1 new ones are kept back (deskhand queue resume takes)")
    equal(place.states("takes"), {"P-1": "new"})
    contains(queue_checks(place)[0], "takes is paused since ")
    r = place.run("run", robot, "--case", place.write("one.json", '{"key": "P-2"}'))
    equal(r.returncode == 0, False, "a named case of a paused queue")
    contains(r.stderr, "the queue takes is paused")
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    add(place, robot, "P-3")
    equal(place.states("takes")["P-3"], "new")
    equal(place.run("queue", "resume", "takes").stdout, "the queue takes goes on\n")
    until(lambda: place.states("takes")["P-3"] == "done")
    equal(place.states("takes")["P-1"], "done")
    equal(queue_checks(place), [])
    child.send_signal(signal.SIGTERM)
    child.wait(20)


def test_drain(place):
    robot = place.write("asks.lua", ASKS)
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    add(place, robot, "D-1")
    until(lambda: place.states("asks")["D-1"] == "waiting")
    r = place.run("queue", "drain", "asks")
    contains(r.stdout, "1 cases go on to their end, 1 of them wait; 0 new ones are kept back")
    add(place, robot, "D-2")
    equal(place.run("review", "answer", str(place.json("review", "list")[0]["id"]), "yes").returncode, 0)
    until(lambda: place.states("asks")["D-1"] == "done")
    equal(place.states("asks")["D-2"], "new")
    contains(place.run("queue", "list", "asks").stderr, "is drained since ")
    equal(place.run("stop").returncode, 0)
    equal(child.wait(20), 0)


def test_stop(place):
    robot = place.write("asks.lua", ASKS)
    r = place.run("stop")
    equal(r.returncode, 1)
    contains(r.stderr, "no serve works on the store")
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    add(place, robot, "S-1")
    until(lambda: place.states("asks")["S-1"] == "waiting")
    r = place.run("stop")
    equal(r.returncode, 0, r.stderr)
    equal(r.stdout, "stopped; left: 0 new, 0 leased, 0 retrying, 1 waiting, 0 parked\n")
    equal(child.wait(1), 0, "the command waits for the end")


def test_stop_drain(place):
    """The effect that has begun is finished, the next one is not begun, the rest is put back and goes on later."""
    ledger = Ledger(delay_s=1.0)
    robot = place.write("enters.lua", ENTERS % (ledger.url, ledger.url))
    cases = "[%s]" % ", ".join('{"id": "E-%d"}' % i for i in range(12))
    equal(place.run("queue", "add", robot, place.write("cases.json", cases)).returncode, 0)
    child = place.serve(robot)
    ledger.wait_for(1)
    r = place.run("stop", "--drain")
    equal(r.returncode, 0, r.stderr)
    equal(child.wait(1), 0)
    contains(r.stderr, "waiting for effects that have begun: ")
    contains(r.stdout, "0 leased")
    begun = ledger.counts()
    equal(any(key.endswith("-2") for key in begun), False, "no second effect is begun")
    runs = {r["key"]: r["run"] for r in place.json("runs") if r["run"]}
    for key in begun:
        effects = place.json("show", runs[key[:-2]])["effects"]
        equal([e["state"] for e in effects], ["confirmed"], "what has begun is finished")
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "12 done")
    equal(set(ledger.counts().values()), {1})
    equal(len(ledger.counts()), 24)
    ledger.close()


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
