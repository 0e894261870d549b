#!/usr/bin/python3
"""run.py - the benches of a build as one table: medians of five, ratios against a named peer in the same run.
usage: run.py BUILD"""

import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 5
build = sys.argv[1]


def lines_of(command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.splitlines()


def host():
    """Start of an isolate, and a run parked before its effect: bench_host."""
    start, parked = [], []
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as robot:
        robot.write('robot { about = "waits for the disk" }\nfunction run()\n'
                    '  effect("wait", { values = { n = 1 }, act = function() return {} end })\nend\n')
        robot.flush()
        for _ in range(ROUNDS):
            for line in lines_of([f"{build}/tests/bench/bench_host", "examples/01_hello.lua", "1000", robot.name]):
                name, value, _ = line.split()
                (start if name == "start" else parked).append(float(value))
    return statistics.median(start), statistics.median(parked)


def command():
    """deskhand run examples/01_hello.lua, from start to exit, in milliseconds."""
    took = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS + 1):
            began = time.perf_counter()
            lines_of([f"{build}/deskhand", "run", "examples/01_hello.lua", "--store", f"{folder}/store.db"])
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[1:])


def main():
    start, parked = host()
    print(f"{'what':58} {'measured':>12} {'target':>10}")
    print(f"{'an isolate for 01_hello, started, run and ended (CPU)':58} {start:9.0f} us {'<= 100 us':>10}")
    print(f"{'a small run parked, of 1,000 in one process':58} {parked:8.1f} KiB {'<= 64 KiB':>10}")
    print(f"{'deskhand run examples/01_hello.lua, start to exit':58} {command():9.1f} ms {'<= 20 ms':>10}", flush=True)
    print("\nhttp, 1,000 runs x 20 GETs against plain libcurl (target: ratio >= 0.6)", flush=True)
    subprocess.run(["/usr/bin/python3", "-B", "tests/bench/http/bench.py", build, str(ROUNDS)], check=True)
    print("\nthe store against raw SQLite", flush=True)
    subprocess.run([f"{build}/tests/bench/bench_store"], check=True)


if __name__ == "__main__":
    main()
