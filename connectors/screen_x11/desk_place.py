"""What the tests of the desk share: a place with a desk and a program on it, cases, and their run. Needs build/deskhand, the
module and build/examples/loan-core. Every case gets a fresh application on one warm desk, unless it is about desks themselves."""
import os
import shutil
import sqlite3
import sys
import tempfile
import time

from desk_client import Desk, Failure, ROOT

LOAN_CORE = os.environ.get("LOAN_CORE", os.path.join(ROOT, "build", "examples", "loan-core"))
SURE = [["Are you sure?", "Yes"], ["Session expires", "Stay"]]
CASES = []
PATIENCE_S = 20


def case(function):
    CASES.append(function)
    return function


def raises(code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except Failure as failure:
        assert failure.code == code, f"{failure.code} instead of {code}: {failure}"
        return failure
    raise AssertionError(f"no {code}")


class Place:
    """A desk, a folder for files, and the program that is started on it."""

    def __init__(self, desk):
        self.desk, self.dir = desk, tempfile.mkdtemp(prefix="desk-test-")
        self.db, self.out = os.path.join(self.dir, "bank.db"), os.path.join(self.dir, "out")
        self.call = desk.call

    def loan_core(self, rude="", seed=1, dialogs=SURE, options=(), sign_on=True):
        env = {"LOAN_CORE_DB": self.db, "LOAN_CORE_USERS": "clerk:open-sesame", "LOAN_CORE_RUDE": rude,
               "LOAN_CORE_RUDE_SEED": str(seed)}
        self.call("start", argv=[LOAN_CORE, *options], env=env, dialogs=dialogs)
        if sign_on:
            self.call("fill", pairs=[["User", "clerk"], ["Password", "open-sesame"]], mask=["Password"])
            self.call("press", target="Sign in")
            self.call("wait", target={"name": "Loan Core", "role": "window"})

    def shell(self, command):
        self.call("start", argv=["sh", "-c", f"{command} > {self.out}"], dialogs=[])

    def said(self):
        end = time.monotonic() + PATIENCE_S
        while not (os.path.exists(self.out) and os.path.getsize(self.out)):
            assert time.monotonic() < end, "the program wrote nothing"
            time.sleep(0.02)
        with open(self.out, encoding="utf-8") as f:
            return f.read().rstrip("\n")

    def approvals(self):
        with sqlite3.connect(self.db) as bank:
            return bank.execute("SELECT application, applicant, amount_minor, product, collateral, remarks "
                                "FROM approvals ORDER BY id").fetchall()

    def submit(self, number):
        """As the word submit: a press that a dialog has swallowed is made again once the program is idle and the row not there."""
        self.call("press", target="Submit")
        again = time.monotonic() + 4
        while number not in [r[0] for r in self.call("table", target="Approvals")["rows"]]:
            if time.monotonic() > again and self.call("idle", target="Submit")["idle"]:
                self.call("press", target="Submit")
                again += 4
            time.sleep(0.2)

    def enter(self, number, **more):
        self.call("home", title="Loan Core")
        self.call("go", place="New approval")
        fields = {"Application": number, "Applicant": "Müller & Söhne", "Amount": "12,500.00", "Start": "30/11/2026",
                  **more}
        self.call("fill", pairs=[[k, v] for k, v in fields.items()])
        self.call("press", target="Submit")
        self.call("wait", target={"name": "New approval", "role": "window"}, gone=True)
        end = time.monotonic() + 5  # a slow program shows old rows for a while
        while True:
            rows = [r for r in self.call("table", target="Approvals")["rows"] if r[0] == number]
            if rows or time.monotonic() > end:
                return rows
            time.sleep(0.1)

    def close(self):
        self.call("reset")
        shutil.rmtree(self.dir, ignore_errors=True)


def main():
    wanted, passed, failed = sys.argv[1:], 0, 0
    desk = Desk()
    print(f"desk ready in {desk.ready['ms']} ms")
    for function in CASES:
        name = function.__name__.replace("_", " ")
        if wanted and not any(w in name for w in wanted):
            continue
        place, since = Place(desk), time.monotonic()
        try:
            function(place)
            passed += 1
            print(f"ok    {name} ({time.monotonic() - since:.1f} s)")
        except Exception as error:  # one failed case says so and the next begins
            failed += 1
            print(f"FAIL  {name}: {type(error).__name__}: {error}")
            if isinstance(error, Failure) and error.files:
                print(error.files[-1].decode(errors="replace"))
        try:
            place.close()
        except Exception as error:
            print(f"      the desk is lost: {error}")
            desk = Desk()
        sys.stdout.flush()
    desk.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
