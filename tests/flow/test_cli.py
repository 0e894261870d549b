"""The command line's promises: names, options, exit codes, what is said."""
import datetime

from flow import contains, equal, json, main, os

HELLO = 'robot { about = "Says hello" }\nfunction run(case) return { greeting = "hello " .. case.key } end\n'
LOAN = """robot { about = "Decides", case = { id = text, amount = money } }
function run(case)
  if case.amount < money "100.00 EUR" then reject("too small") end
  if case.amount < money "1000.00 EUR" then return { decision = "approved", amount = case.amount } end
  local answer = review("large loan", { show = { amount = case.amount }, ask = { "approve", "refuse" } })
  if answer.decision == "refuse" then reject("a person refused") end
  return { decision = "approved by a person" }
end
"""


def case(place, name, amount):
    return place.write(name + ".json", json.dumps({"id": name, "amount": amount}))


def test_done(place):
    robot = place.write("hello.lua", HELLO)
    r = place.run("run", robot)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "greeting: hello ")
    shown = place.json("run", robot)
    equal(shown["state"], "done")


def test_rejected_and_again(place):
    robot = place.write("loan.lua", LOAN)
    r = place.run("run", robot, "--case", case(place, "L-1", "50.00 EUR"))
    equal(r.returncode, 3, r.stderr)
    contains(r.stdout, "too small")
    r = place.run("run", robot, "--case", case(place, "L-1", "50.00 EUR"))
    equal(r.returncode, 3, "a case that has ended says its result again")
    contains(r.stderr, "nothing was done again")
    equal(len(place.json("runs")), 1)


def test_failed(place):
    robot = place.write("bad.lua", 'robot { about = "Fails" }\nfunction run(case)\n  error("broken")\nend\n')
    r = place.run("run", robot)
    equal(r.returncode, 1)
    contains(r.stderr, "3: broken")
    contains(r.stderr, "done so far: nothing for ")


def test_wrong_use(place):
    robot = place.write("loan.lua", LOAN)
    equal(place.run("run").returncode, 2)
    equal(place.run("run", robot, "--colour", "red").returncode, 2)
    contains(place.run("run", robot, "--cse", "x.json").stderr, "did you mean --case?")
    equal(place.run("nonsense").returncode, 2)
    contains(place.run("rnu", robot).stderr, "did you mean 'run'?")
    equal(place.run("queue").returncode, 2)
    r = place.run("run", robot, "--case", place.write("x.json", '{"id": "x", "ammount": "5.00 EUR"}'))
    equal(r.returncode, 2)
    contains(r.stderr, "did you mean 'amount'?")
    equal(place.run("run", robot, "--case", place.dir + "/missing.json").returncode, 1)
    equal(place.run("run", place.dir + "/missing.lua").returncode in (1, 2), True)


def test_review(place):
    robot = place.write("loan.lua", LOAN)
    file = case(place, "L-9", "5000.00 EUR")
    r = place.run("run", robot, "--case", file)
    equal(r.returncode, 4, r.stderr)
    contains(r.stderr, "review 1")
    open_ones = place.json("review", "list")
    equal([(o["key"], o["name"]) for o in open_ones], [("L-9", "large loan")])
    r = place.run("review", "answer", "1", "maybe")
    equal(r.returncode, 2)
    contains(r.stderr, "approve | refuse")
    equal(place.run("review", "answer", "1", "approve").returncode, 0)
    r = place.run("review", "answer", "1", "refuse")
    equal(r.returncode, 1, "a second answer is refused")
    contains(r.stderr, "answered already")
    r = place.run("run", robot, "--case", file)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "approved by a person")


def test_case_from_stdin(place):
    robot = place.write("loan.lua", LOAN)
    r = place.run("run", robot, "--case", "-", stdin='{"id": "S-1", "amount": "200.00 EUR"}')
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "amount: 200.00 EUR")


def test_keys_and_names_are_kept_whole(place):
    robot = place.write("loan.lua", LOAN)

    def refused(text, why):
        r = place.run("run", robot, "--case", "-", stdin=text)
        equal(r.returncode, 2, r.stderr)
        contains(r.stderr, why)

    refused('{"id": "a\\u0000b", "amount": "200.00 EUR"}', "control character (code 0)")
    refused('{"id": "%s", "amount": "200.00 EUR"}' % ("x" * 256), "longer than 255 bytes")
    refused('{"id": "S-1", "amount\\u0000": "200.00 EUR"}', "whose name holds a zero byte")
    r = place.run("run", robot, "--case", "-", stdin='{"id": "%s", "amount": "200.00 EUR"}' % ("x" * 255))
    equal(r.returncode, 0, r.stderr)


def test_queue(place):
    robot = place.write("loan.lua", LOAN)
    rows = place.write("rows.csv", "id,amount\nQ-1,200.00 EUR\nQ-2,20.00 EUR\nQ-2,20.00 EUR\nQ-3,much\n")
    r = place.run("queue", "add", robot, rows, "--json")
    equal(r.returncode, 1, r.stderr)
    answer = json.loads(r.stdout)
    equal(answer["added"], 2)
    equal(sorted(x["key"] for x in answer["refused"]), ["Q-2", "Q-3"])
    equal(place.states("loan"), {"Q-1": "new", "Q-2": "new"})
    lines = place.write("more.jsonl", '{"key": "Q-4", "id": "x", "amount": "300.00 EUR"}\n')
    equal(place.run("queue", "add", robot, lines).returncode, 0)
    equal(place.run("serve", "--until-idle", "--allow-root", robot).returncode, 0)
    equal(place.states("loan"), {"Q-1": "done", "Q-2": "rejected", "Q-4": "done"})
    equal([c["key"] for c in place.json("queue", "list", "loan", "--state", "rejected")], ["Q-2"])
    equal(place.run("queue", "list", "loan", "--state", "strange").returncode, 2)
    equal(place.json("queue", "show", "loan", "Q-1")["result"]["amount"], "200.00 EUR")
    equal(place.run("queue", "retry", "loan", "Q-1").returncode, 1, "done is final")
    equal(place.run("queue", "export", robot, "--to", "table.csv").returncode, 0)
    contains(place.read("table.csv"), "Q-2,rejected,too small")


