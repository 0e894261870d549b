#!/usr/bin/env python3
"""The desk against real programs: zenity, yad, loan-core. Needs build/deskhand, the module and build/examples/loan-core.
Every case gets a fresh application on one warm desk, unless it is about desks themselves."""
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unicodedata

from desk_client import Desk, Failure, ROOT, sealed

LOAN_CORE = os.environ.get("LOAN_CORE", os.path.join(ROOT, "build", "examples", "loan-core"))
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
FIELDS = int(os.environ.get("DESK_TEST_FIELDS", "160"))  # of the theft test; 1000 in the soak
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


# ---- what a clerk does

@case
def an_approval_is_entered_and_seen(p):
    p.loan_core()
    rows = p.enter("L-1042", Product="Farm credit", Collateral=True, Remarks="first line\nsecond line")
    assert len(rows) == 1 and rows[0][2] == "12,500.00" and rows[0][3] == "Farm credit", rows
    assert p.approvals() == [("L-1042", "Müller & Söhne", 1250000, "Farm credit", 1, "first line\nsecond line")]


@case
def a_search_finds_it(p):
    p.loan_core()
    for n in (1, 2):
        p.enter(f"L-{n}")
    p.call("go", place="File/Search")
    p.call("fill", pairs=[["Application or applicant", "L-2"]])
    p.call("press", target="Find")
    p.call("wait", target="1 found")
    answer = p.call("table", target="Results")
    assert answer["columns"][0] == "Application" and [r[0] for r in answer["rows"]] == ["L-2"], answer
    assert p.call("home", title="Loan Core")["closed"] == ["Search"]


@case
def dialogs_in_the_list_are_answered_and_told(p):
    p.loan_core()
    p.call("go", place="New approval")
    p.call("fill", pairs=[["Application", "L-1"], ["Applicant", "Acme"], ["Amount", "1.00"]])
    told = p.call("press", target="Submit").get("dialogs", [])
    told += p.call("wait", target={"name": "New approval", "role": "window"}, gone=True).get("dialogs", [])
    assert [(d["title"], d["button"]) for d in told] == [("Are you sure?", "Yes")], told
    assert "Acme over 1.00 EUR" in told[0]["text"], told


@case
def an_unexpected_dialog_stops_the_word_and_is_not_pressed(p):
    p.loan_core(dialogs=[])
    p.call("go", place="New approval")
    p.call("fill", pairs=[["Application", "L-1"], ["Applicant", "Acme"], ["Amount", "1.00"]])
    p.call("press", target="Submit")
    e = raises("EREFUSED", p.call, "read", target="Amount")
    assert "Enter the approval for Acme over 1.00 EUR?" in e.seen and "[Yes] [No]" in e.seen, e
    assert 'dialogs = {' in e.advice and len(e.files) == 2 and e.files[0][:4] == b"\x89PNG", e
    assert p.approvals() == [] and len(p.call("windows")["windows"]) == 3
    p.call("go", place="Are you sure?")  # asked for: now it is no surprise
    p.call("press", target="No")
    assert p.call("read", target="Amount")["value"] == "1.00"


@case
def a_wrong_entry_is_told_by_the_programs_own_dialog(p):
    p.loan_core()
    p.call("go", place="New approval")
    p.call("fill", pairs=[["Application", "L-1"], ["Applicant", "Acme"], ["Amount", "12x"]])
    p.call("press", target="Submit")
    e = raises("EREFUSED", p.call, "table", target={"name": "Approvals", "role": "table"})
    assert "Amount is not a number: 12x" in e.seen, e
    assert p.call("home", title="Loan Core")["closed"] == ["Check the entry", "New approval"]


