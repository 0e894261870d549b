"""The store as something that is kept: backup while it is in use, restore, prune."""
from flow import Ledger, contains, equal, main, os, time

import hashlib
import sqlite3

ENTERS = """robot { about = "Enters", case = { id = text, paper = file } }
function run(case)
  local rates = http.get("%s/entries/rate", { accept = 404 })
  http.post("enter " .. case.id, {
    url = "%s/entries", json = { key = case.id },
    proof = function()
      local answer = http.get("%s/entries/" .. case.id, { accept = 404 })
      return answer.status == 200 and answer.json or nil
    end,
  })
  return { id = case.id, status = rates.status }
end
"""


def until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        equal(time.monotonic() < end, True, "it has not come to pass in %d s" % seconds)
        time.sleep(0.05)


def add(place, robot, key):
    place.write(key + ".txt", "the paper of " + key)
    r = place.run("queue", "add", robot, place.write("case.json", '{"id": "%s", "paper": "%s.txt"}' % (key, key)))
    equal(r.returncode, 0, r.stderr)


def files(folder):
    return sorted(f for _, _, names in os.walk(folder) for f in names)


def test_restored_store_does_nothing_twice(place):
    """One effect is open in the backup and ends after it; another is done wholly after it. Both stand in the ledger already."""
    ledger = Ledger()
    text = ENTERS % ((ledger.url,) * 3)
    enters, later = place.write("enters.lua", text), place.write("later.lua", text)
    place.write("config/deskhand/deskhand.conf", "zone = Asia/Shanghai\n")
    equal(place.run("secret", "set", "a.b", stdin="some value").returncode, 0)
    add(place, later, "L-1")
    place.run("queue", "pause", "later")
    child = place.serve(enters, later)
    place.wait_for_file(place.store + ".sock")
    add(place, enters, "E-1")
    until(lambda: place.states("enters")["E-1"] == "done")
    ledger.delay_s = 3.0
    add(place, enters, "E-2")
    ledger.wait_for(2)
    r = place.run("backup", "kept")
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, "not in it: the key of the vault")
    equal("deskhand.key" in files(place.dir + "/kept"), False)
    ledger.delay_s = 0.0
    until(lambda: place.states("enters")["E-2"] == "done")
    place.run("queue", "resume", "later")
    until(lambda: place.states("later")["L-1"] == "done")
    r = place.run("restore", "kept")
    equal(r.returncode, 1, "a store in use")
    contains(r.stderr, "pid %d" % child.pid)
    equal(place.run("stop").returncode, 0)
    r = place.run("restore", "kept")
    equal(r.returncode, 1, "a store that stands")
    contains(r.stderr, "there is a store in")
    place.env["DESKHAND_STORE"] = "sqlite:" + place.dir + "/again/store.db"
    r = place.run("restore", place.dir)
    contains(r.stderr, "is no backup")
    r = place.run("restore", "kept")
    equal(r.returncode, 0, r.stderr)
    contains(r.stdout, 'open: enters E-2: "enter E-2", begun ')
    contains(r.stdout, "1 effects are open")
    equal(place.states("enters"), {"E-1": "done", "E-2": "retrying"})
    equal(place.states("later"), {"L-1": "new"})
    r = place.run("serve", "--until-idle", "--allow-root", enters, later)
    contains(r.stdout, "1 new, 0 leased, 0 waiting, 1 retrying", )
    equal([place.run("queue", "resume", q).returncode for q in ("enters", "later")], [0, 0])
    r = place.run("serve", "--until-idle", "--allow-root", enters, later)
    equal(place.states("enters"), {"E-1": "done", "E-2": "done"}, r.stderr)
    equal(place.states("later")["L-1"] in ("waiting", "parked"), True, "a person decides")
    number = place.json("review", "list")[0]["id"]
    equal(place.run("review", "answer", str(number), "accept").returncode, 0)
    place.run("serve", "--until-idle", "--allow-root", later)
    equal(place.states("later"), {"L-1": "done"}, place.run("queue", "show", "later", "L-1").stderr)
    equal(ledger.counts(), {"E-1": 1, "E-2": 1, "L-1": 1})
    checks = {c["name"]: c["status"] for c in place.json("doctor")["checks"]}
    equal(checks["store"], "ok")
    ledger.close()


def test_prune(place):
    ledger = Ledger()
    robot = place.write("enters.lua", ENTERS % ((ledger.url,) * 3))
    for key in ("P-1", "P-2"):
        add(place, robot, key)
    equal(place.run("serve", "--until-idle", "--allow-root", robot).returncode, 0)
    db = sqlite3.connect(place.store)
    db.execute("UPDATE cases SET ended = ended - 3 * 365 * 86400000 WHERE key = 'P-1'")
    db.commit()
    db.close()
    for folder, _, names in os.walk(place.store + ".blobs"):
        for name in names:
            os.utime(os.path.join(folder, name), (1, 1))
    papers = {key: hashlib.sha256(("the paper of " + key).encode()).hexdigest()[2:] for key in ("P-1", "P-2")}
    before = place.json("prune", "--older", "2y")
    equal((before["done"], before["cases"], before["files"]), (False, 1, 1))
    equal(before["rows"] > 0, True)
    equal(set(papers.values()) <= set(files(place.store + ".blobs")), True, "nothing was done yet")
    child = place.serve(robot)
    place.wait_for_file(place.store + ".sock")
    r = place.run("prune", "--older", "2y", "--yes")
    equal(r.returncode, 1)
    contains(r.stderr, "deskhand stop --drain")
    place.run("stop")
    child.wait(10)
    after = place.json("prune", "--older", "2y", "--yes")
    equal((after["done"], after["rows"], after["files"]), (True, before["rows"], 1))
    left = files(place.store + ".blobs")
    equal((papers["P-1"] in left, papers["P-2"] in left), (False, True))
    runs = {r["key"]: place.json("show", r["run"]) for r in place.json("runs")}
    kinds = {key: [e["kind"] for e in run["records"]] for key, run in runs.items()}
    equal(("read" in kinds["P-1"], "read" in kinds["P-2"]), (False, True))
    equal([runs["P-1"]["effects"][0][k] for k in ("name", "state")], ["enter P-1", "confirmed"])
    equal(runs["P-1"]["result"]["id"], "P-1")
    equal({c["name"]: c["status"] for c in place.json("doctor")["checks"]}["store"], "ok")
    equal(place.json("prune", "--older", "2y")["rows"], 0)
    equal(place.run("prune", "--older", "soon").returncode, 2)
    ledger.close()


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
