"""Each window of loan-core, and what lands in the database."""
import os
import sqlite3
import subprocess
import time

from gi.repository import Atspi

from desk import PROGRAM, Program, action, children, keys, label_of, tree, until

SIGN_IN = "Loan Core - Sign in"
COLUMNS = ["Application", "Applicant", "Amount", "Product", "Collateral", "Start", "Receipt no", "Entered by",
           "Entered at"]


def case_without_a_path_the_database_lies_in_the_data_folder(_):
    folder = os.path.join(os.environ["XDG_DATA_HOME"], "loan-core")
    with Program("").sign_on() as p:
        p.enter("L-1")
        p.db = os.path.join(folder, "loan-core.db")
        assert len(p.approvals()) == 1 and os.stat(folder).st_mode & 0o777 == 0o700


def case_sign_on_refuses_and_allows(db):
    with Program(db) as p:
        p.window(SIGN_IN)
        for user, password in (("clerk", "wrong"), ("nobody", "secret"), ("", ""), ("clerk:secret", "")):
            p.put(SIGN_IN, "User", user)
            p.put(SIGN_IN, "Password", password)
            p.press(SIGN_IN, "Sign in")
            red = p.one(SIGN_IN, "Unknown user or wrong password", "label")
            assert red.get_text_iface().get_default_attributes()["fg-color"] == "49344,0,0", "it is not red"
        masked = p.put(SIGN_IN, "Password", "secret2")
        assert masked.get_role_name() == "password text"
        assert "secret2" not in masked.get_text_iface().get_text(0, -1)
        p.put(SIGN_IN, "User", "boss")
        p.press(SIGN_IN, "Sign in")
        p.window("Loan Core")
        p.gone(SIGN_IN)
        p.one("Loan Core", "Signed on: boss", "label")
        assert p.titles() == ["Loan Core"]


def case_main_window_has_its_parts(db):
    with Program(db).sign_on() as p:
        for button in ("New approval", "Search", "Approvals"):
            p.one("Loan Core", button, "push button")
        window = p.window("Loan Core")
        items = [n.get_name() for n in tree(window) if n.get_role_name() == "menu item"]
        assert items == ["New approval", "Search", "Sign out", "Quit", "Approvals"], items
        table = p.one("Loan Core", "Approvals", "table").get_table_iface()
        assert [table.get_column_description(c) for c in range(table.get_n_columns())] == COLUMNS
        assert p.rows() == [] and p.status() == "clerk signed on"
        box = window.get_component_iface().get_extents(Atspi.CoordType.SCREEN)
        assert box.x >= 0 and box.y >= 0 and box.x + box.width <= 1280 and box.y + box.height <= 800
        p.choose("File", "New approval")
        p.window("New approval")
        p.press("New approval", "Cancel")
        p.gone("New approval")
        p.choose("File", "Search")
        p.press("Search", "Close")
        p.gone("Search")
        p.press("Loan Core", "Approvals")
        until("the message", lambda: p.status() == "Approvals read again")


def case_every_field_lands_in_the_database(db):
    with Program(db).sign_on("boss", "secret2") as p:
        p.fill("L-1042", "Weaver & Söhne", "1234567.89", Registration_no="HRB 4711", Tax_no="DE811907980",
               Start="29/02/2028", Remarks="two\nlines")
        product = p.one("New approval", "Product", "combo box")
        menu = children(product)[0]
        assert [c.get_name() for c in children(menu)] == ["Working capital", "Equipment", "Invoice finance",
                                                          "Farm credit"]
        assert product.get_selection_iface().select_child(3)
        action(p.one("New approval", "Collateral", "check box"))
        p.press("New approval", "Submit")
        p.one("Are you sure?", "Enter the approval for Weaver & Söhne over 1,234,567.89 EUR?", "label")
        states = p.window("Are you sure?").get_state_set()
        assert states.contains(Atspi.StateType.MODAL) and not p.approvals()
        assert p.text("New approval", "Amount") == "1,234,567.89"
        p.press("Are you sure?", "Yes")
        p.gone("New approval")
        until("the message", lambda: p.status() == "Approval R-000001 entered for L-1042")
        row = p.approvals()[0]
        assert abs(time.time() - time.mktime(time.strptime(row.pop("entered_at"), "%Y-%m-%dT%H:%M:%SZ"))) < 60
        assert row == {"id": 1, "application": "L-1042", "applicant": "Weaver & Söhne", "registration_no": "HRB 4711",
                       "amount_minor": 123456789, "currency": "EUR", "product": "Farm credit", "collateral": 1,
                       "tax_no": "DE811907980", "start_date": "2028-02-29", "remarks": "two\nlines",
                       "receipt": "R-000001", "entered_by": "boss"}, row
        shown = p.rows()[0]
        shown.pop("Entered at")
        assert shown == {"Application": "L-1042", "Applicant": "Weaver & Söhne", "Amount": "1,234,567.89",
                         "Product": "Farm credit", "Collateral": "Yes", "Start": "29/02/2028",
                         "Receipt no": "R-000001", "Entered by": "boss"}, shown