@case
def values_are_read_by_kind(p):
    p.loan_core()
    p.call("go", place="New approval")
    assert p.call("read", target="Product")["value"] == "Working capital"
    assert p.call("read", target="Collateral")["value"] is False
    p.call("fill", pairs=[["Collateral", True], ["Product", "Equipment"]])
    assert p.call("read", target="Collateral")["value"] is True
    p.call("expect", target="Product", value="Equipment")
    e = raises("EMISMATCH", p.call, "expect", target="Product", value="Farm credit")
    assert "expected: Farm credit   seen: Equipment" in e.seen, e
    assert p.call("find", target="Start")["label"] == "Start"
    assert p.call("has", target="Submit")["has"] and not p.call("has", target="Delete")["has"]


# ---- strictness

@case
def what_is_not_there_is_an_error_that_lists_what_is(p):
    p.loan_core()
    e = raises("ENOENT", p.call, "press", target="New aproval…", time_ms=300)
    assert '"New approval"' in e.seen and e.advice == 'write "New approval"' and "waited 0.3 s" in e.text, e
    assert b'push button "New approval"' in e.files[1]
    e = raises("ENOENT", p.call, "go", place="File/Sign off", time_ms=1500)
    p.call("press", key="Escape")
    p.call("go", place="New approval")
    e = raises("ENOENT", p.call, "fill", pairs=[["Product", "Shares"]], time_ms=300)
    assert '"Farm credit"' in e.seen, e
    raises("EUSE", p.call, "fill", pairs=[["Collateral", "yes"]], time_ms=300)
    raises("EUSE", p.call, "fill", pairs=[["Amount", "1\n2"]], time_ms=300)


@case
def two_that_fit_are_an_error_that_lists_them(p):
    p.shell("yad --form --title=Two --field=Principal:LBL '' --field=Amount '' --field=Fees:LBL '' --field=Amount ''")
    e = raises("EAMBIGUOUS", p.call, "fill", pairs=[["Amount", "5"]])
    assert "1. Amount (text), below \"Principal\"" in e.seen and "2. Amount (text), below \"Fees\"" in e.seen, e
    p.call("fill", pairs=[[{"name": "Amount", "near": "Fees"}, "7"], [{"name": "Amount", "nth": 1}, "5"]])
    p.call("press", target="OK")
    assert p.said() == "|5||7|", p.said()


@case
def a_field_that_cuts_is_a_mismatch(p):
    p.loan_core()
    p.call("go", place="New approval")
    e = raises("EMISMATCH", p.call, "fill", pairs=[["Amount", "1,000,000,000,000.00"]])
    assert "sent: 1,000,000,000,000.00   seen: 1,000,000,000,00" in e.seen and "typed twice" in e.seen, e


# ---- other programs

@case
def zenity_whose_labels_are_known_by_place_only(p):
    p.shell("zenity --forms --title=Customer --text=Enter --add-entry=Name --add-entry=Town --add-password=Code "
            "--add-combo=Kind --combo-values='private|firm'")
    answer = p.call("fill", pairs=[["Name", "Zoë"], ["Town", "Łódź"], ["Code", "s3cret"], ["Kind", "firm"]])
    assert answer["unread"] == ["Code"], answer
    raises("EACCES", p.call, "read", target="Code")
    p.call("press", target="OK")
    assert p.said() == "Zoë|Łódź|s3cret|firm"


@case
def yad_with_every_kind_of_field(p):
    p.shell("yad --form --title=All --field=Text '' --field=Number:NUM 0 --field=Check:CHK FALSE "
            "--field=Choice:CB 'one!two!three' --field=Date:DT '' --field=Long:TXT '' --date-format=%d.%m.%Y")
    p.call("fill", pairs=[["Text", "a b"], ["Number", "42"], ["Check", True], ["Choice", "three"],
                          ["Date", "30.11.2026"], ["Long", "one\ntwo"]])
    p.call("press", target="OK")
    assert p.said() == "a b|42|TRUE|three|30.11.2026|one\\ntwo|", p.said()


