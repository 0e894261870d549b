#!/usr/bin/env python3
"""1,000 runs of 20 GETs through `http`, against the same transfers by plain C and libcurl's multi interface.

usage: bench.py BUILD [ROUNDS]     prints one line; the ratio is the yardstick's time by ours (target: at least 0.6)

Ours is everything: the process, its store, an isolate and a journal for every run. Both sides ask one server
(bench_http_server) for the same kilobyte of text over kept connections, 64 at a time; medians, taken in turns.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

RUNS, GETS = 1000, 20


def timed(argv):
    """Wall and CPU seconds of a command that must succeed."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, check=False)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def ours(build, robot, folder):
    store = os.path.join(folder, "store")
    shutil.rmtree(store, ignore_errors=True)
    os.mkdir(store)
    return timed([f"{build}/deskhand", "run", robot, "--store", f"sqlite:{store}/bench.db", "--set", "hosts.loopback=yes"])


def measure(build, rounds):
    """Medians: our wall and CPU seconds, libcurl's, and the ratio of the walls."""
    folder = tempfile.mkdtemp(prefix="deskhand-bench-")
    server = subprocess.Popen([f"{build}/examples/bench_http_server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        url = f"http://127.0.0.1:{server.stdout.readline().decode().strip()}/"
        robot = os.path.join(folder, "http")
        os.mkdir(robot)
        shutil.copy(os.path.join(os.path.dirname(__file__), "robot.lua"), robot)
        with open(os.path.join(robot, "cases.csv"), "w", encoding="ascii") as cases:
            cases.write("key,url\n" + "".join(f"c{i},{url}\n" for i in range(RUNS)))
        plain, through = [], []
        for _ in range(rounds):
            plain.append(timed([f"{build}/examples/bench_http_curl", url, str(RUNS * GETS)]))
            through.append(ours(build, robot, folder))
        (curl, curl_cpu), (own, own_cpu) = ([statistics.median(v) for v in zip(*side)] for side in (plain, through))
        ratio = statistics.median(p[0] / t[0] for p, t in zip(plain, through))
        return own, own_cpu, curl, curl_cpu, ratio
    finally:
        server.stdin.close()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    own, own_cpu, curl, curl_cpu, ratio = measure(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5)
    print(f"http: {RUNS} runs x {GETS} GETs: {own:.2f} s ({own_cpu:.2f} s CPU), plain libcurl {curl:.2f} s "
          f"({curl_cpu:.2f} s CPU): ratio {ratio:.2f} (target 0.60)")


if __name__ == "__main__":
    main()
