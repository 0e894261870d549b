"""Schedules: each slot is one case, whoever is killed when; rules that wait for another queue; what commands show."""
import datetime
from flow import contains, equal, main, os, signal, time

BEATS = """robot { about = "Beats", zone = "UTC", schedule = { "every 2s", missed = "all", overlap = "queue" } }
function run(case) return { key = case.key } end
"""
SLOW = """robot { about = "Beats", schedule = { "every 1s", overlap = "%s", missed = "none" }, case = { note = text } }
function run(case) wait "1s" return { note = case.note } end
"""
LETTERS = 'robot { about = "Letters", case = { id = text } }\nfunction run(case) return {} end\n'
REPORT = 'robot { about = "Report", schedule = "when letters is finished" }\nfunction run(case) return {} end\n'


def wait_for(check, seconds=40):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise AssertionError("not within %d s" % seconds)
        time.sleep(0.1)


def slots(place, robot):
    return sorted(datetime.datetime.fromisoformat(key) for key in place.states(robot))


def test_each_slot_once_with_kills(place):
    robot = place.write("beats.lua", BEATS)
    for pause in (2.9, 4.05, 1.2, 2.0, 3.3):  # also right at a slot
        child = place.serve(robot)
        place.wait_for_file(place.store + ".sock")
        if pause == 2.9:
            wait_for(lambda: os.path.exists(place.store) and place.states("beats"))
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        child.wait()
    child = place.serve(robot)
    last = datetime.datetime.now(datetime.timezone.utc)
    wait_for(lambda: slots(place, "beats")[-1] > last and "done" in place.states("beats").values())
    seen = slots(place, "beats")
    gaps = {(b - a).total_seconds() for a, b in zip(seen, seen[1:])}
    equal(gaps, {2.0}, "no slot twice, none lost")
    wait_for(lambda: list(place.states("beats").values()).count("done") >= len(seen))
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 0)
    listed = place.json("schedule", "list")
    equal([s["rule"] for s in listed], ["every 2s, UTC"])
    equal(listed[0]["fate"] in ("added", "held"), True)


def test_missed_once(place):
    robot = place.write("once.lua", 'robot { about = "a", schedule = { "* * * * *", missed = "once" } }\n'
                                    "function run(case) return {} end\n")
    place.run("serve", "--until-idle", "--allow-root", robot)  # is known from now on
    import sqlite3
    db = sqlite3.connect(place.store)
    db.execute("UPDATE schedules SET decided = decided - 600000, since = since - 600000")  # ten minutes of nobody
    db.commit()
    db.close()
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 0, r.stderr)
    equal(len(place.states("once")), 1, "one case for ten that were missed")
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(len(place.states("once")) <= 2, True, "and no second one")


def test_another_queue(place):
    letters, report = place.write("letters.lua", LETTERS), place.write("report.lua", REPORT)
    child = place.serve(letters, report)
    place.wait_for_file(place.store + ".sock")
    wait_for(lambda: len(place.json("schedule", "list")) == 1)
    place.run("queue", "add", letters, place.write("c.json", '[{"id": "A"}, {"id": "B"}]'))
    wait_for(lambda: list(place.states("report").values()) == ["done"])
    equal(list(place.states("report")), ["letters #2"])
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 0)


def test_case_of_a_schedule(place):
    robot = place.write("slow.lua", (SLOW % "skip").replace("schedule = {", 'schedule = { case = { note = "from the schedule" },'))
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    wait_for(lambda: "done" in place.states("slow").values())
    done = [c for c in place.json("queue", "list", "slow") if c["state"] == "done"]
    equal(done[0]["result"]["note"], "from the schedule")
    child.send_signal(signal.SIGTERM)
    child.wait(10)


def test_file_of_cases(place):
    robot = place.write("batch/robot.lua", """robot { about = "a", schedule = { "every 2s" },
  cases = { from = "rows.csv", key = "no" }, case = { no = text } }
function run(case) return {} end
""")
    place.write("batch/rows.csv", "no\nA\n")
    child = place.serve(os.path.dirname(robot))
    wait_for(lambda: place.states("batch") == {"A": "done"})
    place.write("batch/rows.csv", "no\nA\nB\n")  # what is new at the next slot
    wait_for(lambda: place.states("batch") == {"A": "done", "B": "done"})
    os.unlink(os.path.join(place.dir, "batch/rows.csv"))
    time.sleep(2.5)  # a slot without its file is told, and serve goes on
    contains(place.read("log"), "cannot be taken in")
    place.write("batch/rows.csv", "no\nC\n")
    wait_for(lambda: place.states("batch").get("C") == "done")
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 0)


def test_next(place):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/calendars/china-2026.ics"), encoding="utf-8") as f:
        place.write("calendars/china.ics", f.read())
    robot = place.write("robots/due/robot.lua", """robot {
  about = "Due", zone = "Asia/Shanghai",
  schedule = { "workdays at 08:30", { "on the 1st at 06:00", on_holiday = "after" }, calendar = "china" },
}
function run(case) return {} end
""")
    r = place.run("schedule", "next", os.path.dirname(robot), "--from", "2026-09-30", "--count", "4")
    equal(r.returncode, 0, r.stderr)
    lines = r.stdout.strip().split("\n")
    equal(lines[0].split()[:3], ["2026-09-30", "Wed", "08:30+08:00"])
    contains(r.stdout, "2026-10-05 Mon  -")
    contains(r.stdout, "left out, 国庆节")
    contains(r.stdout, "2026-10-08 Thu  06:00+08:00")
    contains(r.stdout, "moved from 2026-10-01: 国庆节")
    rows = place.json("schedule", "next", os.path.dirname(robot), "--from", "2026-10-09", "--count", "2")
    equal([row["slot"] for row in rows if not row["left_out"]], ["2026-10-09T08:30+08:00", "2026-10-10T08:30+08:00"])
    r = place.run("check", os.path.dirname(robot))
    equal(r.returncode, 0, r.stdout)
    bad = place.write("bad.lua", 'robot { about = "a", schedule = "workdaz at 08:30" }\nfunction run(case) return {} end\n')
    r = place.run("check", bad)
    equal(r.returncode, 1)
    contains(r.stdout + r.stderr, "workdaz")
    equal(place.run("schedule", "next", bad).returncode, 2)


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