@case
def typing_is_exact_in_every_script(p):
    p.shell("yad --form --title=Text --field=One '' --field=Two:TXT ''")
    texts = ["".join(chr(c) for c in range(0x21, 0x7f)), "ÀÉÎÕÜßàéîõüÿŁłŐőŽž", "ΑΒΓΔΩαβγδωάέή", "АБВГДЖЯабвгджя",
             "北京市海淀区中关村大街一号", "東京都千代田区 ㈱テスト", "¼½¾€£¥§¶†•…–—“”", "a  b   c"]
    letters = [chr(c) for c in range(0xa1, 0x530) if unicodedata.category(chr(c))[0] in "LNS"]
    texts += ["".join(random.Random(n).sample(letters, 150)) for n in range(4)]
    for text in texts:
        p.call("fill", pairs=[["One", text], ["Two", text + "\n" + text]])
        assert p.call("read", target="One")["value"] == text
        assert p.call("read", target="Two")["value"] == text + "\n" + text


# ---- rude programs

@case
def a_slow_program_is_waited_for(p):
    p.loan_core("slow", 3)
    assert len(p.enter("L-7")) == 1
    assert p.approvals()[0][0] == "L-7"


@case
def a_frozen_program_is_waited_for(p):
    p.loan_core("freeze,frozen-submit", 2)
    for n in range(3):
        p.enter(f"L-{n}")
    p.call("wait", target={"name": "New approval", "role": "window"}, gone=True)
    assert [a[0] for a in p.approvals()] == [f"L-{n}" for n in range(3)]


@case
def dialogs_at_any_moment_are_answered(p):
    p.loan_core("dialog", 5)
    told = 0
    for n in range(5):
        p.call("home", title="Loan Core")
        told += len(p.call("go", place="New approval").get("dialogs", []))
        told += len(p.call("fill", pairs=[["Application", f"L-{n}"], ["Applicant", "Acme"], ["Amount", "7.00"],
                                          ["Tax no", "T"], ["Registration no", "R"]]).get("dialogs", []))
        p.submit(f"L-{n}")
    assert [a[0] for a in p.approvals()] == [f"L-{n}" for n in range(5)]


@case
def an_unknown_dialog_at_any_moment_is_refused_not_pressed(p):
    p.loan_core("notice", 1)
    try:
        for n in range(6):  # without going home: that would close the dialog
            p.call("go", place="New approval")
            p.call("fill", pairs=[["Application", f"L-{n}"], ["Applicant", "Acme"], ["Amount", "7.00"]])
            p.call("press", target="Submit")
            p.call("wait", target={"name": "New approval", "role": "window"}, gone=True)
    except Failure as failure:
        assert failure.code == "EREFUSED" and "Posting period 2026-10 is closed" in failure.seen, failure
    else:
        raise AssertionError("the notice did not come")
    assert "Posting period" in [w["title"] for w in p.call("windows")["windows"]]


@case
def dialogs_that_lie_on_each_other_are_answered_from_the_top(p):
    """Upper covers Lower, although Lower has the keyboard: what is unknown stops the word where it lies."""
    upper, lower = ["Upper", "Stay"], ["The period is closed*", "Yes"]
    for rules, pressed, unknown in (([lower, upper], ["Upper: Stay", "Lower: Yes"], None), ([upper], ["Upper: Stay"], "The period is closed"),
                                    ([lower], [], "The session expires")):
        p.call("start", argv=["sh", "-c", f"{FIXTURES}/stacked.py > {p.out}"], dialogs=rules)
        if unknown:
            e = raises("EREFUSED", p.call, "fill", pairs=[["Amount", "12.00"]])
            assert unknown in e.seen and len(e.files) == 2 and e.files[0][:4] == b"\x89PNG", e
        else:
            told = p.call("fill", pairs=[["Amount", "12.00"]])["dialogs"]
            assert [(d["title"], d["button"]) for d in told] == [("Upper", "Stay"), ("Lower", "Yes")], told
            assert p.call("read", target="Amount")["value"] == "12.00"
        with open(p.out, encoding="utf-8") as f:
            assert f.read().split("\n")[:-1] == pressed
        p.call("reset")


