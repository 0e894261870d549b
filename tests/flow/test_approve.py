"""approve: nothing is entered before a second person has signed exactly these values, and then once, whoever dies when."""
from flow import Ledger, contains, equal, main, os, processes, signal, time

PAYS = """robot { about = "Pays what a case says", cases = { key = "no" }, retry = { times = 0 }, case = { no = text, amount = money%s } }
function run(case)
%s  http.post("pay", {
    url = "%s/entries", json = { key = case.no, amount = case.amount }, approve = %s,
    proof = function()
      local answer = http.get("%s/entries/" .. case.no, { accept = 404 })
      return answer.status == 200 and answer.json or nil
    end,
  })
  return { paid = true }
end
"""
ROLE = '"manager"'
ABOVE = '{ role = "manager", above = money "50,000 EUR" }'
PEOPLE = {"DESKHAND_ROLE_MANAGER_PEOPLE": "bob carol ann"}


def robot(place, ledger, approve=ROLE, before="", fields=""):
    return place.write("pays.lua", PAYS % (fields, before, ledger.url, approve, ledger.url))


def person(name):
    return {"SUDO_USER": name, **PEOPLE}


def bring(place, path, *cases):
    text = "no,amount\n" + "".join('%s,"%s"\n' % c for c in cases)
    r = place.run("queue", "add", path, place.write("c.csv", text), env=person("ann"))
    equal(r.returncode, 0, r.stderr)


def work(place, path):
    return place.run("serve", "--until-idle", "--allow-root", "--workers", "1", path)


def asked(place):
    return place.json("review", "list")


def answer(place, number, word, who, env=None):
    return place.run("review", "answer", str(number), word, env={**person(who), **(env or {})})


def test_acts_only_when_a_second_person_has_signed(place):
    ledger = Ledger()
    path = robot(place, ledger)
    bring(place, path, ("P-1", "10.00 EUR"))
    work(place, path)
    equal(place.states("pays"), {"P-1": "waiting"})
    equal(ledger.counts(), {})
    (review,) = asked(place)
    equal((review["word"], review["role"]), ("approve", "manager"))
    contains(place.run("review", "list").stdout, "approve | refuse")
    contains(place.run("review", "show", str(review["id"])).stdout, "10.00 EUR")

    r = answer(place, review["id"], "approve", "ann")
    equal(r.returncode != 0, True, "the maker signs")
    contains(r.stderr, "ann made the values")
    r = answer(place, review["id"], "approve", "eve")
    contains(r.stderr, "for the role manager, which eve does not have")
    r = answer(place, review["id"], "approve", "bob", {"DESKHAND_ROLE_MANAGER_PEOPLE": ""})
    equal(r.returncode != 0, True, "nobody has the role")
    r = answer(place, review["id"], "perhaps", "bob")
    contains(r.stderr, "approve | refuse")
    work(place, path)
    equal(ledger.counts(), {}, "nobody has signed yet")

    equal(answer(place, review["id"], "approve", "bob").returncode, 0)
    contains(answer(place, review["id"], "refuse", "carol").stderr, "answered already, by bob")
    work(place, path)
    equal(place.states("pays"), {"P-1": "done"})
    equal(ledger.counts(), {"P-1": 1})
    shown = place.json("review", "show", str(review["id"]))
    equal((shown["who"], shown["answer"]["by"], shown["answer"]["hash"]), ("bob", "bob", shown["question"]["sign"]))
    ledger.close()


def test_refused(place):
    ledger = Ledger()
    path = robot(place, ledger)
    bring(place, path, ("P-1", "10.00 EUR"))
    work(place, path)
    equal(answer(place, asked(place)[0]["id"], "refuse", "bob").returncode, 0)
    work(place, path)
    equal(place.states("pays"), {"P-1": "rejected"})
    contains(str(place.json("queue", "show", "pays", "P-1")["result"]), 'bob (manager) refused to sign "pay"')
    equal(ledger.counts(), {})
    ledger.close()


def test_amounts(place):
    """Under the limit nobody is asked; over it, in another currency, and as a large refund a person is."""
    ledger = Ledger()
    path = robot(place, ledger, ABOVE)
    bring(place, path, ("small", "50,000.00 EUR"), ("large", "50,000.01 EUR"), ("other", "1.00 CNY"), ("back", "-60,000 EUR"))
    work(place, path)
    equal(place.states("pays"), {"small": "done", "large": "waiting", "other": "waiting", "back": "waiting"})
    equal(ledger.counts(), {"small": 1})
    ledger.close()


