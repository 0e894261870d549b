#!/usr/bin/python3
"""run.py - the demo: makes applications, starts the services and the bank's old program, lets robots work them off,
answers what they ask a person, and compares the bank's own database with what must stand in it.

Everything lies in one temporary folder (kept with --keep) and ends with this program. Exit 0: exactly the expected
approvals, each case with the expected outcome; 1: not so, and the difference is printed."""

import argparse
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = ["/usr/bin/python3", "-B"]


def options():
    p = argparse.ArgumentParser(description="Twelve loan applications, worked off by robots.")
    p.add_argument("--build", default=str(ROOT / "build"))
    p.add_argument("--count", type=int, default=12)
    p.add_argument("--seed", default="1")
    p.add_argument("--rude", default="", help="1, or the bank program's bad manners: slow,dialog,theft,freeze")
    p.add_argument("--keep", action="store_true", help="keep the folder with store, pictures and documents")
    p.add_argument("--unattended", action="store_true", help="print lines only, as on a server")
    return p.parse_args()


class Demo:
    def __init__(self, o):
        self.o = o
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="deskhand-demo-"))
        self.deskhand = str(pathlib.Path(o.build).resolve() / "deskhand")
        self.store = f"sqlite:{self.dir}/store.db"
        self.bank = self.dir / "bank.db"
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("DESKHAND_")}
        self.environment.update(XDG_CONFIG_HOME=str(self.dir / "config"), XDG_DATA_HOME=str(self.dir / "data"))
        self.services = None

    def call(self, *args, text=None, good=(0,), quiet=True):
        done = subprocess.run([self.deskhand, *args, "--store", self.store], input=text, text=True, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE if quiet else None)
        if done.returncode not in good:
            raise SystemExit(f"demo: deskhand {' '.join(args)} ended with {done.returncode}\n{done.stdout}{done.stderr or ''}")
        return done

    def make_cases(self):
        subprocess.run([*PYTHON, str(HERE / "make_cases.py"), "--out", str(self.dir / "cases"), "--seed", str(self.o.seed),
                        "--count", str(self.o.count)], check=True, stdout=subprocess.DEVNULL)
        self.expected = json.loads((self.dir / "cases/expected.json").read_text())

    def start_services(self):
        self.services = subprocess.Popen([*PYTHON, str(ROOT / "examples/legacy/services/services.py"), "--dir", str(self.dir),
                                          "--rules", str(self.dir / "cases/rules.json"), "--until-stdin-closes"],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        urls = json.loads(self.services.stdout.readline())
        folder = self.dir / "config/deskhand"
        folder.mkdir(parents=True, mode=0o700)
        conf = folder / "deskhand.conf"
        conf.write_text("".join(f"{k} = {v}\n" for k, v in {
            "source.gleif.url": urls["gleif"], "source.companies_house.url": urls["companies_house"],
            "source.companies_house.key": "companies_house.key", "source.vies.url": urls["vies"], "tls.ca": urls["ca"],
            "desks.warm": "2"}.items()))
        conf.chmod(0o600)

    def lay_out_robot(self):
        """The robot as it ships; its screen starts this build's program with a database of our own."""
        shutil.copytree(ROOT / "robots", self.dir / "robots")
        screens = self.dir / "screens"
        screens.mkdir()
        text = (ROOT / "screens/loan-core.lua").read_text()
        rude = "slow,dialog,theft,freeze" if self.o.rude == "1" else self.o.rude
        program = pathlib.Path(self.o.build).resolve() / "examples/loan-core"
        env = {"LOAN_CORE_DB": self.bank, "LOAN_CORE_USERS": "clerk:demo-secret", "LOAN_CORE_RUDE": rude,
               "LOAN_CORE_RUDE_SEED": self.o.seed}
        lines = ", ".join(f'{k} = "{v}"' for k, v in env.items() if v)
        text = re.sub(r'start\s*=\s*"[^"]*",', f'start   = "{program}",\n  env     = {{ {lines} }},', text)
        (screens / "loan-core.lua").write_text(text)
        self.robot = str(self.dir / "robots/sme_loan")

    def prepare(self):
        self.call("secret", "set", "core.clerk.user", text="clerk")
        self.call("secret", "set", "core.clerk.password", text="demo-secret")
        self.call("secret", "set", "companies_house.key", text="demo-key-1234")
        self.added = self.call("queue", "add", self.robot, str(self.dir / "cases/cases.jsonl"), good=(0, 1))

    def serve(self):
        done = subprocess.run([self.deskhand, "serve", "--until-idle", "--allow-root", "--store", self.store, self.robot],
                              env=self.environment, stderr=open(self.dir / "serve.log", "a"))
        return done.returncode

    def answer_reviews(self):
        """A person's part, from what the documents really say. Returns how many were answered."""
        cases = {}
        for c in self.expected["cases"]:
            cases.setdefault(c["key"], c)
        open_ones = json.loads(self.call("review", "list", "--json").stdout or "[]")
        for r in open_ones:
            shown = json.loads(self.call("review", "show", str(r["id"]), "--json").stdout)
            case = cases[shown.get("key") or r["key"]]
            answer = words_for(r["name"], shown, case)
            print(f"  a person answers {r['id']}, {case['key']}: {r['name']}: {' '.join(answer)}")
            self.call("review", "answer", str(r["id"]), *answer)
        return len(open_ones)

    def close(self):
        if self.services:
            self.services.stdin.close()
            self.services.wait(timeout=20)
        if self.o.keep:
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


def approvals(bank):
    if not bank.exists():
        return []
    with sqlite3.connect(bank) as db:
        db.row_factory = sqlite3.Row
        return [dict(r) for r in db.execute("SELECT * FROM approvals ORDER BY application, id")]


def compare(demo):
    wrong = []
    wanted = demo.expected["approvals"]
    seen = [{k: r[k] for k in wanted[0]} for r in approvals(demo.bank)] if wanted else approvals(demo.bank)
    for w in wanted:
        n = seen.count(w)
        if n != 1:
            near = [s for s in seen if s["application"] == w["application"]]
            wrong.append(f"{w['application']}: wanted once {w}, there {n} times; the bank has {near or 'nothing of it'}")
    for s in seen:
        if s not in wanted:
            wrong.append(f"{s['application']}: not wanted: {s}")
    return wrong


def table(demo, rows):
    wrong = []
    outcomes = {}
    for c in demo.expected["cases"]:
        outcomes.setdefault(c["key"], c)
    print(f"\n{'case':8} {'decision':10} {'time':>7} {'tries':>5} {'pictures':>8}  reason")
    for r in sorted(rows, key=lambda r: r["key"]):
        result = r.get("result") or {}
        decision = {"done": result.get("decision", "?"), "rejected": "rejected"}.get(r["state"], r["state"])
        error = r.get("error")
        reason = result.get("reason") or (error.get("text") if isinstance(error, dict) else error) or ""
        steps = json.loads(demo.call("show", r["run"], "--json").stdout) if r.get("run") else {}
        pictures = sum(1 for s in steps.get("records", []) if s.get("kind") == "picture")
        seconds = (r["ended"] - r["began"]) / 1000 if r.get("ended") and r.get("began") else 0
        print(f"{r['key']:8} {decision:10} {seconds:6.1f}s {r['attempts']:5} {pictures:8}  {reason}")
        if decision != outcomes[r["key"]]["outcome"]:
            wrong.append(f"{r['key']}: {decision} ({reason}), wanted {outcomes[r['key']]['outcome']}: {outcomes[r['key']].get('reason')}")
    for line in (demo.added.stderr + demo.added.stdout).splitlines():
        if "refused" in line or "stands there" in line:
            print(f"queue: {line.strip()}")
    return wrong


def main():
    o = options()
    demo = Demo(o)
    began = time.monotonic()
    try:
        print(f"making {o.count} applications (seed {o.seed})")
        demo.make_cases()
        demo.start_services()
        demo.lay_out_robot()
        demo.prepare()
        print("robots at work")
        worked = time.monotonic()
        demo.serve()
        while demo.answer_reviews():
            demo.serve()
        worked = time.monotonic() - worked
        rows = json.loads(demo.call("queue", "list", demo.robot, "--json").stdout)
        wrong = table(demo, rows) + compare(demo)
        total = len(demo.expected["cases"])  # the one that stands twice is right when the queue has refused it
        right = len(demo.expected["cases"]) - len({w.split(":")[0] for w in wrong})
        print(f"\n{right} of {total} cases right, {len(approvals(demo.bank))} approvals in the bank's database "
              f"({len(demo.expected['approvals'])} wanted), {worked:.0f} s of work, {time.monotonic() - began:.0f} s in all")
        for w in wrong:
            print(f"WRONG {w}")
        if wrong:
            print((demo.dir / "serve.log").read_text()[-4000:], file=sys.stderr)
        return 1 if wrong else 0
    finally:
        demo.close()


if __name__ == "__main__":
    sys.exit(main())