@case
def a_thief_of_the_keyboard_gets_no_character(p):
    p.loan_core("theft", 4)
    p.call("go", place="New approval")
    dice, thefts, done = random.Random(7), 0, 0
    names = ["Application", "Applicant", "Registration no", "Tax no"]
    while done < FIELDS:
        sent = {n: "".join(dice.choices("abcdefghijklmnopqrstuvwxyzÄÖÜ0123456789", k=dice.randint(5, 24))) for n in names}
        p.call("fill", pairs=list(map(list, sent.items())))
        for name, value in sent.items():
            assert p.call("read", target=name)["value"] == value
        for w in p.call("windows")["windows"]:
            if w["title"] == "Messages":
                thefts += 1
                try:
                    held = p.call("read", target={"name": "Message to branch 014", "within": "Messages"}, time_ms=50)
                    assert held["value"] == "", held
                except Failure as gone:  # it goes by itself after a second
                    assert gone.code in ("ENOENT", "ETIME"), gone
                p.call("activate", title="New approval")
        done += len(names)
    assert thefts, "nobody stole"


# ---- secrets, pictures, ends

@case
def secrets_are_in_no_picture_tree_or_error(p):
    p.loan_core(sign_on=False)
    p.call("fill", pairs=[["User", "very-secret-user"]], mask=["User"])
    e = raises("ENOENT", p.call, "press", target="Sign inn", time_ms=200)
    assert b"very-secret" not in e.files[1] and b"= ***" in e.files[1], e.files[1]
    box = p.call("find", target="User")
    assert "value" not in box, box
    p.call("capture", region={k: box[k] for k in "xywh"})
    assert is_black(p.desk.files[0])
    e = raises("EMISMATCH", p.call, "expect", target="User", value="another")
    assert "secret" not in str(e)


def is_black(png):
    import io
    from PIL import Image
    return not Image.open(io.BytesIO(png)).convert("L").getextrema()[1]


@case
def controls_are_found_by_image(p):
    p.loan_core()
    box = p.call("find", target="Search")
    p.call("capture", region={"x": box["x"] + 30, "y": box["y"] + 4, "w": 60, "h": 50})
    needle = sealed(p.desk.files[0])
    found = p.call("find", fds=[needle], target={"image": 0})
    assert (found["x"], found["y"]) == (box["x"] + 30, box["y"] + 4), found
    p.call("reset")
    p.loan_core(options=["--no-accessibility"], sign_on=False)
    raises("ENOENT", p.call, "find", fds=[needle], target={"image": 0}, time_ms=300)
    os.close(needle)


@case
def a_program_that_ends_is_told(p):
    p.loan_core()
    p.call("press", key="ctrl+q")
    e = raises("EUNAVAILABLE", p.call, "read", target="Amount")
    assert "has ended" in e.text, e
    p.call("reset")
    raises("ENOENT", p.call, "start", argv=["/nowhere/at/all"])
    p.call("reset")
    p.loan_core()


# Requests that wait for what never comes.
ENDLESS = [("wait", {"target": "Godot"}), ("wait", {"target": "Search", "gone": True}), ("find", {"target": "Godot"}),
           ("read", {"target": "Godot"}), ("expect", {"target": "Godot", "value": "x"}), ("table", {"target": "Godot"}),
           ("fill", {"pairs": [["Godot", "x"]]}), ("press", {"target": "Godot"}),
           ("press", {"target": {"name": "Approvals", "row": [["Application", "none"]]}}), ("go", {"place": "Godot"}),
           ("activate", {"title": "Godot"}), ("home", {"title": "Godot"}), ("look", {"window": "Godot"})]