def test_once_a_day_and_rank(place):
    place.write("daily/robot.lua", 'robot { about = "x", cases = { from = "r.csv", key = "no", once_a = "day", to = "o.csv" }, '
                'case = { no = text } }\nfunction run(case) return { day = case.period } end\n')
    place.write("daily/r.csv", "no,priority,not_before\nD-1,5,\nD-2,,2999-01-01\nD-3,high,\n")
    r = place.run("run", place.dir + "/daily", env={"DESKHAND_ZONE": "Pacific/Kiritimati"})
    contains(r.stderr, "priority 'high'")
    cases = {c["key"]: c for c in place.json("queue", "list", "daily")}
    equal({k: c["state"] for k, c in cases.items()}, {"D-1": "done", "D-2": "new"})
    ahead = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14))).strftime("%Y-%m-%d")
    equal(cases["D-1"]["period"], ahead)
    equal(cases["D-1"]["result"]["day"], ahead)
    equal(cases["D-1"]["priority"], 5)
    contains(place.read("daily/o.csv"), "D-1,done,," + ahead)


def test_secrets(place):
    equal(place.run("secret", "set", "core.password", stdin="correct horse\n").returncode, 0)
    r = place.run("secret", "list")
    contains(r.stdout, "core.password")
    for name in os.listdir(place.dir):
        if name.startswith("store.db") and os.path.isfile(os.path.join(place.dir, name)):
            with open(os.path.join(place.dir, name), "rb") as f:
                equal(b"correct horse" in f.read(), False, name)
    equal(os.stat(place.dir + "/config/deskhand/deskhand.key").st_mode & 0o777, 0o600)
    equal(place.run("secret", "remove", "core.password").returncode, 0)
    equal(place.run("secret", "remove", "core.password").returncode, 1)
    equal(place.run("secret", "set", "empty", stdin="").returncode, 2)


def test_config(place):
    place.write("config/deskhand/deskhand.conf", "zone = Asia/Shanghai\nlog.level = warn\n")
    shown = {s["key"]: s for s in place.json("config", "show", env={"DESKHAND_LOG_LEVEL": "debug"})}
    equal(shown["zone"]["value"], "Asia/Shanghai")
    contains(shown["zone"]["from"], "deskhand.conf:1")
    equal(shown["log.level"]["from"], "DESKHAND_LOG_LEVEL")
    place.write("config/deskhand/deskhand.conf", "zoen = Asia/Shanghai\n")
    r = place.run("config", "show")
    equal(r.returncode, 2)
    contains(r.stderr, "did you mean 'zone'?")


def test_help(place):
    names = place.run("help", "--names").stdout.split("\n")
    for name in ("run", "serve", "queue add", "queue list", "queue show", "queue retry", "check", "test", "runs", "show",
                 "secret set", "secret list", "secret remove", "review list", "review show", "review answer", "doctor",
                 "new", "config show"):
        equal(name in names, True, name)
        r = place.run(*name.split(), "--help")
        equal(r.returncode, 0, name)
        contains(r.stdout, "usage: deskhand " + name)
        contains(place.run("help", *name.split(), "--man").stdout, ".SH EXIT STATUS")
    contains(place.run("help", "--completion").stdout, "complete -F _deskhand deskhand")
    contains(place.run("--version").stdout, "deskhand ")


def test_new_robot_runs_at_once(place):
    r = place.run("new", "robots/first")
    equal(r.returncode, 0, r.stderr)
    equal(place.run("run", "robots/first").returncode, 0)
    equal(place.run("check", "robots/first").returncode, 0)
    equal(place.run("test", "robots/first").returncode, 0)
    equal(place.run("new", "robots/first").returncode, 1, "it stands there already")
    equal(place.run("new", "robots/two words").returncode, 2)


def test_doctor(place):
    r = place.run("doctor")
    contains(r.stdout, "sqlite")
    report = place.json("doctor")
    equal(isinstance(report["checks"], list), True)


def test_places_that_can_be_opened(place):
    place.write("robots/enters/robot.lua", 'robot { about = "x" }\nlocal core = desktop "core"\nfunction run(case) core:go(case.key) end\n')
    screen = place.write("screens/core.lua", 'return desktop { start = "/bin/true"\n')
    contains(place.run("check", "robots/enters").stdout, "screens/core.lua:1: ")
    equal(place.run("check", place.dir + "/robots/enters").stdout.split(":")[0], "screens/core.lua")
    r = place.run("run", "robots/enters")
    contains(r.stderr, "screens/core.lua:1: ")
    os.remove(screen)
    contains(place.run("run", "robots/enters").stderr, "robots/enters/robot.lua:2: there is no description of the screen \"core\"")
    contains(place.run("queue", "add", "robots/enters", "x.json").stderr, "robots/enters/robot.lua:2: ")


def test_private_files(place):
    place.run("run", place.write("hello.lua", HELLO))
    equal(os.stat(place.store).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
