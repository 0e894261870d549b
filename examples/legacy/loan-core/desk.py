"""A private desk for the tests of loan-core: Xvfb, openbox, a D-Bus session, AT-SPI, own HOME. Ends all it started."""
import os
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
PROGRAM = os.environ.get("LOAN_CORE", os.path.join(ROOT, "build", "examples", "loan-core"))
# GTK's own words when a menu is opened by an assistive tool.
GTK_TALK = ("no trigger event for menu popup",)
PATIENCE_S = float(os.environ.get("LOAN_CORE_PATIENCE", "30"))


def display_start():
    """Xvfb on a display it picks itself; returns (process, ":N")."""
    read_end, write_end = os.pipe()
    xvfb = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[write_end])
    os.close(write_end)
    number = ""
    while not number.endswith("\n"):  # number and newline come in two writes, and Xvfb dies if the second fails
        ready = select.select([read_end], [], [], PATIENCE_S)[0]
        part = os.read(read_end, 16).decode() if ready else ""
        if not part:
            xvfb.kill()
            sys.exit("Xvfb did not start: run it by hand to see why")
        number += part
    os.close(read_end)
    return xvfb, ":" + number.strip()


def run_inside(script):
    """Runs `script` again on a desk of its own, ends the desk, returns the script's exit status."""
    home = tempfile.mkdtemp(prefix="loan-core-test-")
    xvfb, display = display_start()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("LOAN_CORE_RUDE", "LOAN_CORE_DB"))}
    env.update(DISPLAY=display, HOME=home, XDG_RUNTIME_DIR=home, XDG_DATA_HOME=home + "/data",
               XDG_CONFIG_HOME=home + "/config", XDG_CACHE_HOME=home + "/cache", LC_ALL="C.UTF-8", TZ="UTC",
               LOAN_CORE_DESK=home, PYTHONDONTWRITEBYTECODE="1", GTK_A11Y="atspi", NO_AT_BRIDGE="0")
    inside = subprocess.Popen(["dbus-run-session", "--", sys.executable, script] + sys.argv[1:], env=env,
                              stderr=subprocess.DEVNULL, start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return inside.wait()
    finally:
        try:
            os.killpg(inside.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        xvfb.terminate()
        xvfb.wait()
        shutil.rmtree(home, ignore_errors=True)


def until(what, sight, patience=None):
    """The first true answer of `sight`; an AssertionError that names `what` when time runs out."""
    end = time.monotonic() + (patience or PATIENCE_S)
    while True:
        try:
            answer = sight()
        except Exception as error:  # an element that went away while it was looked at: look again
            answer, what_else = None, f" ({error})"
        else:
            what_else = ""
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}{what_else}")
        time.sleep(0.02)


class Program:
    """One running loan-core, seen through AT-SPI."""

    def __init__(self, db, *options, **env):
        self.db = db
        environment = dict(os.environ, LOAN_CORE_DB=db, LOAN_CORE_USERS="clerk:secret,boss:secret2")
        environment.update({"LOAN_CORE_" + name.upper(): value for name, value in env.items()})
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([PROGRAM, *options], env=environment, stderr=self.errors)
        Atspi.set_timeout(3000, 10000)  # a program that dies while it is asked must not hang the test

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.errors.seek(0)
        self.said = self.errors.read()
        if self.process.returncode < 0 and self.process.returncode != -signal.SIGTERM:
            self.said += f"died of {signal.Signals(-self.process.returncode).name}"
        self.said = "\n".join(line for line in self.said.splitlines() if line and not any(
            known in line for known in GTK_TALK))
        if self.said:
            print("      loan-core said: " + self.said.strip().replace("\n", "\n      "))

    # --- looking

    def root(self):
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for index in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(index)
            if app and app.get_process_id() == self.process.pid:
                app.clear_cache()  # not set_cache_mask(NONE): libatspi 2.46 then waits for itself
                return app
        return None

    def titles(self):
        app = self.root()
        return [] if not app else [w.get_name() for w in children(app) if shows(w)]

    def window_now(self, title):
        app = self.root()
        found = [w for w in children(app) if w.get_name() == title and shows(w)] if app else []
        assert len(found) < 2, f"{len(found)} windows are named {title}"
        return found[0] if found else None

    def window(self, title, patience=None):
        return until(f'the window "{title}"', lambda: self.window_now(title), patience)

    def active(self, title):
        """The window, once keys go to it."""
        def look():
            window = self.window_now(title)
            return window and window.get_state_set().contains(Atspi.StateType.ACTIVE) and window
        return until(f'keys to go to "{title}"', look)

    def gone(self, title):
        until(f'"{title}" to go', lambda: not self.window_now(title))

    def one(self, title, name, *roles, patience=None):
        """The one visible, sensitive element of this name or label."""
        def look():
            window = self.window_now(title)
            found = [n for n in tree(window) if n.get_role_name() in roles and shows(n)
                     and name in (n.get_name(), label_of(n))] if window else []
            assert len(found) < 2, f'{len(found)} of {roles} are named "{name}" in "{title}"'
            usable = found and found[0].get_state_set().contains(Atspi.StateType.SENSITIVE)
            return found[0] if usable else None
        return until(f'"{name}" ({"/".join(roles)}) in "{title}"', look, patience)

    # --- doing

    def press(self, title, name):
        action(self.one(title, name, "push button"))

    def put(self, title, name, value, *roles):
        field = self.one(title, name, *(roles or ("text", "password text")))
        assert field.get_editable_text_iface().set_text_contents(value), f"{name} took no text"
        return field

    def text(self, title, name):
        field = self.one(title, name, "text")
        return field.get_text_iface().get_text(0, -1)

    def sign_on(self, user="clerk", password="secret"):
        self.put("Loan Core - Sign in", "User", user)
        self.put("Loan Core - Sign in", "Password", password)
        self.press("Loan Core - Sign in", "Sign in")
        self.window("Loan Core")
        return self

    def status(self):
        window = self.window_now("Loan Core")
        return [n.get_name() for n in tree(window) if n.get_role_name() == "status bar"][0]

    def rows(self, title="Loan Core", name="Approvals"):
        """The table as a list of dicts, column titles from its own header."""
        table = self.one(title, name, "table").get_table_iface()
        heads = [table.get_column_description(c) or table.get_column_header(c).get_name()
                 for c in range(table.get_n_columns())]
        return [{head: table.get_accessible_at(r, c).get_name() for c, head in enumerate(heads)}
                for r in range(table.get_n_rows())]

    def fill(self, application, applicant="Acme Ltd", amount="1,000.00", **more):
        self.press("Loan Core", "New approval")
        self.put("New approval", "Application", application)
        self.put("New approval", "Applicant", applicant)
        self.put("New approval", "Amount", amount)
        for name, value in more.items():
            self.put("New approval", name.replace("_", " "), value)

    def enter(self, application, **fields):
        self.fill(application, **fields)
        self.press("New approval", "Submit")
        self.press("Are you sure?", "Yes")
        self.gone("New approval")

    def choose(self, menu, item):
        """By the menu, as a person would: open it, take the item; a menu that closed again by itself is opened again."""
        def item_of_the_open_menu():
            action(self.one("Loan Core", menu, "menu"))
            return self.one("Loan Core", item, "menu item", patience=5)
        action(until(f'"{item}" in the menu "{menu}"', item_of_the_open_menu))

    def quit(self):
        self.choose("File", "Quit")
        return self.process.wait(PATIENCE_S)

    def focus(self, title, name, *roles):
        field = self.one(title, name, *(roles or ("text", "password text")))
        assert field.get_component_iface().grab_focus(), f"{name} takes no focus"
        until(f"{name} to have the keyboard", lambda: field.clear_cache() or field.get_state_set().contains(
            Atspi.StateType.FOCUSED))
        return field

    def approvals(self):
        """What really stands in the database, oldest first."""
        with sqlite3.connect(self.db, timeout=10) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute("SELECT * FROM approvals ORDER BY id")]


def children(node):
    return [c for c in (node.get_child_at_index(i) for i in range(node.get_child_count())) if c]


def tree(node):
    yield node
    if node.get_role_name() != "table":
        for child in children(node):
            yield from tree(child)


def shows(node):
    states = node.get_state_set()
    return states.contains(Atspi.StateType.SHOWING) and states.contains(Atspi.StateType.VISIBLE)


def label_of(node):
    for relation in node.get_relation_set():
        if relation.get_relation_type() == Atspi.RelationType.LABELLED_BY:
            return relation.get_target(0).get_name()
    return None


def action(node):
    actions = node.get_action_iface()
    names = [actions.get_action_name(i) for i in range(actions.get_n_actions())]
    assert actions.do_action(names.index("click")), f"{node.get_name()} cannot be clicked"


def keys(*arguments):
    subprocess.run(["xdotool", *arguments], check=True)
