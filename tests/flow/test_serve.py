"""serve: many cases in parallel, tables of results, the control socket, ends."""
from flow import contains, equal, gone, json, main, os, processes, signal, time

BATCH = """robot { about = "A batch", cases = { from = "rows.csv", key = "no", to = "out.csv" }, case = { no = text, amount = money } }
function run(case)
  if case.amount < money "100.00 EUR" then reject("too small") end
  return { amount = case.amount }
end
"""
QUEUE = 'robot { about = "Takes what comes" }\nfunction run(case) return { key = case.key } end\n'
ASKS = """robot { about = "Asks" }
function run(case)
  local answer = review("go on", { ask = { "yes", "no" } })
  return { answer = answer.decision }
end
"""


def rows(place, n):
    place.write("batch/robot.lua", BATCH)
    place.write("batch/rows.csv", "no,amount\n" + "".join("B-%03d,%d.00 EUR\n" % (i, i) for i in range(n)))
    return place.dir + "/batch"


def wait_state(place, robot, key, state, seconds=20):
    end = time.monotonic() + seconds
    while place.states(robot).get(key) != state:
        if time.monotonic() > end:
            raise AssertionError("%s is not %s but %r" % (key, state, place.states(robot).get(key)))
        time.sleep(0.05)


def test_until_idle(place):
    robot = rows(place, 200)
    r = place.run("serve", "--until-idle", "--allow-root", "--workers", "3", robot)
    equal(r.returncode, 0, r.stderr)
    equal(r.stdout.strip().split("\n")[-1],
          "0 new, 0 leased, 0 waiting, 0 retrying, 100 done, 100 rejected, 0 failed, 0 parked")
    table = place.read("batch/out.csv").strip().split("\n")
    equal(len(table), 201)
    equal(table[0], "no,state,reason,amount")
    equal("B-150,done,,150.00 EUR" in table, True)
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 0, "the same file again adds nothing")
    contains(r.stdout, "100 done, 100 rejected")


def test_last_line_as_json(place):
    r = place.run("serve", "--until-idle", "--allow-root", "--json", rows(place, 3))
    equal(json.loads(r.stdout.strip().split("\n")[-1])["rejected"], 3)


def test_refuses_root(place):
    if os.geteuid() == 0:
        r = place.run("serve", "--until-idle", rows(place, 1))
        equal(r.returncode, 2)
        contains(r.stderr, "--allow-root")


def test_second_serve_is_refused(place):
    robot = place.write("takes.lua", QUEUE)
    first = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    r = place.run("serve", "--allow-root", robot)
    equal(r.returncode, 1)
    contains(r.stderr, "pid %d" % first.pid)
    r = place.run("run", robot)
    equal(r.returncode, 1)
    contains(r.stderr, "pid %d" % first.pid)


def test_control_socket(place):
    robot = place.write("takes.lua", QUEUE)
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    equal(os.stat(place.store + ".sock").st_mode & 0o777, 0o600)
    r = place.run("queue", "add", robot, place.write("c.json", '[{"key": "C-1"}, {"key": "C-2"}]'))
    equal(r.returncode, 0, r.stderr)
    wait_state(place, "takes", "C-2", "done")
    equal(place.run("secret", "set", "a.b", stdin="some value").returncode, 0)
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 0)
    equal(os.path.exists(place.store + ".sock"), False)


def test_long_store_path(place):
    deep = place.dir + "/" + "d" * 90
    os.mkdir(deep)
    robot, env = place.write("takes.lua", QUEUE), {"DESKHAND_STORE": deep + "/store.db"}
    child = place.serve(robot, env=env)
    end = time.monotonic() + 20
    while not [n for n in os.listdir(place.dir) if n.endswith(".sock")]:
        equal(time.monotonic() < end, True, "no socket in the runtime folder")
        time.sleep(0.02)
    r = place.run("queue", "add", robot, place.write("c.json", '{"key": "C-1"}'), env=env)
    equal(r.returncode, 0, r.stderr)
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 0)


def test_review_while_serving(place):
    robot = place.write("asks.lua", ASKS)
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    place.run("queue", "add", robot, place.write("c.json", '{"key": "R-1"}'))
    wait_state(place, "asks", "R-1", "waiting")
    number = place.json("review", "list")[0]["id"]
    equal(place.run("review", "answer", str(number), "yes").returncode, 0)
    wait_state(place, "asks", "R-1", "done")
    child.send_signal(signal.SIGTERM)
    child.wait(10)


def test_waiting_does_not_keep_it_alive(place):
    robot = place.write("asks.lua", ASKS)
    place.run("queue", "add", robot, place.write("c.json", '{"key": "R-1"}'))
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "1 waiting")


def test_other_queues_are_left_alone(place):
    place.run("queue", "add", place.write("bad.lua", 'robot { about = "x" }\nfunction run(case) error("x") end\n'),
              place.write("c.json", '{"key": "F-1"}'))
    r = place.run("serve", "--until-idle", "--allow-root", rows(place, 3), timeout=20)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "0 new, 0 leased, 0 waiting, 0 retrying, 0 done, 3 rejected, 0 failed")
    equal(place.states("bad"), {"F-1": "new"})


def test_failures_are_an_exit_code(place):
    robot = place.write("bad.lua", 'robot { about = "Fails" }\nfunction run(case) error("broken") end\n')
    place.run("queue", "add", robot, place.write("c.json", '{"key": "F-1"}'))
    r = place.run("serve", "--until-idle", "--allow-root", robot)
    equal(r.returncode, 1)
    contains(r.stdout, "1 failed")


def test_no_child_is_left(place):
    robot = place.write("takes.lua", QUEUE)
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    place.run("queue", "add", robot, place.write("c.json", '{"key": "C-1"}'))
    wait_state(place, "takes", "C-1", "done")
    children = processes("worker", child.pid) + processes("launcher", child.pid)
    equal(len(children) >= 2, True, "a worker and the launcher")
    child.kill()
    child.wait()
    for pid in children:
        equal(gone(pid), True, "process %d" % pid)


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