def test_who_answered_a_question_does_not_sign(place):
    ledger = Ledger()
    path = robot(place, ledger, before='  review("right?", { ask = { "yes", "no" } })\n')
    bring(place, path, ("P-1", "10.00 EUR"))
    work(place, path)
    equal(answer(place, asked(place)[0]["id"], "yes", "bob").returncode, 0)
    work(place, path)
    (review,) = asked(place)
    contains(answer(place, review["id"], "approve", "bob").stderr, "bob made the values")
    equal(answer(place, review["id"], "approve", "carol").returncode, 0)
    work(place, path)
    equal(ledger.counts(), {"P-1": 1})
    ledger.close()


def test_other_values_are_asked_about_anew(place):
    """A new version of the robot pays something else than what was signed; the first signature is worth nothing to it."""
    ledger = Ledger()
    text = PAYS % ("", "", ledger.url, ROLE, ledger.url)
    path = place.write("pays.lua", text.replace(ledger.url + "/entries\", json", "http://127.0.0.1:1/entries\", json"))
    bring(place, path, ("P-1", "10.00 EUR"))
    work(place, path)
    first = asked(place)[0]
    equal(answer(place, first["id"], "approve", "bob").returncode, 0)
    work(place, path)
    equal(place.states("pays"), {"P-1": "failed"}, "signed, and nobody there to pay to")
    robot(place, ledger, before="  case = { no = case.no, amount = case.amount * 2 }\n")
    r = place.run("run", path, "--case", place.write("c.json", '{"no": "P-1", "amount": "10.00 EUR"}'))
    equal(r.returncode, 4, r.stdout + r.stderr)
    (second,) = asked(place)
    equal(second["id"] != first["id"] and second["question"]["sign"] != first["question"]["sign"], True, r.stdout + r.stderr)
    equal(ledger.counts(), {})
    equal(answer(place, second["id"], "approve", "bob").returncode, 0)
    work(place, path)
    equal([e["amount"] for e in ledger.entries["P-1"]], ["20.00 EUR"])
    ledger.close()


def test_killed_between_signature_and_act(place):
    ledger, n = Ledger(0.1), 12
    path = robot(place, ledger)
    bring(place, path, *[("P-%02d" % i, "10.00 EUR") for i in range(n)])
    work(place, path)
    for review in asked(place):
        equal(answer(place, review["id"], "approve", "bob").returncode, 0)
    equal(ledger.counts(), {})
    for i in range(3):
        child = place.serve("--workers", "1", path)
        ledger.wait_for(2 * i + 1)
        for pid in processes("worker", child.pid) + [child.pid]:
            os.kill(pid, signal.SIGKILL)
        child.wait()
    equal(place.serve("--until-idle", path).wait(120), 0)
    equal(place.states("pays"), {"P-%02d" % i: "done" for i in range(n)})
    equal(ledger.counts(), {"P-%02d" % i: 1 for i in range(n)})
    equal(asked(place), [], "nobody is asked twice")
    ledger.close()


def test_a_branch_that_fails_withdraws_the_signature(place):
    path = place.write("pays.lua", """robot { about = "Signs beside a branch that fails" }
function run(case)
  together({ function()
    effect("pay", { values = { key = case.key }, act = function() end, proof = function() return case.key end, approve = "manager" })
  end }, { function() wait "1s" error("the other branch fails") end })
end
""")
    place.run("queue", "add", path, place.write("c.json", '{"key": "T-1"}'), env=person("ann"))
    child = place.serve(path)
    end = time.monotonic() + 40
    while place.states("pays") != {"T-1": "failed"} and time.monotonic() < end:
        time.sleep(0.05)
    equal(place.states("pays"), {"T-1": "failed"})
    equal(asked(place), [])
    contains(answer(place, 1, "approve", "bob").stderr, "was withdrawn")
    child.terminate()
    child.wait(20)


def test_answered_while_a_supervisor_runs(place):
    ledger = Ledger()
    path = robot(place, ledger)
    child = place.serve(path)
    bring(place, path, ("P-1", "10.00 EUR"))
    end = time.monotonic() + 30
    while not asked(place) and time.monotonic() < end:
        time.sleep(0.05)
    number = asked(place)[0]["id"]
    contains(answer(place, number, "approve", "ann").stderr, "ann made the values")
    equal(answer(place, number, "approve", "bob").returncode, 0)
    ledger.wait_for(1)
    child.terminate()
    child.wait(20)
    equal(ledger.counts(), {"P-1": 1})
    ledger.close()


if __name__ == "__main__":
    main([v for k, v in list(globals().items()) if k.startswith("test_")])
