#!/usr/bin/python3
"""run.py - the demo: makes applications, starts the services and the bank's old program, lets robots work them off,
answers what they ask a person, and compares the bank's own database with what must stand in it.

Everything lies in one temporary folder (kept with --keep, or when something was wrong) and ends with this program; the
pictures lie in BUILD/demo. Exit 0: exactly the expected approvals, each case with the expected outcome; 1: not so, and
the difference is printed."""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from bank import HERE, PYTHON, ROOT, Bank


def options():
    p = argparse.ArgumentParser(description="Twelve loan applications, worked off by robots.")
    p.add_argument("--build", default=str(ROOT / "build"))
    p.add_argument("--count", type=int, default=12)
    p.add_argument("--seed", default="1")
    p.add_argument("--rude", default="", help="1, or the bank program's bad manners: slow,dialog,theft,freeze")
    p.add_argument("--keep", action="store_true", help="keep the folder with store, pictures and documents")
    return p.parse_args()


class Demo:
    def __init__(self, o):
        self.o = o
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="deskhand-demo-"))
        self.pictures = pathlib.Path(o.build).resolve() / "demo"
        self.bank = Bank(self.dir, o.build, o.rude, o.seed)
        self.robot = str(ROOT / "robots/sme_loan")
        self.keep = o.keep
        self.asked = set()  # keys of cases about which a person was asked

    def call(self, *args, **more):
        return self.bank.call(*args, **more).stdout

    def make_cases(self):
        subprocess.run([*PYTHON, str(HERE / "make_cases.py"), "--out", str(self.dir / "cases"), "--seed", self.o.seed,
                        "--count", str(self.o.count)], check=True, stdout=subprocess.DEVNULL)
        self.expected = json.loads((self.dir / "cases/expected.json").read_text())
        self.cases = {}
        for c in self.expected["cases"]:
            self.cases.setdefault(c["key"], c)

    def add(self):
        """Into the queue; the one that stands there already is refused by name."""
        self.added = json.loads(self.call("queue", "add", self.robot, str(self.dir / "cases/cases.jsonl"), "--json", good=(0, 1)))

    def serve(self):
        with open(self.dir / "serve.log", "a", encoding="utf-8") as log:
            subprocess.run([str(self.bank.build / "deskhand"), "serve", "--until-idle", "--allow-root", self.robot],
                           env=self.bank.environment, stderr=log, check=False)

    def answer_reviews(self):
        """A person's part, from what the documents really say. Returns how many were answered."""
        open_ones = json.loads(self.call("review", "list", "--json"))
        for r in open_ones:
            shown = json.loads(self.call("review", "show", str(r["id"]), "--json"))
            answer = self.answer(r["name"], shown, self.cases[shown["key"]])
            print(f"  a person answers {r['id']}, {shown['key']}: {r['name']}: {' '.join(answer)}")
            self.call("review", "answer", str(r["id"]), *answer)
            self.asked.add(shown["key"])
        return len(open_ones)

    def answer(self, name, shown, case):
        """What a person says to a question, as words of `review answer`."""
        if shown.get("effect"):  # whether an approval was entered: the person looks into the bank's program
            entered = [r for r in self.bank.approvals() if r["application"] == case["key"]]
            return ["happened"] if entered else ["not-happened"]
        return words_for(name, shown, case)

    def keep_pictures(self, key, run):
        """The pictures of a case beside the build, so that they outlive the demo. Returns how many and where."""
        records = json.loads(self.call("show", run, "--json"))["records"]
        files = [(r["name"], r["data"]["file"]["sha256"]) for r in records if r["kind"] == "picture"]
        folder = self.pictures / key
        for number, (name, sha) in enumerate(files, 1):
            folder.mkdir(parents=True, exist_ok=True)
            stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
            found = next((self.dir).glob(f"store.blobs/**/{sha}"), None)
            if found:
                shutil.copyfile(found, folder / f"{number}-{stem}.png")
        return len(files), os.path.relpath(folder) if files else ""

    def close(self):
        self.bank.close()
        if self.keep:
            print(f"kept: {self.dir}")
        else:
            shutil.rmtree(self.dir, ignore_errors=True)


