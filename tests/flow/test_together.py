"""together: a branch that fails ends the others; what they asked a person is withdrawn."""
from flow import contains, equal, main, signal, time

BRANCHES = """robot { about = "Asks and fails at once" }
local function ask() return review("sign it", { ask = { "yes", "no" } }) end
local function fails()
  wait "1s"
  error("the other branch fails")
end
function run(case)
  local ok = pcall(together, { ask }, { fails })
  wait "1h"
  return { ok = ok }
end
"""
UNCAUGHT = BRANCHES.replace("local ok = pcall(together, { ask }, { fails })", "together({ ask }, { fails })")


def until(what, wanted, seconds=20):
    """Polls a command: what another process does to the store wakes nobody here."""
    end = time.monotonic() + seconds
    while what() != wanted:
        if time.monotonic() > end:
            raise AssertionError("wanted %r, seen %r" % (wanted, what()))
        time.sleep(0.05)


def test_open_reviews_are_withdrawn(place):
    robot = place.write("branches.lua", BRANCHES)
    place.run("queue", "add", robot, place.write("c.json", '{"key": "T-1"}'))
    child = place.serve(robot)
    until(lambda: [r["name"] for r in place.json("review", "list")], ["sign it"])
    number = str(place.json("review", "list")[0]["id"])
    child.kill()  # the question stands, the wait is not over
    child.wait()
    child = place.serve(robot)
    until(lambda: place.json("review", "list"), [])
    r = place.run("review", "answer", number, "yes")
    equal(r.returncode, 1, r.stderr)
    contains(r.stderr, "review %s was withdrawn" % number)
    equal(place.json("review", "show", number)["state"], "withdrawn")
    until(lambda: place.states("branches"), {"T-1": "waiting"})
    # taken up again, the branch fails from the journal: nobody is asked a second time
    child.kill()
    child.wait()
    child = place.serve(robot)
    r = place.run("queue", "retry", robot, "T-1")
    equal(r.returncode, 0, r.stderr)
    until(lambda: place.json("queue", "show", "branches", "T-1")["attempts"], 2)
    until(lambda: place.states("branches"), {"T-1": "waiting"})
    equal(place.json("review", "list"), [])
    contains(place.run("review", "show", str(int(number) + 1)).stderr, "there is no review")
    child.send_signal(signal.SIGTERM)
    child.wait()


def test_also_when_the_case_is_tried_again(place):
    """A system error: the case waits for its next try, and its branch's question for nobody."""
    robot = place.write("branches.lua", UNCAUGHT.replace('" }', '", retry = { times = 3, wait = "1h" } }', 1).replace(
        'error("the other branch fails")', 'http.get("http://127.0.0.1:9/")'))
    place.run("queue", "add", robot, place.write("c.json", '{"key": "T-1"}'))
    child = place.serve(robot)
    until(lambda: len(place.json("review", "list")), 1)
    until(lambda: place.states("branches"), {"T-1": "retrying"})
    equal(place.json("review", "list"), [])
    contains(place.run("review", "answer", "1", "yes").stderr, "withdrawn")
    child.send_signal(signal.SIGTERM)
    child.wait()


def test_a_failed_case_asks_nobody(place):
    robot = place.write("branches.lua", UNCAUGHT)
    equal(place.run("run", robot).returncode, 4)
    equal(len(place.json("review", "list")), 1)
    place.run("serve", "--until-idle", "--allow-root", robot)
    equal(place.json("review", "list"), [])
    contains(place.run("review", "answer", "1", "yes").stderr, "withdrawn")


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
