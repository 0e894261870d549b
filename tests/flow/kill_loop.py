"""Kills at random moments, as many as asked for: usage: kill_loop.py KILLS [SEED]. Robots enter two things a case in a
ledger that stands outside; workers, the launcher, the supervisor, or all of them at once are killed meanwhile. In the end
each entry must be there exactly once, no case lost, none parked, and finish(batch) have run once."""
import random
import sys

from flow import Ledger, Place, equal, os, processes, signal, time

CASES = 30
ROBOT = """robot { about = "Enters two things", retry = { times = 5, wait = "1s" }, cases = { from = "rows.csv", key = "no" },
  case = { no = text } }
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
  local seen = http.get("%(url)s/entries/" .. case.no .. "-none", { accept = 404 })
  enter("the first", case.no .. "-a")
  enter("the second", case.no .. "-b")
  return { status = seen.status }
end
function finish(batch) enter("the sum", "sum") end
"""


def kill(what, child):
    victims = {"worker": lambda: processes("worker", child.pid)[:1], "launcher": lambda: processes("launcher", child.pid),
               "supervisor": lambda: [child.pid],
               "all": lambda: [child.pid] + processes("launcher", child.pid) + processes("worker", child.pid)}[what]()
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return bool(victims)


def batch(place, ledger, number, left, rng):
    """One batch of cases, killed until it is done or no kills are left. Returns how many kills there were."""
    keys = ["K%d-%02d" % (number, i) for i in range(CASES)]
    place.write("enters/robot.lua", ROBOT % {"url": ledger.url})
    place.write("enters/rows.csv", "no\n" + "".join(k + "\n" for k in keys))
    kills, child = 0, place.serve("--until-idle", "--workers", "2", place.dir + "/enters")
    end = time.monotonic() + 300
    while True:
        equal(time.monotonic() < end, True, "the batch ends: " + place.read("log")[-2000:])
        pause = time.monotonic() + rng.uniform(0.05, 0.6)
        while time.monotonic() < pause and child.poll() is None:
            time.sleep(0.01)
        if child.poll() is None and kills < left:
            kills += kill(rng.choice(["worker"] * 6 + ["launcher", "supervisor", "supervisor", "all"]), child)
        elif child.poll() is None:
            child.wait(120)
        if child.poll() == 0:
            break
        if child.poll() is not None:
            child = place.serve("--until-idle", "--workers", "2", place.dir + "/enters")
    states = place.states("enters")
    equal({k: states.get(k) for k in keys}, {k: "done" for k in keys})
    counts = ledger.counts()
    equal({k: n for k, n in counts.items() if k.startswith("K%d-" % number)}, {k + s: 1 for k in keys for s in ("-a", "-b")})
    equal(counts.get("sum"), 1, "finish has run once, after the first batch")
    return kills


def main():
    wanted, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rng, place, ledger = random.Random(seed), Place(), Ledger(0.03)
    done = number = 0
    try:
        while done < wanted:
            number += 1
            done += batch(place, ledger, number, wanted - done, rng)
            print("batch %d: %d kills so far, %d entries, each once" % (number, done, len(ledger.counts())), flush=True)
        crashes = sum(c["crashes"] for c in place.json("queue", "list", "enters"))
        print("%d kills, %d cases, %d of their runs taken up again" % (done, CASES * number, crashes))
        equal([c for c in place.json("doctor")["checks"] if c["name"] == "store"][0]["status"], "ok")
        print("%d passed, 0 failed" % number)
    except Exception as e:
        print(e)
        print(place.read("log")[-4000:])
        print("%d passed, 1 failed" % (number - 1))
        sys.exit(1)
    finally:
        place.close()
        ledger.close()


if __name__ == "__main__":
    main()
