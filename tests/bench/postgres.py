#!/usr/bin/python3
"""postgres.py - records a second through the store on PostgreSQL against a plain libpq loop, on one private server with
fsync, in turn. usage: postgres.py BUILD [ROUNDS]"""
import os
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fakes"))
from postgres import Postgres  # noqa: E402

build, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
server = Postgres(durable=True)
seen = {}
try:
    with tempfile.TemporaryDirectory() as data:
        for i in range(rounds):
            env = {**os.environ, "DH_TEST_STORE": server.url("bench%d" % i), "XDG_DATA_HOME": data}
            for command in ([build + "/examples/pg_raw", server.url().split("&schema=")[0]], [build + "/tests/bench/bench_store"]):
                for line in subprocess.run(command, env=env, check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines():
                    name, value, _ = line.split(None, 2)
                    seen.setdefault(name, []).append(float(value))
finally:
    server.close()
middle = {name: statistics.median(values) for name, values in seen.items()}
for name, value in middle.items():
    print("postgresql_%s %.0f /s" % (name, value))
for name, peer in (("store_one_by_one", "raw_one_by_one"), ("store_100_jobs_a_group", "raw_groups_of_100"),
                   ("store_10_jobs_a_group", "raw_groups_of_100")):
    print("postgresql_%s_ratio %.2f of raw (target 0.7)" % (name, middle[name] / middle[peer]))