def case_fields_are_tied_to_their_labels(db):
    with Program(db).sign_on() as p:
        p.press("Loan Core", "New approval")
        window = p.window("New approval")
        labels = {label_of(n) for n in tree(window)} - {None}
        assert labels == {"Application", "Applicant", "Registration no", "Tax no", "Amount", "Product", "Start",
                          "Remarks"}, labels
        p.one("New approval", "Collateral", "check box")
        p.one("New approval", "Calendar", "push button")
        start = p.text("New approval", "Start")
        assert start == time.strftime("%d/%m/%Y"), start


def case_wrong_entries_are_named(db):
    wrong = [("Application", "  ", "Application is missing"), ("Applicant", "", "Applicant is missing"),
             ("Amount", "", "Amount is missing"), ("Start", "31/02/2026", None), ("Start", "2026-11-30", None),
             ("Start", "1/1/2026", None), ("Start", "", None)]
    wrong += [("Amount", text, "Amount is not a number: " + text) for text in
              ("12x", "1,23", "1,234.567", "1.", ".5", "-5", "1,2345", "1234,567", "1 000", "1,,000")]
    wrong += [("Amount", "9999999999999999", "Amount is too large: 9999999999999999"),
              ("Amount", "0.00", "Amount must be above zero: 0.00")]
    with Program(db).sign_on() as p:
        p.fill("L-1", "Acme", "1")
        for field, text, message in wrong:
            before = p.text("New approval", field)
            p.put("New approval", field, text)
            p.press("New approval", "Submit")
            p.one("Check the entry", message or f"Start is not a date (dd/mm/yyyy): {text}", "label")
            p.press("Check the entry", "OK")
            p.gone("Check the entry")
            assert p.text("New approval", field) == text
            p.put("New approval", field, before)
        assert p.approvals() == []


def case_no_and_cancel_enter_nothing(db):
    with Program(db).sign_on() as p:
        p.fill("L-1")
        p.press("New approval", "Submit")
        p.press("Are you sure?", "No")
        p.gone("Are you sure?")
        until("the message", lambda: p.status() == "Approval for L-1 was not entered")
        assert p.text("New approval", "Application") == "L-1"
        p.press("New approval", "Submit")
        p.active("Are you sure?")
        keys("key", "Escape")
        p.gone("Are you sure?")
        p.press("New approval", "Cancel")
        p.gone("New approval")
        assert p.titles() == ["Loan Core"] and p.approvals() == []


def case_the_same_application_twice_stands_twice(db):
    with Program(db).sign_on() as p:
        p.enter("L-7")
        p.enter("L-7")
        assert [(r["application"], r["receipt"]) for r in p.approvals()] == [("L-7", "R-000001"), ("L-7", "R-000002")]
        assert [r["Receipt no"] for r in p.rows()] == ["R-000002", "R-000001"]


def case_amount_is_written_anew_when_left(db):
    with Program(db).sign_on() as p:
        p.press("Loan Core", "New approval")
        for typed, shown in (("1234567.5", "1,234,567.50"), ("7", "7.00"), ("12x", "12x"),
                             ("9999999999.999999999", "9999999999.99999")):
            p.put("New approval", "Amount", "")
            p.focus("New approval", "Amount")
            keys("type", "--delay", "0", typed)
            keys("key", "Tab")
            until(f"{typed} to become {shown}", lambda: p.text("New approval", "Amount") == shown)


