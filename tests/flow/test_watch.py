"""cases.watch: files that appear in a folder become cases once they are complete, each once, whatever is killed."""
import random
import shutil

from flow import contains, equal, main, os, processes, signal, time

ROBOT = """robot { about = "Takes what appears", cases = { from = "inbox/*.txt", watch = true%s } }
function run(case) return { size = case.file.size } end
"""
ROWS = """robot { about = "A file of cases", cases = { from = "rows.csv", key = "no", watch = true }, case = { no = text } }
function run(case) return { no = case.no } end
"""
FINISH = """robot { about = "Closes its day", zone = "%s", cases = { from = "inbox/*.txt", watch = true, once_a = "day", to = "out.csv" } }
function run(case) return { size = case.file.size } end
function finish(batch) return { done = batch.done, table = batch.file.name } end
"""


def until(what, wanted, seconds=20):
    end = time.monotonic() + seconds
    while what() != wanted:
        if time.monotonic() > end:
            raise AssertionError("wanted %r, seen %r" % (wanted, what()))
        time.sleep(0.02)


def sizes(place):
    return {c["key"]: (c["result"] or {}).get("size") for c in place.json("queue", "list", "box")}


def log_has(place, part):
    until(lambda: part in place.read("log"), True)


def serve(place, text=ROBOT % ""):
    """Once it watches: the control socket stands before, so a first file says so."""
    os.makedirs(place.dir + "/box/inbox", exist_ok=True)
    place.write("box/robot.lua", text)
    return place.serve(place.dir + "/box")


def drop(place, name, text):
    """As a careful program does it: written elsewhere, then moved."""
    place.write("box/tmp-" + name, text)
    os.rename(place.dir + "/box/tmp-" + name, place.dir + "/box/inbox/" + name)


def test_files_that_appear(place):
    place.write("box/inbox/first.txt", "1")
    place.write("box/inbox/other.pdf", "not asked for")
    place.write("box/inbox/.hidden.txt", "nor this")
    os.makedirs(place.dir + "/box/inbox/folder.txt")
    serve(place)
    until(lambda: sizes(place), {"first.txt": 1})
    drop(place, "moved.txt", "22")
    place.write("box/inbox/written.txt", "333")
    place.write("box/linked", "4444")
    os.link(place.dir + "/box/linked", place.dir + "/box/inbox/linked.txt")
    until(lambda: sizes(place), {"first.txt": 1, "moved.txt": 2, "written.txt": 3, "linked.txt": 4})
    equal(sorted(os.listdir(place.dir + "/box/inbox")),
          [".hidden.txt", "first.txt", "folder.txt", "linked.txt", "moved.txt", "other.pdf", "written.txt"], "all is left in place")


def test_half_written_files_wait(place):
    os.makedirs(place.dir + "/box/inbox")
    with open(place.dir + "/box/inbox/before.txt", "w") as before:
        before.write("half")
        before.flush()
        serve(place)
        place.wait_for_file(place.store + ".sock")
        drop(place, "whole.txt", "1")
        until(lambda: sizes(place), {"whole.txt": 1})
        with open(place.dir + "/box/inbox/after.txt", "w") as after:
            after.write("half")
            after.flush()
            drop(place, "whole2.txt", "1")
            until(lambda: sizes(place), {"whole.txt": 1, "whole2.txt": 1})
            after.write(" and half")
        before.write(" and half")
    until(lambda: sizes(place), {"whole.txt": 1, "whole2.txt": 1, "before.txt": 13, "after.txt": 13})


def test_an_empty_file_waits(place):
    serve(place)
    place.wait_for_file(place.store + ".sock")
    drop(place, "sign.txt", "1")
    until(lambda: sizes(place), {"sign.txt": 1})
    place.write("box/inbox/later.txt", "")
    log_has(place, "later.txt is empty")
    place.write("box/inbox/later.txt", "now")
    until(lambda: sizes(place), {"sign.txt": 1, "later.txt": 3})


def test_the_same_file_counts_once(place):
    child = serve(place)
    place.wait_for_file(place.store + ".sock")
    drop(place, "a.txt", "1")
    until(lambda: sizes(place), {"a.txt": 1})
    drop(place, "a.txt", "another")
    log_has(place, "a.txt stands in the queue box already (done); a file of the same name counts once")
    child.send_signal(signal.SIGTERM)
    equal(child.wait(10), 0)
    before = place.read("log").count("counts once")
    child = serve(place)
    drop(place, "b.txt", "22")
    until(lambda: sizes(place), {"a.txt": 1, "b.txt": 2})
    equal(place.read("log").count("counts once"), before, "what lies there at the start is no news")


def test_bad_files_are_reported(place):
    serve(place)
    place.wait_for_file(place.store + ".sock")
    drop(place, "good.txt", "1")
    until(lambda: sizes(place), {"good.txt": 1})
    with open(place.dir + "/box/huge", "w") as f:
        f.truncate(65 << 20)
    os.rename(place.dir + "/box/huge", place.dir + "/box/inbox/huge.txt")
    drop(place, "(finish)", "not matched")
    log_has(place, "case huge.txt is refused")
    with open(place.dir.encode() + b"/box/inbox/\xff\x1b[2J.txt", "w") as f:
        f.write("1")
    log_has(place, "case ??[2J.txt is refused: the name of a file is no text")
    drop(place, "good2.txt", "22")
    until(lambda: sizes(place), {"good.txt": 1, "good2.txt": 2})
    equal(os.path.exists(place.dir + "/box/inbox/huge.txt"), True, "it is left in place")


