#!/usr/bin/python3
"""run.py - the figures of a build as one table, medians of five in one run, each beside its target. Ratios are against a
named peer that works in turns with ours, so a busy machine slows both. Exit 1 when a comparison is void (texts differ).

    run.py BUILD [PART…]    parts: host loan command http documents desk store bulk; without: all
"""

import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE / "http")]

import bench as bench_http  # noqa: E402
import bench_documents  # noqa: E402

ROUNDS = 5


class Void(Exception):
    """There is nothing to compare."""


def show(what, value, unit, target=None, most=True):
    """One row. target None: a figure to know; most: the target is the highest that is good."""
    mark = "" if target is None else f"{'<=' if most else '>='} {target:g} {unit}".rstrip()
    good = target is None or (value <= target if most else value >= target)
    print(f"{what:66} {value:9.2f} {unit:11} {mark:15} {'' if target is None else 'met' if good else 'MISSED'}".rstrip(), flush=True)


def lines_of(command, env=None):
    done = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    return done.stdout.splitlines()


# An effect whose intent is never answered: the run waits for the disk, as if for minutes.
WAITING = """robot { about = "waits for the disk" }
function run()
  effect("wait", { values = { n = 1 }, act = function() return {} end })
end
"""


def host(build):
    """An isolate for 01_hello, and 1,000 runs parked before their effect: bench_host."""
    found = {"start": [], "parked": []}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as robot:
        robot.write(WAITING)
        robot.flush()
        for _ in range(ROUNDS):
            for line in lines_of([f"{build}/tests/bench/bench_host", "examples/01_hello.lua", "1000", robot.name]):
                name, value, _ = line.split()
                found[name].append(float(value))
    show("an isolate for 01_hello started, run and ended (CPU)", statistics.median(found["start"]), "us", 100)
    show("a small run parked, of 1,000 in one process (resident)", statistics.median(found["parked"]), "KiB", 64)


