"""Processes die in the middle of the work; the bank's own book, the ledger, must show each entry exactly once."""
from flow import Ledger, contains, equal, gone, main, os, processes, signal, time

ENTERS = """robot { about = "Enters each loan in the ledger", cases = { from = "rows.csv", key = "no" }, case = { no = text } }
function run(case)
  http.post("enter the loan", {
    url = "%s/entries", json = { key = case.no },
    proof = function()
      local answer = http.get("%s/entries/" .. case.no, { accept = 404 })
      return answer.status == 200 and answer.json or nil
    end,
  })
  return { entered = true }
end
"""
HANGS = """robot { about = "Hangs or not", case = { id = text, hang = flag } }
function run(case)
  if case.hang then while true do end end
  return { id = case.id }
end
"""


def robot(place, ledger, n):
    place.write("enters/robot.lua", ENTERS % (ledger.url, ledger.url))
    place.write("enters/rows.csv", "no\n" + "".join("E-%02d\n" % i for i in range(n)))
    return place.dir + "/enters"


def all_once(place, ledger, n, child=None):
    """Ends the work with whatever is left of it, then counts."""
    if child:
        equal(child.wait(120), 0, place.read("log")[-3000:])
    equal(place.states("enters"), {"E-%02d" % i: "done" for i in range(n)})
    equal(ledger.counts(), {"E-%02d" % i: 1 for i in range(n)})


def test_worker_killed(place):
    ledger, n = Ledger(0.05), 30
    child = place.serve("--until-idle", "--workers", "2", robot(place, ledger, n))
    killed = 0
    while child.poll() is None and killed < 4:
        ledger.wait_for(min(n, 4 * (killed + 1)))
        for pid in processes("worker", child.pid)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed += 1
    all_once(place, ledger, n, child)
    equal(killed >= 3, True, "workers were there to be killed: %d" % killed)
    crashes = sum(c["crashes"] for c in place.json("queue", "list", "enters"))
    equal(crashes > 0, True, "runs were taken up again")
    ledger.close()


def test_supervisor_killed(place):
    ledger, n = Ledger(0.05), 30
    path = robot(place, ledger, n)
    for i in range(3):
        child = place.serve("--workers", "2", path)
        ledger.wait_for(6 * (i + 1))
        child.kill()
        child.wait()
    all_once(place, ledger, n, place.serve("--until-idle", "--workers", "2", path))
    ledger.close()


def test_all_killed_at_once(place):
    ledger, n = Ledger(0.05), 20
    path = robot(place, ledger, n)
    child = place.serve("--workers", "2", path)
    ledger.wait_for(5)
    for pid in processes("launcher", child.pid) + processes("worker", child.pid) + [child.pid]:
        os.kill(pid, signal.SIGKILL)
    child.wait()
    all_once(place, ledger, n, place.serve("--until-idle", "--workers", "2", path))
    ledger.close()


def test_run_killed(place):
    ledger = Ledger(0.3)
    path = robot(place, ledger, 6)
    for i in range(2):
        child = place.start("run", path)
        ledger.wait_for(i + 1)
        child.kill()
        child.wait()
    r = place.run("run", path)
    equal(r.returncode, 0, r.stderr)
    all_once(place, ledger, 6)
    ledger.close()


def test_terminated_and_resumed(place):
    ledger, n = Ledger(0.05), 20
    path = robot(place, ledger, n)
    child = place.serve("--workers", "2", path)
    ledger.wait_for(5)
    child.send_signal(signal.SIGTERM)
    equal(child.wait(15), 0)
    all_once(place, ledger, n, place.serve("--until-idle", path))
    ledger.close()


def test_old_tree_is_waited_for(place):
    """A stopped child of a killed supervisor holds the lock: the next supervisor ends it."""
    ledger = Ledger()
    path = robot(place, ledger, 2)
    child = place.serve("--workers", "1", path)
    ledger.wait_for(2)
    workers, launchers = processes("worker", child.pid), processes("launcher", child.pid)
    for pid in launchers + workers:
        os.kill(pid, signal.SIGSTOP)
    child.kill()
    child.wait()
    r = place.run("serve", "--until-idle", "--allow-root", path)
    equal(r.returncode, 0, r.stderr)
    contains(r.stderr, "supervisor before is still here")
    for pid in launchers + workers:
        equal(gone(pid), True)
    ledger.close()


def test_a_run_that_hangs_fails_alone(place):
    path = place.write("hangs.lua", HANGS)
    cases = '[{"id": "H-1", "hang": true}' + "".join(', {"id": "G-%d", "hang": false}' % i for i in range(20)) + "]"
    place.run("queue", "add", path, place.write("c.json", cases))
    begun = time.monotonic()
    r = place.run("serve", "--until-idle", "--allow-root", "--workers", "2", path, env={"DESKHAND_LIMIT_SLICE": "2s"})
    took = time.monotonic() - begun
    equal(r.returncode, 1, r.stderr)
    states = place.states("hangs")
    equal(states.pop("H-1"), "failed", r.stderr)
    equal(set(states.values()), {"done"})
    contains(str(place.json("queue", "show", "hangs", "H-1")["error"]), "time")
    equal(took < 8, True, "it took %.1f s" % took)


def test_a_worker_that_crashes_parks_its_run(place):
    """The death of a worker by its own signal is charged to the run on its CPU, and after three to nobody else's cost."""
    path = place.write("hangs.lua", HANGS)
    place.run("queue", "add", path, place.write("c.json", '[{"id": "H-1", "hang": true}, {"id": "G-1", "hang": false}]'))
    child = place.serve("--until-idle", "--workers", "1", path)
    for _ in range(3):
        end = time.monotonic() + 20
        hit = False
        while not hit and time.monotonic() < end and child.poll() is None:
            for pid in processes("worker", child.pid):
                with open("/proc/%d/stat" % pid) as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "R":
                        time.sleep(0.3)  # the run has begun and is on the CPU by now
                        os.kill(pid, signal.SIGSEGV)
                        hit = gone(pid)
                        break
            time.sleep(0.05)
        equal(hit, True, "a worker was on the CPU")
    equal(child.wait(30), 5, place.read("log")[-2000:])
    equal(place.states("hangs"), {"H-1": "parked", "G-1": "done"})


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