def case_keyboard_alone_enters_an_approval(db):
    with Program(db) as p:
        p.window(SIGN_IN)
        until("the field User", lambda: p.one(SIGN_IN, "User", "text").get_state_set().contains(
            Atspi.StateType.FOCUSED))
        keys("type", "clerk")
        keys("key", "alt+p")
        keys("type", "secret")
        keys("key", "Return")
        p.window("Loan Core")
        until("the keyboard in the table", lambda: p.one("Loan Core", "Approvals", "table").get_state_set().contains(
            Atspi.StateType.FOCUSED))
        keys("key", "ctrl+n")
        p.window("New approval")
        until("the field Application", lambda: p.one("New approval", "Application", "text").get_state_set().contains(
            Atspi.StateType.FOCUSED))
        keys("type", "L-8")
        keys("key", "Tab")
        keys("type", "Acme Ltd")
        keys("key", "alt+m")
        keys("type", "12.50")
        keys("key", "alt+c", "alt+u")
        p.window("Are you sure?")
        until("the button Yes", lambda: p.one("Are you sure?", "Yes", "push button").get_state_set().contains(
            Atspi.StateType.FOCUSED))
        keys("key", "Return")
        p.gone("New approval")
        row = p.approvals()[0]
        assert (row["application"], row["applicant"], row["amount_minor"], row["collateral"]) == (
            "L-8", "Acme Ltd", 1250, 1), row


def case_calendar_fills_the_start(db):
    with Program(db).sign_on() as p:
        p.press("Loan Core", "New approval")
        p.put("New approval", "Start", "15/03/2027")
        for key, answer, wanted in (("Right", "OK", "01/03/2027"), ("Down", "Cancel", "01/03/2027")):
            p.press("New approval", "Calendar")
            calendar = next(n for n in tree(p.window("Calendar")) if n.get_role_name() == "calendar")
            until("the keyboard in the calendar", lambda: calendar.clear_cache() or
                  calendar.get_state_set().contains(Atspi.StateType.FOCUSED))
            keys("key", key, "Right", "space")
            p.press("Calendar", answer)
            p.gone("Calendar")
            until(wanted, lambda: p.text("New approval", "Start") == wanted)


def case_search_finds(db):
    with Program(db).sign_on() as p:
        p.enter("L-10", applicant="Acme Ltd")
        p.enter("L-11", applicant="100% Farm_Goods")
        p.enter("M-12", applicant="acme again")
        p.press("Loan Core", "Search")
        for what, found in (("acme", ["M-12", "L-10"]), ("L-1", ["L-11", "L-10"]), ("%", ["L-11"]), ("m_g", ["L-11"]),
                            ("nothing", []), ("", ["M-12", "L-11", "L-10"])):
            p.put("Search", "Application or applicant", what)
            p.press("Search", "Find")
            until(f"{found} for {what!r}", lambda: [r["Application"] for r in p.rows("Search", "Results")] == found)
            p.one("Search", f"{len(found)} found", "label")
        assert list(p.rows("Search", "Results")[0]) == COLUMNS
        p.press("Search", "Close")
        p.gone("Search")


def case_copies_share_the_database(db):
    with Program(db) as first, Program(db) as second, Program(db) as third:
        for p in (first, second, third):
            p.sign_on()
        for number in range(3):
            for name, p in (("A", first), ("B", second)):
                p.enter(f"{name}-{number}")
        until("the entries of the others", lambda: len(third.rows()) == len(first.rows()) == 6)
        assert [r["receipt"] for r in first.approvals()] == [f"R-00000{n}" for n in range(1, 7)]
        with sqlite3.connect(db) as other:
            other.execute("DELETE FROM approvals WHERE id = 2")
        until("the deleted row to go", lambda: "R-000002" not in [r["Receipt no"] for r in third.rows()])


def case_many_copies_begin_at_once(db):
    copies = [Program(db) for _ in range(5)]
    try:
        for p in copies:
            p.window(SIGN_IN)
    finally:
        for p in copies:
            p.__exit__()
    assert not any(p.said for p in copies)


def case_other_currencies_keep_their_minor_units(db):
    with Program(db, currency="JPY").sign_on() as p:
        p.fill("Y-1", amount="1.5")
        p.press("New approval", "Submit")
        p.one("Check the entry", "Amount is not a number: 1.5", "label")
        p.press("Check the entry", "OK")
        p.put("New approval", "Amount", "1500000")
        p.press("New approval", "Submit")
        p.press("Are you sure?", "Yes")
        p.gone("New approval")
        assert (p.approvals()[0]["amount_minor"], p.approvals()[0]["currency"]) == (1500000, "JPY")
    with Program(db).sign_on() as p:
        assert p.rows()[0]["Amount"] == "1,500,000 JPY"


