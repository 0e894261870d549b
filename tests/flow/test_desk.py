"""Desks under serve: many at a time, and whoever dies, the bank's own database holds each approval exactly once."""
import sqlite3
import subprocess

from flow import ROOT, equal, gone, main, os, processes, signal, time

LOAN_CORE = os.environ.get("LOAN_CORE", os.path.join(ROOT, "build", "examples", "loan-core"))
SCREEN = """return desktop {
  start   = "%s",
  env     = { LOAN_CORE_DB = "%s", LOAN_CORE_USERS = "clerk:secret" },
  login   = { fill = { "User", "clerk", "Password", secret "core.password" }, press = "Sign in" },
  home    = "Loan Core",
  formats = { money = "1,234.56", date = "dd/mm/yyyy" },
  dialogs = { "Are you sure*", "Yes" },
}
"""
ROBOT = """robot { about = "Enters", retry = { times = 3, wait = "1s" }, cases = { from = "rows.csv", key = "no" }, case = { no = text, who = text, amount = money } }
local core = desktop "loan-core"
function run(case)
  local entry = core:submit("enter the approval", {
    at = "New approval", fill = { "Application", case.no, "Applicant", case.who, "Amount", case.amount },
    press = "Submit", proof = core:row("Approvals", { "Application", case.no }),
  })
  return { receipt = entry["Receipt no"] }
end
"""


def prepare(place, n, name="enter", program=LOAN_CORE):
    place.bank = os.path.join(place.dir, "bank.db")
    place.write("screens/loan-core.lua", SCREEN % (program, place.bank))
    place.write(name + "/robot.lua", ROBOT)
    place.write(name + "/rows.csv", "no,who,amount\n" + "".join("A-%02d,Firm %d,%d.00 EUR\n" % (i, i, 100 + i) for i in range(n)))
    equal(place.run("secret", "set", "core.password", stdin="secret").returncode, 0)
    return place.dir + "/" + name


def counting(place):
    """The program behind a script that writes a line for each start of it."""
    place.write("program", "#!/bin/sh\necho started >> %s/starts\nexec %s\n" % (place.dir, LOAN_CORE))
    os.chmod(place.dir + "/program", 0o755)
    return place.dir + "/program"


def starts(place):
    return place.read("starts").count("started")


def approvals(place):
    try:
        with sqlite3.connect("file:%s?mode=ro" % place.bank, uri=True) as db:
            return db.execute("SELECT application, amount_minor FROM approvals ORDER BY application").fetchall()
    except sqlite3.Error:
        return []


def wait_for(place, n, child, seconds=90):
    end = time.monotonic() + seconds
    while len(approvals(place)) < n:
        equal(time.monotonic() < end and child.poll() is None, True, "%d approvals" % n)
        time.sleep(0.05)


def all_once(place, n):
    equal(approvals(place), [("A-%02d" % i, (100 + i) * 100) for i in range(n)])
    equal(set(place.states("enter").values()), {"done"})


def displays(place):
    """Display servers whose home lies in this place's world: those of our desks."""
    found = subprocess.run(["pgrep", "-x", "Xvfb"], capture_output=True, text=True, check=False).stdout.split()
    ours = []
    for pid in found:
        try:
            with open("/proc/%s/environ" % pid, "rb") as f:
                if place.dir.encode() in f.read():
                    ours.append(int(pid))
        except OSError:
            pass
    return ours


def test_desks_in_parallel(place):
    robot = prepare(place, 4)
    child = place.serve("--until-idle", robot)
    equal(child.wait(100), 0, place.read("log"))
    all_once(place, 4)
    equal(displays(place), [])


def test_program_is_kept_for_the_next_run(place):
    robot = prepare(place, 5, program=counting(place))
    equal(place.serve("--until-idle", robot, env={"DESKHAND_DESKS": "1"}).wait(100), 0, place.read("log"))
    all_once(place, 5)
    equal(starts(place), 1, "one sign-on for all")
    equal(displays(place), [])


def test_kept_no_longer_than_said(place):
    robot = prepare(place, 5, program=counting(place))
    equal(place.serve("--until-idle", robot, env={"DESKHAND_DESKS": "1", "DESKHAND_DESKS_RUNS": "2"}).wait(100), 0, place.read("log"))
    all_once(place, 5)
    equal(starts(place), 3, "2 + 2 + 1")


def test_kept_until_it_is_old(place):
    robot = prepare(place, 1)
    child = place.serve(robot, env={"DESKHAND_DESKS_AGE": "4s", "DESKHAND_DESKS_WARM": "0"})
    wait_for(place, 1, child)
    desks = processes("desk", child.pid)
    equal([gone(pid, 20) for pid in desks], [True] * len(desks), "nobody needs it, and it ends")
    child.terminate()
    child.wait(20)


def test_failed_run_leaves_nothing(place):
    robot = prepare(place, 3, program=counting(place))
    place.write("enter/robot.lua", ROBOT.replace("  return {", "  if case.no == 'A-00' then error('no') end\n  return {").replace("times = 3", "times = 1"))
    equal(place.serve("--until-idle", robot, env={"DESKHAND_DESKS": "1"}).wait(100), 1, place.read("log"))
    equal(approvals(place), [("A-%02d" % i, (100 + i) * 100) for i in range(3)])
    equal(starts(place), 2, "the one that failed took its desk with it")


def test_robots_share_no_desk(place):
    one = prepare(place, 2, program=counting(place))
    other = prepare(place, 2, "other", counting(place))
    place.write("other/rows.csv", "no,who,amount\nB-00,Firm,1.00 EUR\nB-01,Firm,1.00 EUR\n")
    equal(place.serve("--until-idle", one, other, env={"DESKHAND_DESKS": "2"}).wait(100), 0, place.read("log"))
    equal([a for a, _ in approvals(place)], ["A-00", "A-01", "B-00", "B-01"])
    equal(starts(place) >= 2, True, "each has its own")


def test_worker_killed(place):
    robot = prepare(place, 6)
    child = place.serve("--until-idle", robot)
    for n in (1, 3):
        wait_for(place, n, child)
        for pid in processes("worker", child.pid):
            os.kill(pid, signal.SIGKILL)
    equal(child.wait(150), 0, place.read("log"))
    all_once(place, 6)


def test_desk_killed(place):
    robot = prepare(place, 3)
    child = place.serve("--until-idle", robot, env={"DESKHAND_DESKS": "1"})
    end = time.monotonic() + 30
    while not processes("desk", child.pid) and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.5)  # somewhere in its start
    for pid in processes("desk", child.pid):
        os.kill(pid, signal.SIGKILL)
    equal(child.wait(150), 0, place.read("log"))  # the run failed, no other, and was tried again
    all_once(place, 3)


def test_supervisor_killed(place):
    robot = prepare(place, 4)
    child = place.serve(robot)
    wait_for(place, 1, child)
    desks = processes("desk", child.pid)
    child.kill()
    child.wait()
    for pid in desks:
        equal(gone(pid), True, "desk %d" % pid)
    equal(place.run("serve", "--until-idle", "--allow-root", robot, timeout=150).returncode, 0)
    all_once(place, 4)
    equal(displays(place), [])


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