def loan(build):
    """sme_loan that waits for its review, right before it leaves memory; registers answer from a recording."""
    robot, kept = "robots/sme_loan", []
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, XDG_CONFIG_HOME=f"{folder}/config", XDG_DATA_HOME=f"{folder}/data", DESKHAND_STORE=f"{folder}/s.db")
        for name in ("core.clerk.user", "core.clerk.password"):
            subprocess.run([f"{build}/deskhand", "secret", "set", name], input="x\n", text=True, check=True, env=env,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for n in range(ROUNDS):
            command = [f"{build}/deskhand", "run", robot, "--case", f"{robot}/fixtures/other_name.json", "--replay",
                       f"{robot}/fixtures/active", "--store", f"{folder}/{n}.db", "--set", "log.level=debug"]
            shutil.copy(f"{folder}/s.db", f"{folder}/{n}.db")
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
            bytes_ = re.search(r"leaves memory: its isolate had (\d+) bytes", done.stderr)
            if done.returncode != 4 or not bytes_:
                raise Void(f"sme_loan did not wait for its review (exit {done.returncode}): {done.stderr[-400:]}")
            kept.append(int(bytes_[1]) / 1024)
    show("sme_loan parked in its review, before it is put away", statistics.median(kept), "KiB", 200)


def command(build):
    """deskhand run examples/01_hello.lua, from start to exit."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            lines_of([f"{build}/deskhand", "run", "examples/01_hello.lua", "--store", f"{folder}/store.db"])
            took.append((time.perf_counter() - began) * 1000)
    show("deskhand run examples/01_hello.lua, from start to exit", statistics.median(took[1:]), "ms", 20)


def http(build):
    own, own_cpu, curl, curl_cpu, ratio = bench_http.measure(build, ROUNDS)
    show("http: 1,000 runs x 20 GETs, ratio to plain libcurl (wall)", ratio, "x", 0.6, most=False)
    show("  through http: wall", own, "s")
    show("  through http: CPU, with store and journal", own_cpu, "s")
    show("  plain libcurl multi: wall", curl, "s")
    show("  plain libcurl multi: CPU", curl_cpu, "s")


def documents(build):
    measured = bench_documents.measure(build)
    if not measured:
        raise Void("documents: the texts of reader and tesseract command differ")
    ratio, ours, theirs = measured
    show("documents: pages per CPU second, ratio to the tesseract command", ratio, "x", 1.3, most=False)
    show("  reader, texts equal", ours, "pages/s")
    show("  tesseract command", theirs, "pages/s")


def desk(build):
    env = dict(os.environ, DESKHAND=os.path.abspath(f"{build}/deskhand"), BUILD=os.path.abspath(build), DESK_BENCH_TIMES=str(ROUNDS))
    script = str(ROOT / "connectors/screen_x11/bench_desk.py")
    for line in lines_of(["/usr/bin/python3", "-B", script], env):
        what, value, unit = re.match(r"(.*?)\s+([\d.]+)\s+(\S+)$", line).groups()
        show(("" if what.startswith("desk") else "desk: ") + what, float(value), unit)


def store(build):
    for line in lines_of([f"{build}/tests/bench/bench_store"]):
        name, value, unit = line.split(" ", 2)
        show("store: " + name.removeprefix("store_").replace("_", " "), float(value), unit.split(" ")[0] if "claimed" in unit else unit)
    if os.path.exists(f"{build}/modules/store_pg.so"):
        for line in lines_of(["/usr/bin/python3", "-B", "tests/bench/postgres.py", build, "3"]):
            name, value, unit = line.split(" ", 2)
            show(name.replace("_", " "), float(value), unit)


BULK = """robot { about = "Many", cases = { key = "no" }, case = { no = text, amount = money } }
function run(case) return {} end
"""
BULK_ROWS, BULK_BATCH = 100_000, 2_000


def raw_inserts(path, rows):
    """What the disk and SQLite take for the same rows: the same table, keys, sync and batches, without reading and checking."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE cases (id INTEGER PRIMARY KEY, queue TEXT, "
                     "period TEXT, key TEXT, state INTEGER, due INTEGER, priority INTEGER, deadline INTEGER, bundle TEXT, input BLOB, "
                     "UNIQUE (queue, period, key)); CREATE INDEX ready ON cases (queue, priority DESC, deadline, id) WHERE due = 0; "
                     "CREATE INDEX state ON cases (queue, state)")
    began = time.perf_counter()
    for at in range(0, len(rows), BULK_BATCH):
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO cases (queue, period, key, state, due, priority, deadline, bundle, input) VALUES ('bulk', '', ?, 1, "
                       "0, 0, 9223372036854775807, ?, ?) ON CONFLICT DO NOTHING", [(key, "b" * 64, bytes(48)) for key in rows[at:at + BULK_BATCH]])
        db.execute("COMMIT")
    took = time.perf_counter() - began
    db.close()
    return len(rows) / took


def bulk(build):
    """queue add of 100,000 rows of CSV, and raw SQLite inserts of as many rows in turns with it; three rounds."""
    own, raw, peak = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        rows = [f"B-{n:06d}" for n in range(BULK_ROWS)]
        pathlib.Path(folder, "bulk.lua").write_text(BULK)
        pathlib.Path(folder, "big.csv").write_text("no,amount\n" + "".join(f"{key},{n + 1}.00 EUR\n" for n, key in enumerate(rows)))
        for n in range(3):
            raw.append(raw_inserts(f"{folder}/raw{n}.db", rows))
            began = time.perf_counter()
            child = subprocess.Popen([f"{build}/deskhand", "queue", "add", f"{folder}/bulk.lua", f"{folder}/big.csv", "--store", f"{folder}/{n}.db"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            if status:
                raise Void(f"queue add ended with {status}")
            own.append(BULK_ROWS / (time.perf_counter() - began))
            peak.append(used.ru_maxrss / 1024)
    show("queue add of 100,000 rows of CSV", statistics.median(own), "cases/s")
    show("  raw SQLite inserts of as many rows, 2,000 a commit", statistics.median(raw), "rows/s")
    show("  ratio", statistics.median(a / b for a, b in zip(own, raw)), "of raw")
    show("  memory at most", statistics.median(peak), "MiB", 64)


PARTS = {part.__name__: part for part in (host, loan, command, http, documents, desk, store, bulk)}


def main(build, *wanted):
    os.chdir(ROOT)
    print(f"{'what':66} {'measured':>9} {'':11} target", flush=True)
    status = 0
    for name in wanted or PARTS:
        try:
            PARTS[name](build)
        except Void as void:
            print(f"void: {void}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or ["build"])))