def test_the_folder_goes_and_comes(place):
    serve(place)
    place.wait_for_file(place.store + ".sock")
    drop(place, "a.txt", "1")
    until(lambda: sizes(place), {"a.txt": 1})
    shutil.rmtree(place.dir + "/box/inbox")
    log_has(place, "inbox is gone")
    log_has(place, "cannot be")
    os.mkdir(place.dir + "/box/inbox")
    drop(place, "b.txt", "22")
    until(lambda: sizes(place), {"a.txt": 1, "b.txt": 2})
    drop(place, "c.txt", "333")
    until(lambda: sizes(place), {"a.txt": 1, "b.txt": 2, "c.txt": 3})


def test_the_watcher_is_killed(place):
    child = serve(place)
    place.wait_for_file(place.store + ".sock")
    drop(place, "a.txt", "1")
    until(lambda: sizes(place), {"a.txt": 1})
    for pid in processes("intake", child.pid):
        os.kill(pid, signal.SIGKILL)
    drop(place, "b.txt", "22")
    until(lambda: sizes(place), {"a.txt": 1, "b.txt": 2})
    drop(place, "c.txt", "333")
    until(lambda: sizes(place), {"a.txt": 1, "b.txt": 2, "c.txt": 3})


def test_rows_are_added_to_a_file_of_cases(place):
    place.write("box/rows.csv", "no\nA\n")
    serve(place, ROWS)
    until(lambda: place.states("box"), {"A": "done"})
    place.write("box/next.csv", "no\nA\nB\n")
    os.rename(place.dir + "/box/next.csv", place.dir + "/box/rows.csv")
    until(lambda: place.states("box"), {"A": "done", "B": "done"})
    place.write("box/rows.csv", 'no\n"A')
    log_has(place, "case rows.csv is refused")
    place.write("box/rows.csv", "no\nA\nB\nC\n")
    until(lambda: place.states("box"), {"A": "done", "B": "done", "C": "done"})


def test_many_files_and_kills(place):
    """300 files while the watcher, the supervisor, or both are killed: each is there once, whole."""
    rng, child = random.Random(3), serve(place)
    for i in range(300):
        drop(place, "f%03d.txt" % i, "x" * (i + 1))
        if i % 60 == 30:
            victims = processes("intake", child.pid)
            if i % 120 == 30:
                victims = [child.pid]
            for pid in victims:
                os.kill(pid, signal.SIGKILL)
            if child.pid in victims:
                child.wait()
                child = serve(place)
        if rng.random() < 0.2:
            time.sleep(0.01)
    until(lambda: sizes(place), {"f%03d.txt" % i: i + 1 for i in range(300)}, 60)


def test_data_is_no_part_of_the_robot(place):
    """Neither many nor large files of the folder of cases, nor its table of results make another robot of it."""
    place.write("box/inbox/large.txt", "x" * (2 << 20))
    for i in range(520):
        place.write("box/inbox/f%03d.txt" % i, "x")
    robot = place.dir + "/box"
    place.write("box/robot.lua", (ROBOT % ', to = "out.csv"'))
    equal(place.run("run", robot).returncode, 0)
    equal(len(place.states("box")), 521)
    place.write("box/inbox/later.txt", "x")
    equal(place.run("run", robot).returncode, 0)
    equal(os.path.exists(robot + "/out.csv"), True)
    bundles = {place.json("queue", "show", "box", key)["bundle"] for key in ("f000.txt", "later.txt")}
    equal(len(bundles), 1, "one version")


def test_until_idle_reads_once(place):
    place.write("box/inbox/a.txt", "1")
    place.write("box/robot.lua", ROBOT % "")
    r = place.run("serve", "--until-idle", "--allow-root", place.dir + "/box")
    equal(r.returncode, 0, r.stderr)
    equal(sizes(place), {"a.txt": 1})
    equal(place.run("run", place.dir + "/box").returncode, 0)


def test_a_watched_period(place):
    """Its table is kept up to date while files may come; finish waits until its time is over."""
    child = serve(place, FINISH % "Pacific/Pago_Pago")
    place.wait_for_file(place.store + ".sock")
    for i, name in enumerate(("a.txt", "b.txt")):
        drop(place, name, "x")
        until(lambda: os.path.exists(place.dir + "/box/out.csv") and place.read("box/out.csv").count("\n"), i + 2)
    equal(place.json("queue", "list", "box", "--finish"), [])
    child.kill()
    child.wait()
    child = serve(place, FINISH % "Pacific/Kiritimati")  # where it is the next day already
    until(lambda: [f["state"] for f in place.json("queue", "list", "box", "--finish")], ["done"])
    (finish,) = place.json("queue", "list", "box", "--finish")
    equal(finish["result"]["done"], 2)
    until(lambda: len(place.json("queue", "list", "box")), 4)  # the new day's: the files lie there still


def test_finish_that_cannot_come(place):
    serve(place, (ROBOT % "") + "function finish(batch) end\n")
    log_has(place, "finish(batch) does not run while its folder is watched")


if __name__ == "__main__":
    main([v for k, v in sorted(globals().items()) if k.startswith("test_")])
