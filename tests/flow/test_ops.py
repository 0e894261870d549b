"""What whoever runs it does to queues and to serve: pause, drain, stop."""
from flow import DESKHAND, Ledger, contains, equal, main, os, signal, time

import pty
import subprocess

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


BULK = """robot { about = "Many", cases = { key = "no" }, case = { no = text, amount = money } }
function run(case) return {} end
"""


def bulk(place, n, name="big.csv", wrong=None):
    rows = ["B-%06d,%d.00 EUR" % (i, i + 1) for i in range(n)]
    if wrong is not None:
        rows[wrong] = "B-%06d" % wrong
    place.write(name, "no,amount\n" + "\n".join(rows) + "\n")
    return place.write("bulk.lua", BULK)


def test_bulk_add(place):
    robot = bulk(place, 9000)
    r = place.run("queue", "add", robot, "big.csv")
    equal(r.returncode, 0, r.stderr)
    equal(r.stdout, "9000 added, 0 refused\n")
    contains(r.stderr, " %: ")
    equal("\r" in r.stderr, False, "no bar where there is no terminal")
    bulk(place, 9003)
    r = place.run("queue", "add", robot, "big.csv")
    equal(r.returncode, 1)
    equal(r.stdout, "3 added, 9000 refused\n")
    contains(r.stderr, "refused B-008999: B-008999 stands in the queue bulk already (new)")
    r = place.json("queue", "add", robot, "big.csv")
    equal((r["added"], len(r["refused"]), r["refused"][9002]["key"]), (0, 9003, "B-009002"))
    child = place.serve(place.write("takes.lua", QUEUE))
    place.wait_for_file(place.store + ".sock")
    place.run("queue", "pause", "bulk")
    place.write("more.jsonl", "".join('{"no": "J-%d", "amount": "1.00 EUR"}\n' % i for i in range(5000)))
    equal(place.run("queue", "add", robot, "more.jsonl").stdout, "5000 added, 0 refused\n", "through the supervisor")
    equal(place.run("stop").returncode, 0)
    child.wait(10)


def test_bulk_wrong_line(place):
    """Beyond the first piece the line is still named as in the file; what stands before its piece is in."""
    robot = bulk(place, 90000, wrong=89000)
    r = place.run("queue", "add", robot, "big.csv")
    equal(r.returncode, 1)
    contains(r.stderr, "line 89002")
    added = int(r.stdout.split(" ")[0])
    equal(0 < added < 89000, True, r.stdout)
    equal(len(place.states("bulk")), added)


def test_bulk_interrupted(place):
    robot = bulk(place, 100000)
    child = subprocess.Popen([DESKHAND, "queue", "add", robot, "big.csv"], cwd=place.dir, env=place.env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stderr.readline()  # a tenth is in
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    equal(child.returncode, 130)
    contains(err, "what is in the queue stays there")
    added = int(out.split(" ")[0])
    equal(0 < added < 100000, True, out)
    equal(len(place.states("bulk")), added, "what was told and what is in agree")
    r = place.run("queue", "add", robot, "big.csv")
    equal(r.stdout, "%d added, %d refused\n" % (100000 - added, added))


def test_bulk_bar(place):
    robot = bulk(place, 9000)
    main_fd, other = pty.openpty()
    r = subprocess.run([DESKHAND, "queue", "add", robot, "big.csv"], cwd=place.dir, env=place.env, text=True,
                       stdout=subprocess.PIPE, stderr=other, check=False)
    os.close(other)
    drawn = os.read(main_fd, 1 << 16).decode()
    os.close(main_fd)
    equal(r.stdout, "9000 added, 0 refused\n")
    contains(drawn, "\r[##")
    contains(drawn, " %  ")


def test_rank(place):
    robot = place.write("takes.lua", QUEUE)
    place.write("cases.json", '[{"key": "R-1"}, {"key": "R-2", "priority": 9, "deadline": "2027-01-02"}]')
    r = place.run("queue", "add", robot, "cases.json", "--priority", "5", "--not-before", "2031-05-01T08:00")
    equal(r.returncode, 0, r.stderr)
    seen = {c["key"]: c for c in place.json("queue", "list", "takes")}
    equal((seen["R-1"]["priority"], seen["R-2"]["priority"]), (5, 9))
    equal((seen["R-1"]["not_before"], seen["R-2"]["not_before"]), (1935388800000,) * 2)
    contains(place.run("queue", "list", "takes").stdout, "priority 5, not before 2031-05-01")
    contains(place.run("queue", "show", "takes", "R-2").stdout, "deadline 2027-01-0")
    r = place.run("queue", "add", robot, "cases.json", "--priority", "high")
    equal(r.returncode, 2)
    contains(r.stderr, "'high' is no whole number")


def test_retry_waits_grow(place):
    robot = place.write("fails.lua", 'robot { about = "Fails", retry = { times = 3, wait = "1s" } }\nfunction run() return { answer = http.get("http://127.0.0.1:9/x") } end\n')
    add(place, robot, "F-1")
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 1, r.stderr)
    run = place.json("runs")[0]["run"]
    records = place.json("show", run)["records"]
    failed = [e for e in records if e["kind"] == "failed"]
    equal(len(failed), 4)
    for e, least in zip(failed, (1000, 2000, 4000)):
        ms = min(n["at"] for n in records if n["attempt"] == e["attempt"] + 1) - e["at"]
        equal(least <= ms < 1.25 * least + 2000, True, "%d ms after try %d" % (ms, e["attempt"]))


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
