#!/usr/bin/python3
"""What a desk costs: medians over a run against loan-core. Prints one line a measure."""
import os
import statistics
import tempfile
import time

from desk_client import Desk
from test_desk import LOAN_CORE

TIMES = int(os.environ.get("DESK_BENCH_TIMES", "9"))


def median_ms(function):
    spans = []
    for n in range(TIMES):
        since = time.perf_counter()
        function(n)
        spans.append((time.perf_counter() - since) * 1000)
    return statistics.median(spans)


def say(what, ms):
    print(f"{what:44} {ms:8.1f} ms")


def fields(n):
    return [["Application", f"L-{n}"], ["Applicant", f"Müller & Söhne {n}"], ["Registration no", f"HRB {n}"],
            ["Tax no", f"DE{n:09}"], ["Amount", f"{n + 1},500.00"], ["Product", ["Equipment", "Farm credit"][n % 2]],
            ["Start", f"{n % 28 + 1:02}/11/2026"], ["Remarks", f"first {n}\nsecond"]]


def main():
    def start_and_end(_):
        desk = Desk()
        starts.append(desk.ready["ms"])
        desk.close()

    starts = []
    whole = median_ms(start_and_end)
    say("desk: process begun until ready", statistics.median(starts))
    say("desk: begun, ready, ended, nothing left", whole)
    with Desk() as desk, tempfile.TemporaryDirectory() as folder:
        since = time.perf_counter()
        desk.call("start", argv=[LOAN_CORE], env={"LOAN_CORE_DB": folder + "/bank.db", "LOAN_CORE_USERS": "c:cccc"})
        say("start loan-core until its controls are known", (time.perf_counter() - since) * 1000)
        desk.call("fill", pairs=[["User", "c"], ["Password", "cccc"]], mask=["Password"])
        desk.call("press", target="Sign in")
        desk.call("wait", target={"name": "Loan Core", "role": "window"})
        say("go New approval, home again", median_ms(
            lambda n: (desk.call("go", place="New approval"), desk.call("home", title="Loan Core"))))
        desk.call("go", place="New approval")
        desk.call("fill", pairs=fields(99))
        say("find by label, 45 controls", median_ms(lambda n: desk.call("find", target="Tax no")))
        say("read one field", median_ms(lambda n: desk.call("read", target="Tax no")))
        say("fill 8 fields, read back", median_ms(lambda n: desk.call("fill", pairs=fields(n))))
        say("press a check box, settled", median_ms(lambda n: desk.call("press", target="Collateral")))
        say("capture 1280x800 as PNG", median_ms(lambda n: desk.call("capture")))


if __name__ == "__main__":
    main()
