"""Each bad manner of loan-core: that it comes, that it does what it says, that the seed decides."""
import subprocess
import threading
import time

from gi.repository import Atspi

from desk import Program, keys, until

SIGN_IN = "Loan Core - Sign in"
LATER_S = 0.6  # an act follows its moment within 0.4 s


def seen(p, title):
    """Whether a window of this title comes within the time an act may take."""
    try:
        p.window(title, LATER_S)
    except AssertionError:
        return False
    return True


def moments(p):
    """Small deeds, one moment each, without end; yields how many there were."""
    p.press("Loan Core", "New approval")
    count = 0
    while True:
        for field in ("Application", "Applicant", "Registration no", "Tax no", "Amount", "Start"):
            if not p.window_now("New approval"):
                return
            p.put("New approval", field, str(count))
            count += 1
            yield count


def deeds_until(p, title, most):
    for count in moments(p):
        if seen(p, title):
            return count
        if count == most:
            return None
    return None


def case_slow_windows_come_late_and_wake_later(db):
    waits = []
    for seed in ("1", "1", "2"):
        with Program(db, rude="slow", rude_seed=seed) as p:
            p.sign_on()
            p.one("Loan Core", "Approvals", "table")
            begun = time.monotonic()
            p.press("Loan Core", "New approval")
            p.one("New approval", "Application", "text")  # usable, not only there
            waits.append(time.monotonic() - begun)
            until("the field Application", lambda: p.one("New approval", "Application", "text").get_state_set().contains(
                Atspi.StateType.FOCUSED))
    assert all(0.29 < wait < 4 for wait in waits), waits
    assert abs(waits[0] - waits[1]) < 0.6 < abs(waits[0] - waits[2]), waits


def case_slow_table_is_stale_and_insensitive_after_a_save(db):
    with Program(db, rude="slow", rude_seed="3") as p:
        p.sign_on()
        p.one("Loan Core", "Approvals", "table")
        p.fill("L-1")
        p.press("New approval", "Submit")
        window = p.window("Are you sure?")
        p.press("New approval", "Submit")
        assert window and len([t for t in p.titles() if t == "Are you sure?"]) == 1
        p.press("Are you sure?", "Yes")
        p.gone("New approval")
        assert len(p.approvals()) == 1
        until("the row", lambda: [r["Application"] for r in p.rows()] == ["L-1"])


def case_session_dialog_comes_once_or_twice_and_stay_stays(db):
    met = []
    for seed in ("5", "5", "6"):
        with Program(db, rude="dialog", rude_seed=seed).sign_on() as p:
            first = deeds_until(p, "Session", 14)
            assert first, "no dialog in 14 moments"
            p.one("Session", "Session expires soon. Stay signed on?", "label")
            p.press("Session", "Stay")
            p.gone("Session")
            p.window("New approval")
            met.append(first)
    assert met[0] == met[1] != met[2], met


def case_session_dialog_comes_no_third_time(db):
    with Program(db, rude="dialog", rude_seed="8").sign_on() as p:
        came = 0
        for count in moments(p):
            if p.window_now("Session"):
                p.press("Session", "Stay")
                p.gone("Session")
                came += 1
            if count == 120:
                break
        assert came + seen(p, "Session") in (1, 2), came


def case_behind_a_dialog_nothing_is_entered(db):
    with Program(db, rude="dialog", rude_seed="5").sign_on() as p:
        deeds_until(p, "Session", 14)
        p.put("New approval", "Application", "L-1")
        p.put("New approval", "Applicant", "Acme")
        p.put("New approval", "Amount", "1")
        p.put("New approval", "Start", "01/01/2027")
        p.press("New approval", "Submit")
        assert not seen(p, "Are you sure?")
        p.press("Session", "Stay")
        p.gone("Session")
        p.press("New approval", "Submit")
        p.press("Are you sure?", "Yes")
        p.gone("New approval")
        assert len(p.approvals()) == 1


