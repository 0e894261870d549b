#!/usr/bin/python3
"""Drives loan-core on a display of its own, as robots do, and proves its windows, its database, its bad manners.

    ./test_loan_core.py [PART-OF-A-NAME]...      LOAN_CORE=path/to/loan-core, else build/examples/loan-core
"""
import os
import subprocess
import sys
import tempfile
import time
import traceback

sys.dont_write_bytecode = True
import desk  # noqa: E402

if not os.access(desk.PROGRAM, os.X_OK):
    sys.exit(f"{desk.PROGRAM} is not there: make build/examples/loan-core")
if "LOAN_CORE_DESK" not in os.environ:
    sys.exit(desk.run_inside(os.path.abspath(__file__)))

import cases_rude  # noqa: E402
import cases_windows  # noqa: E402


def cases():
    for module in (cases_windows, cases_rude):
        for name, value in list(vars(module).items()):
            if name.startswith("case_"):
                yield name[5:].replace("_", " "), value


def main():
    passed, failed = 0, 0
    sys.stderr = sys.stdout  # the desk's own services talk to stderr
    manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    desk.until("the window manager", lambda: subprocess.run(
        ["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], capture_output=True, text=True).stdout.count("window id"))
    for name, case in cases():
        if sys.argv[1:] and not any(part in name for part in sys.argv[1:]):
            continue
        begun = time.monotonic()
        try:
            with tempfile.TemporaryDirectory(dir=os.environ["LOAN_CORE_DESK"]) as folder:
                case(os.path.join(folder, "bank.db"))
            passed += 1
            print(f"ok    {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception as error:  # every failure is told, and the next case begins afresh
            failed += 1
            where = traceback.extract_tb(error.__traceback__)
            at = next((f for f in where if "cases_" in f.filename), where[-1])
            print(f"FAIL  {name}: {type(error).__name__}: {error} ({os.path.basename(at.filename)}:{at.lineno})",
                  flush=True)
    manager.terminate()
    manager.wait()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


sys.exit(main())
