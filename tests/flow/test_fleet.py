"""Hosts that share a store on PostgreSQL: whatever dies, on whichever side, each effect happens once and nothing is lost."""
import datetime
import re
import subprocess
import sys

from flow import DESKHAND, ROOT, Ledger, contains, equal, gone, main, os, processes, signal, time
from test_crash import ENTERS
from test_schedule import BEATS, LETTERS, REPORT, slots, wait_for
from test_serve import ASKS, BATCH

sys.path.insert(0, os.path.join(ROOT, "tests", "fakes"))
from postgres import Postgres, Proxy  # noqa: E402

SERVER = Postgres()
LEASE = {"DESKHAND_FLEET_LEASE": "3s", "DESKHAND_FLEET_SETTLE": "1s"}


def host(place, name, url=None):
    """Environment of one host: a name and a data folder of its own."""
    return {"DESKHAND_STORE": url or SERVER.url(), "DESKHAND_FLEET_HOST": name, "XDG_DATA_HOME": place.dir + "/" + name, **LEASE}


def fleet(test):
    """Runs a test in an empty database; its commands speak to it."""
    def run(place):
        SERVER.sql("DROP SCHEMA IF EXISTS deskhand CASCADE")
        place.env.update(host(place, "commands"))
        test(place)
    run.__name__ = test.__name__
    return run


def enters(place, ledger, n):
    place.write("enters/robot.lua", ENTERS % (ledger.url, ledger.url))
    place.write("enters/rows.csv", "no\n" + "".join("E-%03d\n" % i for i in range(n)))
    return place.dir + "/enters"


def all_once(place, ledger, n):
    equal([c for c in place.json("queue", "list", "enters") if c["state"] != "done"], [])
    equal(place.states("enters"), {"E-%03d" % i: "done" for i in range(n)}, place.read("log")[-3000:])
    equal(ledger.counts(), {"E-%03d" % i: 1 for i in range(n)})
    equal(SERVER.sql("SELECT count(*) FROM deskhand.cases WHERE state = 2"), [["0"]])


def workers_used():
    """Hosts whose workers have begun attempts, by the journal."""
    return SERVER.sql("SELECT count(DISTINCT worker) FROM deskhand.cases")


def ended(place, children, seconds=120):
    for child in children:
        equal(child.wait(seconds), 0, place.read("log")[-4000:])


@fleet
def test_unit_tests_of_the_store(place):
    """The same tests that SQLite passes."""
    unit = os.path.join(os.path.dirname(DESKHAND), "unit", "runtime", "store")
    for name in ("test_store", "test_store_journal", "test_store_review", "test_store_period", "test_store_schedule",
                 "test_store_front", "test_store_crash"):
        r = subprocess.run([os.path.join(unit, name)], capture_output=True, text=True, check=False, timeout=300,
                           env={**os.environ, "DH_TEST_STORE": SERVER.url(), "DH_TEST_PSQL": SERVER.bin + "/psql", "DH_KILLS": "10"})
        equal(r.returncode, 0, name + r.stdout[-2000:] + r.stderr[-3000:])


@fleet
def test_one_host(place):
    place.write("batch/robot.lua", BATCH)
    place.write("batch/rows.csv", "no,amount\n" + "".join("B-%03d,%d.00 EUR\n" % (i, i) for i in range(200)))
    r = place.run("serve", "--until-idle", "--allow-root", place.dir + "/batch")
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "100 done, 100 rejected")
    equal(len(place.read("batch/out.csv").strip().split("\n")), 201)
    r = place.run("doctor")
    contains(r.stdout, "is whole: 200 cases")
    equal(place.run("run", place.dir + "/batch").returncode, 0)


