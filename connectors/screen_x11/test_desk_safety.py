#!/usr/bin/env python3
"""The desk against rude programs, whoever calls off or changes what it was given, and its own end."""
import errno
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from desk_client import Desk, Failure, Tagged, sealed
from desk_place import LOAN_CORE, Place, SURE, case, main, raises

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
FIELDS = int(os.environ.get("DESK_TEST_FIELDS", "160"))  # of the theft test; 1000 in the soak

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
        value = p.desk.call_off(number)
        assert value is None or value.value["code"] == "ECANCELED", (op, value)
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
        value = p.desk.call_off(number)
        assert not isinstance(value, Tagged) or value.value["code"] == "ECANCELED", value
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


def remaining(files):
    """Those that are still there; a socket that answers belongs to another desk, which has this number now."""
    folder, display = files
    found = [folder] if os.path.exists(folder) else []
    with socket.socket(socket.AF_UNIX) as s:
        if os.path.exists(display) and s.connect_ex(display) == errno.ECONNREFUSED:
            found.append(display)
    return found


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
        while (marked(mark) or remaining(files)) and time.monotonic() < end:
            time.sleep(0.02)
        assert not marked(mark) and not remaining(files), (how, marked(mark), remaining(files))
        shutil.rmtree(place.dir)
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


if __name__ == "__main__":
    sys.exit(main())