def words_for(name, shown, case):
    question = shown.get("question") or shown.get("data") or shown
    fields = question.get("fields")
    if not fields:
        return ["approve" if case["outcome"] == "approved" else "reject"]
    licence = "licence" in name.split()[2:4] or "business" in name
    truth = dict((case.get("truth") or {}).get("licence" if licence else "tax_certificate") or {})
    truth.setdefault("number", truth.get("tax_number"))
    return [f"{field}={truth[field]}" for field in fields]


def compare(demo):
    """The bank's database against what must stand in it: each wanted approval once, and nothing else."""
    wrong = []
    wanted, rows = demo.expected["approvals"], demo.bank.approvals()
    seen = [{k: r[k] for k in wanted[0]} for r in rows] if wanted else rows
    for w in wanted:
        n = seen.count(w)
        if n != 1:
            near = [s for s in seen if s["application"] == w["application"]]
            wrong.append(f"{w['application']}: wanted once {w}, there {n} times; the bank has {near or 'nothing of it'}")
    for s in seen:
        if s not in wanted:
            wrong.append(f"{s['application']}: not wanted: {s}")
    return wrong


def outcome(row):
    """(decision, reason) of a case, as the queue tells it."""
    result, error = row.get("result") or {}, row.get("error") or {}
    if row["state"] == "done":
        return result.get("decision", "?"), result.get("reason", "")
    return row["state"], result.get("reason") or (error.get("text", "") if isinstance(error, dict) else str(error))


def table(demo, rows):
    wrong = []
    line = "{:8} {:9} {:>7}  {:58}  {}".format
    print("\n" + line("case", "decision", "time", "reason", "pictures"))
    for r in sorted(rows, key=lambda r: r["key"]):
        decision, reason = outcome(r)
        count, folder = demo.keep_pictures(r["key"], r["run"]) if r.get("run") else (0, "")
        seconds = (r["ended"] - r["began"]) / 1000 if r.get("ended") and r.get("began") else 0
        notes = ["a person was asked"] if r["key"] in demo.asked else []
        notes += [f"{r['attempts']} tries"] if r["attempts"] > 1 else []
        reason += f" ({', '.join(notes)})" if notes else ""
        print(line(r["key"], decision, f"{seconds:.1f} s", reason, f"{count} in {folder}" if count else "none"))
        wanted = demo.cases[r["key"]]
        if decision != wanted["outcome"]:
            wrong.append(f"{r['key']}: {decision} ({reason}), wanted {wanted['outcome']}: {wanted['reason']}")
    for r in demo.added["refused"]:
        print(line(r["key"], "refused", "", r["error"]["text"], "none"))
    twice = sorted(c["key"] for c in demo.expected["cases"] if c["outcome"] == "refused")
    refused = sorted(r["key"] for r in demo.added["refused"])
    if refused != twice:
        wrong.append(f"the queue refused {refused}, wanted {twice}")
    return wrong


def play(demo):
    """All of it; returns what was wrong."""
    began = time.monotonic()
    print(f"making {demo.o.count} applications (seed {demo.o.seed})")
    demo.make_cases()
    demo.bank.open(rules=demo.dir / "cases/rules.json")
    demo.add()
    print("robots at work")
    worked = time.monotonic()
    demo.serve()
    while demo.answer_reviews():
        demo.serve()
    worked = time.monotonic() - worked
    shutil.rmtree(demo.pictures, ignore_errors=True)
    rows = json.loads(demo.call("queue", "list", demo.robot, "--json"))
    wrong = table(demo, rows) + compare(demo)
    total = len(demo.expected["cases"])  # the one that stands twice is right when the queue has refused it
    right = total - len({w.split(":")[0] for w in wrong})
    print(f"\n{right} of {total} cases right, {len(demo.bank.approvals())} approvals in the bank's database "
          f"({len(demo.expected['approvals'])} wanted), {worked:.0f} s of work, {time.monotonic() - began:.0f} s in all")
    return wrong


def main():
    demo = Demo(options())
    keep, demo.keep = demo.keep, True  # whoever looks for the reason of a failure needs the store
    try:
        wrong = play(demo)
        for w in wrong:
            print(f"WRONG {w}")
        if wrong:
            print((demo.dir / "serve.log").read_text()[-4000:], file=sys.stderr)
        else:
            demo.keep = keep
        return 1 if wrong else 0
    finally:
        demo.close()


if __name__ == "__main__":
    sys.exit(main())
