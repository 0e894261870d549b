"""run on a terminal asks a review at once and goes on; Ctrl-C ends it with 130 and loses nothing."""
import pty
import subprocess

from flow import DESKHAND, contains, equal, main, os, signal, time

ASKS = """robot { about = "Asks", case = { id = text } }
function run(case)
  local a = review("sure", { show = { id = case.id }, ask = { "yes", "no" } })
  local b = review("numbers", { fields = { amount = money "10.00 EUR", day = date "2026-11-24", name = "Meyer" } })
  return { decision = a.decision, amount = b.amount, day = b.day, name = b.name }
end
"""
WAITS = 'robot { about = "Waits" }\nfunction run(case)\n  http.get("%s/entries/none", { accept = 404, timeout = 60 })\nend\n'


class Terminal:
    """A command on a pseudo terminal: said() reads until a text has come."""

    def __init__(self, place, *args):
        self.fd, tail = pty.openpty()
        self.child = subprocess.Popen([DESKHAND, *args], stdin=tail, stdout=tail, stderr=tail, cwd=place.dir, env=place.env,
                                      start_new_session=True)
        place.children.append(self.child)
        os.close(tail)
        self.text = ""

    def read(self):
        try:
            part = os.read(self.fd, 4096).decode()
        except OSError:
            part = ""
        self.text += part
        return part

    def said(self, part):
        while part not in self.text:
            if not self.read():
                raise AssertionError("%r did not come:\n%s" % (part, self.text))
        self.text = self.text.split(part, 1)[1]

    def type(self, line):
        os.write(self.fd, (line + "\n").encode())

    def end(self):
        while self.read():
            pass
        os.close(self.fd)
        return self.child.wait(20)


def test_reviews_are_asked_at_once(place):
    robot = place.write("asks.lua", ASKS)
    t = Terminal(place, "run", robot, "--case", place.write("c.json", '{"id": "T-1"}'))
    t.said("your answer: ")
    t.type("perhaps")
    t.said("is no answer to review 1")
    t.said("your answer: ")
    t.type("yes")
    t.said("amount [10.00 EUR]: ")
    t.type("1,250.00 EUR")
    t.said("day [2026-11-24]: ")
    t.type("")
    t.said("name [Meyer]: ")
    t.type("Schmidt")
    t.said("amount: 1250.00 EUR")
    equal(t.end(), 0, t.text)
    equal(place.json("queue", "show", "asks", "T-1")["result"],
          {"decision": "yes", "amount": "1250.00 EUR", "day": "2026-11-24", "name": "Schmidt"})


def test_no_answer_waits(place):
    robot = place.write("asks.lua", ASKS)
    t = Terminal(place, "run", robot, "--case", place.write("c.json", '{"id": "T-1"}'))
    t.said("your answer: ")
    os.write(t.fd, b"\x04")
    t.said("waits for a person: review 1")
    equal(t.end(), 4)


def test_fields_from_the_command_line(place):
    robot = place.write("asks.lua", ASKS)
    file = place.write("c.json", '{"id": "T-1"}')
    equal(place.run("run", robot, "--case", file).returncode, 4)
    place.run("review", "answer", "1", "yes")
    equal(place.run("run", robot, "--case", file).returncode, 4)
    r = place.run("review", "answer", "2", "amount=much")
    equal(r.returncode, 2)
    r = place.run("review", "answer", "2", "amonut=5.00 EUR")
    equal(r.returncode, 2)
    contains(r.stderr, "amount=")
    equal(place.run("review", "answer", "2", "amount=5.00 EUR").returncode, 0)
    equal(place.run("run", robot, "--case", file).returncode, 0)
    equal(place.json("queue", "show", "asks", "T-1")["result"]["amount"], "5.00 EUR")


def test_interrupted(place):
    from flow import Ledger
    ledger = Ledger()
    ledger.lock.acquire()  # it does not answer
    t = Terminal(place, "run", place.write("waits.lua", WAITS % ledger.url))
    end = time.monotonic() + 10
    while not os.path.exists(place.store) or not place.json("runs") or place.json("runs")[0]["state"] != "leased":
        equal(time.monotonic() < end, True, "the run has begun")
        time.sleep(0.05)
    t.child.send_signal(signal.SIGINT)
    equal(t.end(), 130, t.text)
    equal(place.json("runs")[0]["state"], "retrying", "it is due again")
    ledger.lock.release()
    ledger.close()


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