@fleet
def test_commands_wake_a_host(place):
    """A case added, a review answered by a command: the host hears of it at once, without a control socket."""
    path = place.write("asks.lua", ASKS)
    child = place.serve("--workers", "1", path)
    end = time.monotonic() + 20
    place.run("queue", "add", path, place.write("c.json", '[{"id": "A-1"}]'))
    while not place.json("review", "list"):
        equal(time.monotonic() < end and child.poll() is None, True, place.read("log")[-2000:])
    begun = time.monotonic()
    equal(place.run("review", "answer", str(place.json("review", "list")[0]["id"]), "yes").returncode, 0)
    while set(place.states("asks").values()) != {"done"}:
        equal(time.monotonic() < begun + 10, True, place.read("log")[-2000:])
    child.send_signal(signal.SIGTERM)
    equal(child.wait(20), 0)
    equal(SERVER.sql("SELECT count(*) FROM deskhand.hosts"), [["0"]], "a host that ends in order leaves")


@fleet
def test_two_hosts_share_a_queue(place):
    ledger, n = Ledger(0.02), 200
    path = enters(place, ledger, n)
    children = [place.serve("--until-idle", "--workers", "2", path, env=host(place, name)) for name in "ab"]
    seen = set()
    while any(c.poll() is None for c in children):
        seen |= {row[0].split("#")[0] for row in SERVER.sql("SELECT DISTINCT worker FROM deskhand.cases WHERE state = 2")
                 } if SERVER.sql("SELECT to_regclass('deskhand.cases')") != [[""]] else set()
        time.sleep(0.05)
    ended(place, children)
    equal(seen, {"a", "b"}, "both had cases")
    all_once(place, ledger, n)
    ledger.close()


def both_are_up():
    wait_for(lambda: SERVER.sql("SELECT to_regclass('deskhand.hosts')") != [[""]]
             and SERVER.sql("SELECT count(*) FROM deskhand.hosts") == [["2"]])


def kill_tree(child):
    pids = processes("launcher", child.pid) + processes("worker", child.pid) + [child.pid]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    child.wait()
    return pids


@fleet
def test_a_dead_host_is_followed(place):
    ledger, n = Ledger(0.1), 120
    path = enters(place, ledger, n)
    first, second = (place.serve("--until-idle", "--workers", "2", path, env=host(place, name)) for name in "ab")
    ledger.wait_for(30)
    kill_tree(first)
    wait_for(lambda: not SERVER.sql("SELECT 1 FROM deskhand.hosts WHERE name = 'a'"))
    ended(place, [second])
    contains(place.read("log"), "host a has not renewed its leases")
    all_once(place, ledger, n)
    ledger.close()


@fleet
def test_a_host_comes_back_at_once(place):
    """Its lock says that the old tree is gone: no lease is waited for."""
    ledger, n = Ledger(0.05), 40
    path = enters(place, ledger, n)
    env = {**host(place, "a"), "DESKHAND_FLEET_LEASE": "60s"}
    for i in range(2):
        child = place.serve("--workers", "2", path, env=env)
        ledger.wait_for(8 * (i + 1))
        kill_tree(child)
    begun = time.monotonic()
    ended(place, [place.serve("--until-idle", "--workers", "2", path, env=env)])
    equal(time.monotonic() - begun < 40, True)
    all_once(place, ledger, n)
    ledger.close()


@fleet
def test_the_database_dies_under_load(place):
    ledger, n = Ledger(0.05), 200
    path = enters(place, ledger, n)
    children = [place.serve("--until-idle", "--workers", "2", path, env=host(place, name)) for name in "ab"]
    for i in range(5):
        ledger.wait_for(min(n, 30 * (i + 1)), 60)
        SERVER.stop("immediate")
        SERVER.start()
    ended(place, children, 180)
    all_once(place, ledger, n)
    ledger.close()


@fleet
def test_replies_to_commits_are_lost(place):
    ledger, n, proxy = Ledger(0.05), 150, Proxy(SERVER)
    path = enters(place, ledger, n)
    child = place.serve("--until-idle", "--workers", "2", path, env=host(place, "a", SERVER.url(port=proxy.port)))
    for i in range(4):
        ledger.wait_for(20 * (i + 1))
        proxy.cut_commits += 2
    ended(place, [child])
    equal(proxy.cuts >= 4, True, "%d replies were lost" % proxy.cuts)
    equal(len(re.findall("the commit is in the database", place.read("log"))) >= 1, True, place.read("log")[-3000:])
    all_once(place, ledger, n)
    crashes = sum(c["crashes"] for c in place.json("queue", "list", "enters"))
    equal(crashes, 0, "what was committed is known to be: no run began again")
    proxy.close()
    ledger.close()