@case
def every_word_can_be_called_off(p):
    p.loan_core()
    for op, arguments in ENDLESS:
        number = p.desk.ask(op, **arguments)
        time.sleep(0.2)
        since = time.monotonic()
        p.desk.send({"cancel": number})
        raises("ECANCELED", p.desk.answer, number)
        assert time.monotonic() - since < 1, op
        assert p.call("has", target="Search")["has"], op


@case
def every_word_ends_in_its_time(p):
    p.loan_core()
    for op, arguments in ENDLESS:
        since = time.monotonic()
        try:
            p.call(op, time_ms=200, **arguments)
            raise AssertionError(f"{op} found Godot")
        except Failure as failure:
            assert failure.code in ("ENOENT", "ETIME") and "waited 0.2 s" in failure.text, (op, failure)
        assert time.monotonic() - since < 5, op  # picture and tree are made after it
    p.call("reset")
    e = raises("ETIME", p.call, "start", argv=["sleep", "60"], time_ms=200)
    assert "shows no window" in e.text, e


@case
def a_fill_called_off_anywhere_leaves_a_program_that_can_be_driven(p):
    p.loan_core()
    p.call("go", place="New approval")
    text = "abcdefghijklmnop" * 3
    for n in range(12):
        number = p.desk.ask("fill", pairs=[[name, text] for name in ("Application", "Applicant", "Registration no", "Tax no")])
        time.sleep(0.02 * n)
        p.desk.send({"cancel": number})
        try:
            p.desk.answer(number)
        except Failure as failure:
            assert failure.code == "ECANCELED", failure
        p.call("fill", pairs=[["Application", f"L-{n}"]])
        assert p.call("read", target="Application")["value"] == f"L-{n}"
    assert p.call("home", title="Loan Core")["closed"] == ["New approval"]


@case
def a_window_that_closes_in_the_middle_is_told(p):
    fields = " ".join(f"--field=F{i} ''" for i in range(20))
    for program, code in ((f"yad --form --title=Main {fields} & sleep 1.5; kill -9 $!", "EUNAVAILABLE"),
                          (f"yad --form --title=Rest --field=A '' & yad --form --title=Main {fields} & sleep 1.5; kill $!; sleep 9", "ENOENT")):
        p.call("start", argv=["sh", "-c", program], title="Main")
        try:
            for _ in range(200):
                p.call("fill", pairs=[[f"F{i}", "text of some length"] for i in range(20)], time_ms=1500)
            raise AssertionError("the window did not close")
        except Failure as failure:
            assert failure.code in (code, "ETIME"), failure
        p.call("reset")
    p.loan_core()  # the desk serves on


@case
def a_picture_that_its_sender_can_change_is_refused(p):
    p.loan_core()
    p.call("capture", region={"x": 0, "y": 0, "w": 40, "h": 40})
    fd = os.memfd_create("unsealed", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, p.desk.files[0])
    number = p.desk.ask("find", fds=[fd], target={"image": 0}, time_ms=300)
    os.ftruncate(fd, 0)
    try:
        p.desk.answer(number)
        raise AssertionError("it was taken")
    except Failure as failure:
        assert failure.code in ("EFORMAT", "EREFUSED", "EUSE", "EACCES"), failure
    os.close(fd)
    assert p.call("has", target="Search")["has"]


# ---- desks themselves

def marked(mark):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if mark in f.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def children_of(desk):
    return subprocess.run(["pgrep", "-P", str(desk.process.pid)], capture_output=True, text=True).stdout.split()


def mark_and_files(desk):
    """What all processes of a desk bear in their environment, and its files: its folder, the socket of its display."""
    for child in children_of(desk):
        try:
            with open(f"/proc/{child}/environ", "rb") as f:
                entries = dict(e.split(b"=", 1) for e in f.read().split(b"\0") if b"=" in e)
        except OSError:  # the guard, when this binary is not readable for this user
            continue
        if b"DESKHAND_DESK" in entries and b"DISPLAY" in entries:
            number = entries[b"DISPLAY"].decode()[1:]
            return (b"DESKHAND_DESK=" + entries[b"DESKHAND_DESK"],
                    [os.path.dirname(entries[b"HOME"]).decode(), f"/tmp/.X11-unix/X{number}"])
    raise AssertionError("no marked child")


