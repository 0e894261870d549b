"""The end of a period: the table of results is written, then finish(batch) runs, once, whatever is killed meanwhile."""
import hashlib
import random

from flow import Ledger, contains, equal, json, main, os, processes, signal, time

MONTH = """robot { about = "Month end", cases = { from = "rows.csv", key = "no", once_a = "month", to = "out.csv" },
  case = { no = text, amount = money } }
function run(case)
  if case.amount < money "2.00 EUR" then reject("too small") end
  if case.no == "B-003" then error("broken") end
  return { amount = case.amount }
end
function finish(batch)
  local keys = {}
  for _, row in ipairs(batch:rows()) do keys[#keys + 1] = row.key .. " " .. row.state .. " " .. row.reason end
  return { keys = table.concat(keys, ","), done = batch.done, rejected = batch.rejected, failed = batch.failed, table = batch.file }
end
"""
ROWS = "no,amount\nB-001,1.00 EUR\nB-002,5.00 EUR\nB-003,6.00 EUR\n"
ENTERS = """robot { about = "Enters each loan, then says so", cases = { from = "rows.csv", key = "no", to = "out.csv" }, case = { no = text },
  retry = { times = 5, wait = "1s" } }
local function enter(name, key)
  http.post(name, {
    url = "%(url)s/entries", json = { key = key },
    proof = function()
      local answer = http.get("%(url)s/entries/" .. key, { accept = 404 })
      return answer.status == 200 and answer.json or nil
    end,
  })
end
function run(case)
  enter("the loan", case.no)
  return { entered = true }
end
function finish(batch) enter("the sum", "sum-" .. batch.done .. "-" .. batch.file.size) end
"""
QUEUE = """robot { about = "Takes what comes" }
function run(case) if case.key == "bad" then error("no") end return { key = case.key } end
function finish(batch) log("finish " .. batch.done .. " " .. batch.failed) return { done = batch.done } end
"""
ASKS = """robot { about = "Asks", zone = "%s", cases = { from = "rows.csv", key = "no", once_a = "day", to = "out.csv" }, case = { no = text } }
function run(case)
  if case.no == "ask" then return review("go on", { ask = { "yes", "no" } }) end
  return { no = case.no }
end
function finish(batch) return { period = batch.period, done = batch.done, table = batch.file.name } end
"""


def month(place):
    place.write("month/rows.csv", ROWS)
    place.write("month/robot.lua", MONTH)
    return place.dir + "/month"


def finishes(place, robot):
    return place.json("queue", "list", robot, "--finish")


def until(what, wanted, seconds=30):
    end = time.monotonic() + seconds
    while what() != wanted:
        if time.monotonic() > end:
            raise AssertionError("wanted %r, seen %r" % (wanted, what()))
        time.sleep(0.02)


def check_month(place):
    (finish,) = finishes(place, "month")
    equal(finish["state"], "done", finish["error"])
    result = finish["result"]
    equal([result["done"], result["rejected"], result["failed"]], [1, 1, 1])
    equal(result["keys"], "B-001 rejected too small,B-002 done ,B-003 failed broken")
    with open(place.dir + "/month/out.csv", "rb") as f:
        table = f.read()
    equal(table.decode().split(), "no,state,reason,amount B-001,rejected,too small, B-002,done,,5.00 EUR B-003,failed,broken,".split())
    equal(result["table"]["sha256"], hashlib.sha256(table).hexdigest(), "finish has the table as it was written")
    equal(sorted(place.states("month")), ["B-001", "B-002", "B-003"], "finish is no case")


def test_run(place):
    robot = month(place)
    for _ in range(2):
        r = place.run("run", robot)
        equal(r.returncode, 1, r.stderr)
        contains(r.stdout, "month: 1 done, 1 rejected, 1 failed, finish: 1 done")
        check_month(place)
    contains(place.run("queue", "list", robot, "--finish").stdout, "(finish)")


def test_serve_until_idle(place):
    robot = month(place)
    for _ in range(2):
        r = place.run("serve", "--until-idle", "--allow-root", robot)
        equal(r.returncode, 1, r.stderr)
        contains(r.stdout, "1 done, 1 rejected, 1 failed, 0 parked, finish: 1 done")
        check_month(place)
    r = place.run("serve", "--until-idle", "--allow-root", "--json", robot)
    equal(json.loads(r.stdout.strip().split("\n")[-1])["finish"], {"done": 1})


def test_later_cases_do_not_finish_again(place):
    robot = place.write("takes.lua", QUEUE)
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    place.run("queue", "add", robot, place.write("c.json", '[{"key": "C-1"}, {"key": "bad"}]'))
    until(lambda: [f["state"] for f in finishes(place, "takes")], ["done"])
    equal(finishes(place, "takes")[0]["result"], {"done": 1})
    place.run("queue", "add", robot, place.write("c.json", '{"key": "C-2"}'))
    until(lambda: place.states("takes").get("C-2"), "done")
    until(lambda: "run once and not again" in place.read("log"), True)
    contains(place.read("log"), "takes: cases were added or tried again after finish(batch) (done)")
    before = place.read("log").count("not again")
    place.run("queue", "retry", robot, "bad")
    until(lambda: place.read("log").count("not again"), before + 1)
    equal(len(finishes(place, "takes")), 1)
    equal(finishes(place, "takes")[0]["result"], {"done": 1})
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 1, "a case has failed")


def test_the_table_stands_while_serving(place):
    robot = month(place)
    place.serve(robot)
    until(lambda: [f["state"] for f in finishes(place, "month")], ["done"])
    check_month(place)


