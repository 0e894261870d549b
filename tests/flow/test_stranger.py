"""A stranger's case, by hand and as examples/demo/README.md says: documents and records that the robot was not made for
(stranger/). The robot copes or asks a person; it never enters a wrong value. And the journals of record and replay."""
import re
import shlex
import sqlite3
import subprocess

from flow import DESKHAND, ROOT, contains, equal, json, main, os, signal

HERE = os.path.join(ROOT, "tests", "flow", "stranger")
ROBOT = os.path.join(ROOT, "robots", "sme_loan")
NAME = "COMMUNITY INTEREST SAMPLE"
TRUTH = {"name": NAME, "number": "13507518", "address": "1 Example Street, London, SW1A 1AA", "established": "2021-07-15",
         "legal_form": "Community interest company"}
TAX_TRUTH = {"number": "NL812345009B01", "taxpayer": "Community Interest Sample", "issued_by": "Kantoor Rotterdam",
             "issued": "2026-11-03", "valid_until": "2027-11-03"}


def approval(key):
    return (key, NAME, "13507518", 4825050, "EUR", "Equipment", "NL812345009B01", "2027-02-01")


def open_bank(place):
    """Starts bank.py and believes what it prints: the environment of its export line."""
    place.bank = subprocess.Popen(["/usr/bin/python3", "-B", os.path.join(ROOT, "examples/demo/bank.py"), "--dir", place.dir + "/bank",
                                   "--build", os.path.dirname(DESKHAND), "--data", HERE + "/data"], stdout=subprocess.PIPE, text=True)
    place.children.append(place.bank)
    for line in place.bank.stdout:
        if line.strip().startswith("export "):
            place.env.update(word.split("=", 1) for word in shlex.split(line)[1:])
        if line.startswith("Ctrl-C"):
            return
    raise AssertionError("the bank did not open")


def close_bank(place):
    place.bank.send_signal(signal.SIGINT)
    equal(place.bank.wait(30), 0)


def approvals(place):
    path = place.dir + "/bank/bank.db"
    if not os.path.exists(path):
        return []
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
        return db.execute("SELECT application, applicant, registration_no, amount_minor, currency, product, tax_no, start_date "
                          "FROM approvals ORDER BY application").fetchall()


def case(place, key, licence, tax):
    """A case file that a person would write, beside nothing: its documents are named by their paths."""
    return place.write(key + ".json", json.dumps({
        "id": key, "amount": "48250.50 EUR", "product": "Equipment", "start_date": "2027-02-01",
        "licence": os.path.join(HERE, licence), "tax_certificate": os.path.join(HERE, tax)}))


def run(place, file, *more):
    return place.run("run", ROBOT, "--case", file, *more, timeout=300)


def answer(place, **wrong):
    """Answers what is open with what stands on the paper. Returns the names of the questions."""
    names = []
    for review in place.json("review", "list"):
        truth = {**(TAX_TRUTH if "tax certificate" in review["name"] else TRUTH), **wrong}
        shown = place.json("review", "show", str(review["id"]))
        words = ["%s=%s" % (field, truth[field]) for field in shown["question"]["fields"]]
        r = place.run("review", "answer", str(review["id"]), *words)
        equal(r.returncode, 0, r.stderr)
        names.append(review["name"])
    return names


def test_a_photograph_and_a_letter(place):
    open_bank(place)
    file = case(place, "S-1", "licence.png", "tax.pdf")
    r = run(place, file)
    if r.returncode == 4:  # a reader may doubt what it likes, if it says so
        answer(place)
        r = run(place, file)
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "decision: approved")
    equal(approvals(place), [approval("S-1")])
    r = run(place, file)
    equal(r.returncode, 0, "the same command says the result again")
    equal(approvals(place), [approval("S-1")])


def test_a_name_in_a_sentence_is_asked_for(place):
    open_bank(place)
    file = case(place, "S-2", "incorporation.pdf", "tax.pdf")
    equal(run(place, file).returncode, 4)
    r = place.run("review", "show", "1")
    contains(r.stdout, "not found on the document")
    path = re.search(r"look at: incorporation.pdf  (\S+)", r.stdout)[1]
    with open(path, "rb") as seen, open(HERE + "/incorporation.pdf", "rb") as given:
        equal(seen.read(), given.read(), "the document can be opened where the question says")
    r = place.run("review", "answer", "1", "name=")
    equal(r.returncode, 2)
    contains(r.stderr, "the answer for 'name' is empty")
    equal(place.run("review", "answer", "1", "name=Somebody Else Ltd").returncode, 0)
    r = run(place, file)
    equal(r.returncode, 4, "the register says another name: a person decides")
    contains(r.stderr, "decide on the doubts")
    equal(place.run("review", "answer", "2", "reject").returncode, 0)
    r = run(place, file)
    equal(r.returncode, 3, r.stderr)
    contains(r.stdout, "the licence says Somebody Else Ltd")
    equal(approvals(place), [])


def test_a_wrong_answer_is_asked_again(place):
    open_bank(place)
    file = case(place, "S-3", "incorporation.pdf", "incorporation.pdf")  # no tax certificate at all
    equal(run(place, file).returncode, 4)
    equal(len(answer(place, number="13507518")), 2)  # no VAT number, and the taxpayer's name
    equal(run(place, file).returncode, 4)
    equal(answer(place), ["check the tax certificate incorporation.pdf, answer 2"])
    r = run(place, file)
    equal(r.returncode, 0, r.stderr)
    equal(approvals(place), [approval("S-3")])


def journal(place, key):
    """What a run did, without what two runs never share: its number, times, the bank's clock and pictures that show it, and
    which branch of a together was the first to end."""
    shown = place.json("show", place.json("queue", "show", "sme_loan", key)["run"])
    records = [{k: v for k, v in r.items() if k != "at"} for r in shown["records"] if r["kind"] != "picture"]
    records.sort(key=lambda r: (r["attempt"], r["scope"]))
    for r in records + shown["effects"]:
        for data in (r.get("data"), r.get("shows")):
            if isinstance(data, dict) and "Entered at" in data:
                data["Entered at"] = "then"
    effects = [{k: v for k, v in e.items() if k not in ("intent", "confirm")} for e in shown["effects"]]
    return {"records": records, "effects": effects, "state": shown["state"], "result": shown["result"]}


def test_record_and_replay_are_equal(place):
    open_bank(place)
    file = case(place, "S-4", "incorporation.pdf", "tax.pdf")

    def both(*more):
        equal(run(place, file, *more).returncode, 4)
        equal(answer(place), ["check the business licence incorporation.pdf"])
        r = run(place, file, *more)
        equal(r.returncode, 0, r.stderr)
        return journal(place, "S-4")

    tape = place.dir + "/tape"
    recorded = both("--record", tape)
    urls = [json.loads(place.read("tape/" + name))["url"] for name in sorted(os.listdir(tape))]
    contains(" ".join(urls), "/ch/company/13507518")
    contains(" ".join(urls), "/vies/rest-api/ms/NL/vat/812345009B01")
    close_bank(place)  # nobody answers any more
    for name in os.listdir(place.dir + "/bank"):
        if name.startswith(("bank.db", "store.db")) and os.path.isfile(place.dir + "/bank/" + name):
            os.remove(place.dir + "/bank/" + name)
    for name, value in (("core.clerk.user", "meyer07"), ("core.clerk.password", "demo-secret"), ("companies_house.key", "demo-key-1234")):
        equal(place.run("secret", "set", name, stdin=value).returncode, 0)
    replayed = both("--replay", tape)
    equal(approvals(place), [approval("S-4")])
    equal(replayed, recorded)


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