@case
def nothing_is_left_after_kill_9(_):
    for how in (signal.SIGKILL, signal.SIGTERM, None):
        desk = Desk()
        place = Place(desk)
        place.loan_core()
        place.call("go", place="New approval")
        mark, files = mark_and_files(desk)
        assert len(marked(mark)) >= 6 and all(map(os.path.exists, files)), files
        if how:
            desk.process.send_signal(how)
            desk.process.wait()
        else:
            assert desk.close() == 0
        end = time.monotonic() + 10
        while (marked(mark) or any(map(os.path.exists, files))) and time.monotonic() < end:
            time.sleep(0.02)
        assert not marked(mark) and not any(map(os.path.exists, files)), (how, marked(mark), files)
        shutil.rmtree(place.dir)
        assert not os.path.exists(f"/tmp/.X{files[1].rsplit('X', 1)[1]}-lock")
    # one that lost desk and guard at once is removed by the next desk
    left = os.path.join(tempfile.gettempdir(), "deskhand-desk-a-test")
    os.makedirs(os.path.join(left, "home"))
    with open(os.path.join(left, "lock"), "w", encoding="ascii"):
        pass
    assert Desk().close() == 0 and not os.path.exists(left)


@case
def desks_side_by_side_do_not_meet(_):
    desks = [Desk() for _ in range(4)]
    places = [Place(d) for d in desks]
    for place in places:
        place.loan_core()
    for n in range(3):
        for i, place in enumerate(places):
            place.call("go", place="New approval")
            place.call("fill", pairs=[["Application", f"D{i}-{n}"], ["Applicant", "甲" * (i + 1)], ["Amount", "1.00"]])
        numbers = [place.desk.ask("press", target="Submit") for place in places]
        for place, number in zip(places, numbers):
            place.desk.answer(number)
            place.call("wait", target={"name": "New approval", "role": "window"}, gone=True)
    for i, place in enumerate(places):
        assert [a[:2] for a in place.approvals()] == [(f"D{i}-{n}", "甲" * (i + 1)) for n in range(3)]
    # a program of one desk is not let onto the display of another
    with open(f"/proc/{children_of(desks[0])[-1]}/environ", "rb") as f:
        display = next(e for e in f.read().split(b"\0") if e.startswith(b"DISPLAY=")).decode()[8:]
    places[1].call("reset")
    raises("EUNAVAILABLE", places[1].call, "start", argv=[LOAN_CORE], env={"DISPLAY": display})
    display = subprocess.run(["pgrep", "-a", "-P", str(desks[0].process.pid), "Xvfb"], capture_output=True, text=True)
    assert "-nolisten tcp" in display.stdout and "-auth" in display.stdout
    for place in places:
        place.close()
        assert place.desk.close() == 0


@case
def all_bad_manners_together_lose_nothing(p):
    rules = [*SURE, ["Posting period*is closed*", "Yes"]]
    p.loan_core("slow,dialog,notice,theft,freeze,frozen-submit", 1, dialogs=rules)
    for n in range(2):
        p.call("home", title="Loan Core")
        p.call("go", place="New approval")
        p.call("fill", pairs=[["Application", f"L-{n}"], ["Applicant", "Müller"], ["Registration no", "HRB 1"],
                              ["Tax no", "DE1"], ["Amount", "12,500.00"], ["Product", "Farm credit"],
                              ["Collateral", True], ["Start", "30/11/2026"], ["Remarks", "a\nb"]], time_ms=60000)
        p.submit(f"L-{n}")
    assert p.approvals() == [(f"L-{n}", "Müller", 1250000, "Farm credit", 1, "a\nb") for n in range(2)]


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


if __name__ == "__main__":
    sys.exit(main())