@fleet
def test_a_host_that_is_cut_off_ends_its_workers(place):
    """Its database is away for longer than its leases: it ends its own workers before another host may take their runs."""
    ledger, n, proxy = Ledger(0.1), 80, Proxy(SERVER)
    path = enters(place, ledger, n)
    first = place.serve("--until-idle", "--workers", "2", path, env=host(place, "a", SERVER.url(port=proxy.port)))
    ledger.wait_for(15)
    old = processes("worker", first.pid)
    second = place.serve("--until-idle", "--workers", "2", path, env=host(place, "b"))
    proxy.hold(True)
    for pid in old:
        equal(gone(pid, 3), True, "worker %d ended in the time of a lease" % pid)
    wait_for(lambda: not SERVER.sql("SELECT 1 FROM deskhand.hosts WHERE name = 'a'"))
    proxy.hold(False)
    ended(place, [first, second])
    contains(place.read("log"), "this host has joined the fleet again")
    all_once(place, ledger, n)
    proxy.close()
    ledger.close()


@fleet
def test_slots_are_taken_once(place):
    """Two hosts have the same schedule, one dies, the database dies: each slot is one case, none is lost."""
    robot = place.write("beats.lua", BEATS)
    first, second = (place.serve("--workers", "1", robot, env=host(place, name)) for name in "ab")
    both_are_up()
    wait_for(lambda: len(place.states("beats")) >= 2)
    kill_tree(first)
    SERVER.stop("immediate")
    SERVER.start()
    last = datetime.datetime.now(datetime.timezone.utc)
    wait_for(lambda: slots(place, "beats")[-1] > last)
    seen = slots(place, "beats")
    equal({(b - a).total_seconds() for a, b in zip(seen, seen[1:])}, {2.0}, "no slot twice, none lost")
    wait_for(lambda: list(place.states("beats").values()).count("done") >= len(seen))
    second.send_signal(signal.SIGTERM)
    ended(place, [second])


@fleet
def test_a_host_waits_for_cases_of_another(place):
    letters, report = place.write("letters.lua", LETTERS), place.write("report.lua", REPORT)
    children = [place.serve("--workers", "1", path, env=host(place, name)) for name, path in (("a", letters), ("b", report))]
    both_are_up()
    wait_for(lambda: place.json("schedule", "list"))
    place.run("queue", "add", letters, place.write("c.json", '[%s]' % ",".join('{"id": "L-%d"}' % i for i in range(20))))
    wait_for(lambda: list(place.states("report").values()) == ["done"])
    equal(set(place.states("letters").values()), {"done"})
    for child in children:
        child.send_signal(signal.SIGTERM)
    ended(place, children)


@fleet
def test_keeping(place):
    """Old cases are cleared as in any store; a copy is made by the database's own tools, and Deskhand says so."""
    place.write("batch/robot.lua", BATCH)
    place.write("batch/rows.csv", "no,amount\n" + "".join("B-%03d,%d.00 EUR\n" % (i, i) for i in range(10)))
    equal(place.run("serve", "--until-idle", "--allow-root", place.dir + "/batch").returncode, 0)
    SERVER.sql("UPDATE deskhand.cases SET ended = ended - 864000000")
    dry = place.json("prune", "--older", "1d")
    equal(dry["cases"] >= 10, True)
    equal(place.json("prune", "--older", "1d", "--yes")["rows"], dry["rows"])
    equal(place.json("prune", "--older", "1d")["rows"], 0)
    contains(place.run("doctor").stdout, "is whole")
    for command in (("backup", place.dir + "/copy"), ("restore", place.dir + "/copy")):
        r = place.run(*command)
        equal(r.returncode, 2)
        contains(r.stderr, "pg_dump")
    equal(os.path.exists(place.dir + "/copy"), False)


if __name__ == "__main__":
    try:
        main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
    finally:
        SERVER.close()