def case_sign_out_and_the_ways_to_end(db):
    with Program(db).sign_on() as p:
        p.fill("L-1")
        p.press("Loan Core", "Search")
        p.window("Search")
        p.choose("File", "Sign out")
        p.window(SIGN_IN)
        assert p.titles() == [SIGN_IN]
        p.sign_on("boss", "secret2")
        p.one("Loan Core", "Signed on: boss", "label")
        assert p.quit() == 0
    with Program(db).sign_on() as p:
        p.press("Loan Core", "New approval")
        p.window("New approval")
        for title in ("New approval", "Loan Core"):
            p.active(title)
            keys("key", "alt+F4")
            if title != "Loan Core":
                p.gone(title)
        assert p.process.wait(5) == 0
    with Program(db) as p:
        p.active(SIGN_IN)
        keys("key", "alt+F4")
        assert p.process.wait(5) == 0


def case_a_save_that_fails_is_told(db):
    with Program(db).sign_on() as p:
        p.fill("L-1")
        with sqlite3.connect(db) as other:
            other.execute("ALTER TABLE approvals RENAME TO away")
        p.press("New approval", "Submit")
        p.press("Are you sure?", "Yes")
        window = p.window("Not entered")
        assert [n.get_name() for n in tree(window) if n.get_role_name() == "label"] == [
            "The approval was not entered: the database did not take it: no such table: approvals"]
        p.press("Not entered", "OK")
        with sqlite3.connect(db) as other:
            other.execute("ALTER TABLE away RENAME TO approvals")
        p.press("New approval", "Submit")
        p.press("Are you sure?", "Yes")
        p.gone("New approval")
        assert len(p.approvals()) == 1


def case_a_long_table_shows_its_newest_thousand(db):
    with Program(db) as p:
        p.window(SIGN_IN)
        with sqlite3.connect(db) as other:
            other.executemany(
                "INSERT INTO approvals VALUES (?, ?, 'Acme', '', 100, 'EUR', 'Equipment', 0, '', '2026-01-01', '',"
                " ?, 'clerk', '2026-01-01T00:00:00Z')", ((n, f"L-{n}", f"R-{n:06}") for n in range(1, 1201)))
        p.sign_on()
        p.one("Loan Core", "The newest 1000 of 1200 approvals", "label")
        table = p.one("Loan Core", "Approvals", "table").get_table_iface()
        assert table.get_n_rows() == 1000 and table.get_accessible_at(0, 0).get_name() == "L-1200"
        p.enter("L-1201")
        until("the new row", lambda: table.get_accessible_at(0, 0).get_name() == "L-1201")
        assert p.approvals()[-1]["receipt"] == "R-001201"


def case_without_accessibility_the_windows_are_the_same(db):
    with Program(db, "--no-accessibility") as p:
        for title, typed in ((SIGN_IN, ["clerk", "alt+p", "secret", "Return"]), ("Loan Core", ["ctrl+n"]),
                             ("New approval", ["L-9", "Tab", "Acme", "alt+m", "10", "alt+u"]),
                             ("Are you sure?", ["Return"])):
            # A window that is just being shown may not take the focus yet: asked again.
            until(f"the focus in {title}", lambda: keys("search", "--sync", "--onlyvisible", "--name", f"^{title.replace('?', '.')}$",
                                                        "windowfocus", "--sync") or True)
            for part in typed:
                keys(*(("key", part) if part[0].islower() and "+" in part or part in ("Tab", "Return")
                       else ("type", part)))
        until("the row", p.approvals)
        assert p.root() is None, "it speaks to assistive tools"


def case_wrong_use_is_refused(db):
    def run(*arguments, **env):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20,
                              env=dict(os.environ, LOAN_CORE_DB=db, **env))
        return done.returncode, done.stdout + done.stderr
    assert run("--help")[0] == 0 and "LOAN_CORE_DB" in run("--help")[1]
    assert run("--nonsense")[0] == 2
    code, text = run(LOAN_CORE_RUDE="slow,rudest")
    assert code == 2 and '"rudest" is none of slow, dialog' in text, text
    code, text = run(LOAN_CORE_RUDE_SEED="x")
    assert code == 2 and "is no number" in text, text
    with open(db, "w") as file:
        file.write("this is no database, but long enough to be taken for the header of one")
    code, text = run()
    assert code == 1 and "not a database" in text, text