def test_no_finish_before_its_table(place):
    robot = month(place)
    place.write("month/robot.lua", MONTH.replace('"out.csv"', '"not/yet/out.csv"'))
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 1)
    contains(r.stderr, "results of month 20")
    equal(finishes(place, "month"), [])
    r = place.run("run", robot)
    contains(r.stderr, "not/yet/out.csv")
    equal(finishes(place, "month"), [])
    os.makedirs(robot + "/not/yet")
    place.run("serve", "--until-idle", "--allow-root", robot)
    equal(finishes(place, "month")[0]["state"], "done")
    equal(len(place.read("month/not/yet/out.csv").strip().split("\n")), 4)


def test_finish_that_fails(place):
    """It is tried again like any case, is an exit code, and goes on by hand."""
    robot = place.write("takes.lua", QUEUE.replace('log("finish "', 'error("no mail "'))
    place.run("queue", "add", robot, place.write("c.json", '{"key": "C-1"}'))
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 1, r.stderr)
    contains(r.stdout, "1 done, 0 rejected, 0 failed, 0 parked, finish: 1 failed")
    equal(place.run("queue", "retry", robot, "(finish)").returncode, 0)
    equal(finishes(place, "takes")[0]["state"], "retrying")


def test_a_period_that_ends_late(place):
    """Yesterday's last case ends today: its table lies beside today's, under its period."""
    place.write("asks/rows.csv", "no\nask\nA-1\n")
    place.write("asks/robot.lua", ASKS % "Pacific/Pago_Pago")
    robot = place.dir + "/asks"
    equal(place.run("run", robot).returncode, 4)
    equal(finishes(place, "asks"), [])
    place.write("asks/rows.csv", "no\nA-1\nA-2\n")
    place.write("asks/robot.lua", ASKS % "Pacific/Kiritimati")  # where it is the next day already
    place.run("run", robot)
    (today,) = finishes(place, "asks")
    equal(today["result"]["done"], 2)
    equal(len(place.read("asks/out.csv").strip().split("\n")), 3)
    number = str(place.json("review", "list")[0]["id"])
    place.run("review", "answer", number, "yes")
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 0, r.stderr)
    late = [f for f in finishes(place, "asks") if f["period"] != today["period"]][0]
    equal(late["result"], {"period": late["period"], "done": 2, "table": "out.%s.csv" % late["period"]})
    contains(place.read("asks/out.%s.csv" % late["period"]), "ask,done")
    equal("ask" in place.read("asks/out.csv"), False)


def test_nobody_else_is_called_finish(place):
    r = place.run("queue", "add", place.write("takes.lua", QUEUE), place.write("c.json", '{"key": "(finish)"}'))
    equal(r.returncode, 1)
    contains(r.stderr, "cannot be called (finish)")


def kill_tree(child, rng):
    tree = processes("launcher", child.pid) + processes("worker", child.pid) + processes("intake", child.pid) + [child.pid]
    for pid in rng.sample(tree, len(tree)):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    child.wait()


def enters(place, ledger, name, rows):
    place.write(name + "/robot.lua", ENTERS % {"url": ledger.url})
    place.write(name + "/rows.csv", "no\n" + "".join("%s-%02d\n" % (name, i) for i in range(rows)))
    return place.dir + "/" + name


def each_once(place, ledger, name, rows):
    size = os.path.getsize(place.dir + "/%s/out.csv" % name)
    wanted = {"%s-%02d" % (name, i): 1 for i in range(rows)}
    wanted["sum-%d-%d" % (rows, size)] = 1
    equal({k: v for k, v in ledger.counts().items() if k.startswith((name + "-", "sum-%d-" % rows))}, wanted)
    equal([f["state"] for f in finishes(place, name)], ["done"])


def killed_until_done(place, *command):
    """All is killed at random moments, again and again, until it comes to its end: each thing has happened once."""
    ledger, rng, rows, kills = Ledger(0.05), random.Random(7), 48, 0
    robot = enters(place, ledger, "enters", rows)
    while kills < 12:
        before = len(ledger.counts())
        child = place.start(*command, robot)
        if kills < 4:  # these fall while effects are under way, however fast the machine is
            ledger.wait_for(min(before + 1 + rng.randrange(4), rows - 1))
        else:
            time.sleep(rng.uniform(0.03, 0.25))
        if child.poll() is not None:
            break
        kill_tree(child, rng)
        kills += 1
    r = place.run(*command, robot)
    equal(r.returncode, 0, r.stderr)
    equal(kills > 3, True, "%d kills" % kills)
    each_once(place, ledger, "enters", rows)
    ledger.close()


def test_serve_killed_at_any_moment(place):
    killed_until_done(place, "serve", "--until-idle", "--allow-root")


def test_run_killed_at_any_moment(place):
    killed_until_done(place, "run")


def test_killed_at_the_end(place):
    """Killed between the last case's effect and the end of finish, at a moment that differs each time."""
    ledger, rng = Ledger(), random.Random(11)
    for i in range(16):
        rows, name = 2 + i, "end%02d" % i
        robot = enters(place, ledger, name, rows)
        command = ("run",) if i % 2 else ("serve", "--until-idle", "--allow-root")
        before = len(ledger.counts())
        child = place.start(*command, robot)
        ledger.wait_for(before + rows)
        time.sleep(rng.uniform(0, 0.04))
        kill_tree(child, rng)
        r = place.run(*command, robot)
        equal(r.returncode, 0, r.stderr)
        each_once(place, ledger, name, rows)
    ledger.close()


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
