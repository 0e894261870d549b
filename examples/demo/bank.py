#!/usr/bin/python3
"""bank.py - a bank to play with: registries and tax office on this machine, the bank's old program with a database of
its own, a configuration that points there, a store that knows the clerk's password. All of it lies in one folder.

Owns the folder and the services; run.py plays the demo in it, and by itself it waits until Ctrl-C while somebody runs
robots against it."""

import argparse
import json
import os
import pathlib
import shlex
import signal
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = ["/usr/bin/python3", "-B"]
SECRETS = {"core.clerk.user": "meyer07", "core.clerk.password": "demo-secret", "companies_house.key": "demo-key-1234"}


class Bank:
    def __init__(self, folder, build, rude="", seed="1"):
        self.dir = pathlib.Path(folder).resolve()
        self.build = pathlib.Path(build).resolve()
        self.rude = "slow,dialog,theft,freeze" if rude == "1" else rude
        self.seed = seed
        self.database = self.dir / "bank.db"
        self.variables = {"XDG_CONFIG_HOME": f"{self.dir}/config", "XDG_DATA_HOME": f"{self.dir}/data",
                          "DESKHAND_STORE": f"sqlite:{self.dir}/store.db"}
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("DESKHAND_")}
        self.environment.update(self.variables)
        self.services = None

    def open(self, rules=None, data=()):
        """Starts the services, writes the configuration, keeps the secrets."""
        for program in (self.build / "deskhand", self.build / "examples/loan-core"):
            if not program.exists():
                raise SystemExit(f"bank: there is no {program}: run make first, or name another build with --build")
        self.dir.mkdir(parents=True, exist_ok=True)
        words = ["--dir", str(self.dir), "--until-stdin-closes", *(["--rules", str(rules)] if rules else [])]
        for folder in data:
            words += ["--data", str(folder)]
        self.services = subprocess.Popen([*PYTHON, str(ROOT / "examples/legacy/services/services.py"), *words],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        ready = self.services.stdout.readline()
        if not ready:
            raise SystemExit("bank: the services did not start; their reason stands above")
        self._configure(json.loads(ready))
        for name, value in SECRETS.items():
            self.call("secret", "set", name, text=value)

    def _configure(self, urls):
        folder = self.dir / "config/deskhand"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        variables = {"LOAN_CORE_DB": self.database, "LOAN_CORE_USERS": f"{SECRETS['core.clerk.user']}:{SECRETS['core.clerk.password']}",
                     "LOAN_CORE_RUDE": self.rude, "LOAN_CORE_RUDE_SEED": self.seed}
        program = " ".join(shlex.quote(word) for word in (
            "/usr/bin/env", *(f"{k}={v}" for k, v in variables.items() if v), str(self.build / "examples/loan-core")))
        conf = folder / "deskhand.conf"
        conf.write_text("".join(f"{k} = {v}\n" for k, v in {
            "source.gleif.url": urls["gleif"], "source.vies.url": urls["vies"],
            "source.companies_house.url": urls["companies_house"], "source.companies_house.key": "companies_house.key",
            "tls.ca": urls["ca"], "screen.loan-core.start": program, "desks.warm": "2"}.items()), "utf-8")
        conf.chmod(0o600)

    def call(self, *args, text=None, good=(0,)):
        done = subprocess.run([str(self.build / "deskhand"), *args], input=text, text=True, env=self.environment,
                              capture_output=True, check=False)
        if done.returncode not in good:
            raise SystemExit(f"bank: deskhand {' '.join(args)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def approvals(self):
        """What the bank's own database holds."""
        if not self.database.exists():
            return []
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute("SELECT * FROM approvals ORDER BY application, id")]

    def close(self):
        if self.services:
            self.services.stdin.close()
            self.services.wait(timeout=20)
            self.services = None


def sample(folder, seed):
    """One application to begin with: a case file and its two documents."""
    case = folder / "case.json"
    if not case.exists():
        subprocess.run([*PYTHON, str(HERE / "make_cases.py"), "--out", str(folder), "--count", "1", "--seed", seed], check=True)
        line = json.loads((folder / "cases.jsonl").read_text("utf-8"))
        case.write_text(json.dumps(line, ensure_ascii=False, indent=1) + "\n", "utf-8")
        for name in ("cases.jsonl", "expected.json", "rules.json"):
            (folder / name).unlink()
    return case


def say(bank, case):
    program = os.path.relpath(bank.build / "deskhand", ROOT)
    print(f"The bank stands in {bank.dir}. In another terminal, in {ROOT}:\n")
    print("  export " + " ".join(f"{k}={shlex.quote(v)}" for k, v in bank.variables.items()))
    print(f"  {program} run robots/sme_loan --case {case}\n")
    print(f"For a case of your own copy the folder {case.parent}, put your documents there and change case.json.")
    print(f"What the bank has then:  examples/demo/bank.py --dir {bank.dir} --approvals\nCtrl-C ends the services.", flush=True)


def options():
    p = argparse.ArgumentParser(description="A bank to run robots/sme_loan against, by hand.")
    p.add_argument("--dir", required=True, help="folder for everything; it may be used again")
    p.add_argument("--build", default=str(ROOT / "build"))
    p.add_argument("--data", action="append", default=[], help="more recordings of registries and tax office, asked first")
    p.add_argument("--rude", default="", help="1, or the bank program's bad manners: slow,dialog,theft,freeze")
    p.add_argument("--seed", default="1", help="another sample, other bad manners")
    p.add_argument("--approvals", action="store_true", help="print what the bank's database holds, and end")
    return p.parse_args()


def main():
    o = options()
    bank = Bank(o.dir, o.build, o.rude, o.seed)
    if o.approvals:
        for row in bank.approvals():
            print(json.dumps(row, ensure_ascii=False))
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        bank.open(data=o.data)
        say(bank, sample(bank.dir / "sample", o.seed))
        bank.services.wait()
        return 1  # they ended by themselves
    finally:
        bank.close()


if __name__ == "__main__":
    sys.exit(main())