def case_leaving_the_session_signs_out(db):
    with Program(db, rude="dialog", rude_seed="7").sign_on() as p:
        deeds_until(p, "Session", 14)
        p.press("Session", "Leave")
        p.window(SIGN_IN)
        assert p.titles() == [SIGN_IN] and p.approvals() == []
        p.sign_on()
        assert p.quit() == 0


def case_period_notice_comes_once_and_no_closes_the_form(db):
    with Program(db, rude="notice", rude_seed="2").sign_on() as p:
        assert deeds_until(p, "Posting period", 14)
        p.one("Posting period", "Posting period 2026-10 is closed. Continue in 2026-11?", "label")
        p.press("Posting period", "No")
        p.gone("New approval")
        assert p.status() == "Posting period 2026-10 is closed"
        assert deeds_until(p, "Posting period", 8) is None, "it came twice"
    with Program(db, rude="notice", rude_seed="2").sign_on() as p:
        deeds_until(p, "Posting period", 14)
        p.press("Posting period", "Yes")
        p.gone("Posting period")
        p.window("New approval")


def case_messages_steals_the_keyboard_for_a_second(db):
    text = "abcdefghijklmnopqrstuvwxyz" * 2
    with Program(db, rude="theft", rude_seed="4").sign_on() as p:
        p.press("Loan Core", "New approval")
        p.focus("New approval", "Application")
        typing = subprocess.Popen(["xdotool", "type", "--delay", "40", text])
        p.one("Messages", "Message to branch 014", "text")
        begun = time.monotonic()
        p.gone("Messages")
        lasted = time.monotonic() - begun
        assert typing.wait(20) == 0
        got = p.text("New approval", "Application")
        assert 0.5 < lasted < 5, lasted
        assert got != text and got and text.startswith(got[:8]), got
        p.active("New approval")
        keys("key", "Escape")
        assert p.quit() == 0


def case_freezes_for_a_second(db):
    with Program(db, rude="freeze", rude_seed="1").sign_on() as p:
        longest, last = 0, time.monotonic()
        for count in moments(p):
            p.titles()
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            if longest > 0.95 or count == 200:
                break
        assert 0.95 < longest < 5, longest
        assert p.quit() == 0


def case_frozen_submit_saves_after_a_second_and_a_half(db):
    with Program(db, rude="frozen-submit").sign_on() as p:
        p.fill("L-1")
        p.press("New approval", "Submit")
        yes = p.one("Are you sure?", "Yes", "push button")
        came = []
        begun = time.monotonic()
        watch = threading.Thread(target=lambda: came.append(
            until("the row", p.approvals) and time.monotonic() - begun))
        watch.start()
        yes.get_action_iface().do_action(0)
        p.titles()
        silent = time.monotonic() - begun
        watch.join()
        assert 1.45 < came[0] < 5 and 1.45 < silent, (came, silent)
        p.gone("New approval")
        assert len(p.approvals()) == 1


def case_all_bad_manners_together_lose_nothing(db):
    with Program(db, rude="slow,dialog,notice,theft,freeze,frozen-submit", rude_seed="9").sign_on() as p:
        def polite():
            """Answers what comes in the way, as a patient clerk."""
            for title, answer in (("Session", "Stay"), ("Posting period", "Yes")):
                if p.window_now(title):
                    p.press(title, answer)
                    p.gone(title)
        for number in range(3):
            p.press("Loan Core", "New approval")
            p.window("New approval")
            for field, value in (("Application", f"L-{number}"), ("Applicant", "Acme"), ("Amount", "5.00")):
                polite()
                p.put("New approval", field, value)
            while len(p.approvals()) == number:
                polite()
                if p.window_now("Are you sure?"):
                    p.press("Are you sure?", "Yes")
                    p.gone("Are you sure?")
                elif p.window_now("New approval"):
                    p.press("New approval", "Submit")
            p.gone("New approval")
            polite()
        assert [r["application"] for r in p.approvals()] == ["L-0", "L-1", "L-2"]
