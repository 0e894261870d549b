#!/usr/bin/python3
"""Reads the demo's scanned-looking documents with `deskhand read` and compares every field with what was printed.

A field must be right or doubted; one that is wrong without a doubt is a failure. Prints the counts.

    test_fields.py [SEED…]        default: 1
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DESKHAND = os.environ.get("DESKHAND", str(ROOT / "build" / "deskhand"))
MONTHS = "January February March April May June July August September October November December".split()
# The demo's name of a field: ours.
NAMES = {"tax_certificate": {"tax_number": "number"}, "licence": {}}
KINDS = {"licence": "business_licence", "tax_certificate": "tax_certificate"}


def plain(text):
    """How values are compared: letter by letter, spaces and the case of letters aside."""
    day = re.fullmatch(r"(\d{1,2}) (\w+) (\d{4})", text)
    if day and day[2] in MONTHS:
        return f"{day[3]}-{MONTHS.index(day[2]) + 1:02}-{int(day[1]):02}"
    money = re.fullmatch(r"([A-Z]{3}) ([\d,]+\.\d\d)", text)
    if money:
        return f"{money[2].replace(',', '')}{money[1].lower()}"
    return re.sub(r"\s", "", text).lower()


def documents(folder):
    """(kind of document, path, what is printed on it) of every different case."""
    lines = [json.loads(line) for line in (folder / "cases.jsonl").read_text("utf-8").splitlines()]
    where = {line["key"]: line for line in lines}
    for case in json.loads((folder / "expected.json").read_text("utf-8"))["cases"]:
        if case["kind"] == "duplicate":
            continue
        for kind in KINDS:
            printed = dict(case["truth"][kind])
            for review in case["reviews"]:
                if review["document"] == kind and review["field"] in printed:
                    printed[review["field"]] = review["printed"]
            yield kind, folder / where[case["key"]][kind], printed


def read(job):
    kind, path, printed = job
    done = subprocess.run([DESKHAND, "read", path, "--kind", KINDS[kind], "--json"], capture_output=True, text=True)
    if done.returncode:
        return [("failed", path, "", done.stderr, "", None)]
    fields = json.loads(done.stdout)["fields"]
    verdicts = []
    for name, truth in printed.items():
        field = fields.get(NAMES[kind].get(name, name)) or {}
        value = str(field.get("value") or "")
        right = plain(value) == plain(truth)
        verdict = ("right" if right else "wrong") if not field.get("doubts") and value else "doubted" if value else "missing"
        if field.get("doubts") and right:
            verdict = "doubted, right"
        verdicts.append((verdict, path, name, truth, value, field.get("doubts")))
    return verdicts


def main(seeds):
    counts, kinds = {}, {}
    with tempfile.TemporaryDirectory() as work:
        for seed in seeds:
            folder = pathlib.Path(work, seed)
            make = [sys.executable, str(ROOT / "examples/demo/make_cases.py"), "--out", str(folder), "--seed", seed]
            subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                for verdicts in pool.map(read, documents(folder)):
                    for verdict, path, name, truth, value, doubts in verdicts:
                        counts[verdict] = counts.get(verdict, 0) + 1
                        kinds[name, verdict] = kinds.get((name, verdict), 0) + 1
                        if verdict != "right":
                            print(f"{verdict}: {seed}/{path.parent.name}/{path.name} {name}: {truth!r} read {value!r} {doubts or ''}")
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())))
    failed = counts.get("wrong", 0) + counts.get("failed", 0) + counts.get("missing", 0)
    print(f"{sum(counts.values()) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["1"]))
