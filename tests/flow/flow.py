"""flow - what the flow tests share: a store of its own, the built program, a ledger that counts effects from outside."""
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DESKHAND = os.environ.get("DESKHAND", os.path.join(ROOT, "build", "deskhand"))


class Server(http.server.ThreadingHTTPServer):
    """Takes many connections at once: with the five that may wait otherwise, the kernel lets the next ones time out."""
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # whoever asked was killed: that is the test
            traceback.print_exc()


class Ledger:
    """A service that keeps entries: PUT-like POST /entries {key}, GET /entries/KEY. It counts what really came in;
    delay_s makes an entry slow, so that a kill falls between request and answer."""

    def __init__(self, delay_s=0.0):
        ledger = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                with ledger.lock:
                    entries = ledger.entries.get(self.path.rsplit("/", 1)[-1], [])
                self.answer(200 if entries else 404, entries[0] if entries else {})

            def do_POST(self):
                value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with ledger.lock:
                    ledger.entries.setdefault(value["key"], []).append(value)
                time.sleep(ledger.delay_s)  # the entry stands; its answer is late
                try:
                    self.answer(201, value)
                except OSError:
                    pass

        self.delay_s = delay_s
        self.entries = {}
        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def counts(self):
        with self.lock:
            return {key: len(v) for key, v in self.entries.items()}

    def wait_for(self, n, seconds=30):
        """Until n entries stand."""
        end = time.monotonic() + seconds
        while len(self.counts()) < n:
            if time.monotonic() > end:
                raise AssertionError("only %d of %d entries after %d s" % (len(self.counts()), n, seconds))
            time.sleep(0.01)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Place:
    """A folder with its own home, configuration and store. What it starts, it ends."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="deskhand-flow-")
        self.store = os.path.join(self.dir, "store.db")
        self.children = []
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("DESKHAND", "XDG_"))}
        self.env.update(HOME=self.dir, XDG_CONFIG_HOME=self.dir + "/config", XDG_RUNTIME_DIR=self.dir,
                        DESKHAND_STORE="sqlite:" + self.store, DESKHAND_HOSTS_LOOPBACK="yes")

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def read(self, name):
        with open(os.path.join(self.dir, name), encoding="utf-8") as f:
            return f.read()

    def run(self, *args, stdin="", timeout=120, env=None):
        return subprocess.run([DESKHAND, *args], input=stdin, capture_output=True, text=True, timeout=timeout, cwd=self.dir,
                              env={**self.env, **(env or {})}, check=False)

    def json(self, *args, **more):
        return json.loads(self.run(*args, "--json", **more).stdout)

    def start(self, *args, env=None):
        log = open(os.path.join(self.dir, "log"), "a", encoding="utf-8")
        child = subprocess.Popen([DESKHAND, *args], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir,
                                 env={**self.env, **(env or {})})
        log.close()
        self.children.append(child)
        return child

    def serve(self, *args, env=None):
        return self.start("serve", "--allow-root", *args, env=env)

    def wait_for_file(self, path, seconds=20):
        end = time.monotonic() + seconds
        while not os.path.exists(path):
            if time.monotonic() > end:
                raise AssertionError("no %s after %d s; log: %s" % (path, seconds, self.read("log")[-2000:]))
            time.sleep(0.01)

    def states(self, robot):
        return {c["key"]: c["state"] for c in self.json("queue", "list", robot)}

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def processes(role, parent=None):
    """Pids of our processes with this role (second word of their command line) that descend from parent."""
    found, parents = [], {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                parents[int(pid)] = int(f.read().rsplit(")", 1)[1].split()[1])
            with open("/proc/%s/cmdline" % pid) as f:
                words = f.read().split("\0")
        except OSError:
            continue
        if words and words[0] == "deskhand" and (words[1:2] == [role] or words[-2:-1] == [role]):
            found.append(int(pid))

    def below(pid):
        while pid and pid != parent:
            pid = parents.get(pid, 0)
        return pid == parent

    return [p for p in found if parent is None or below(p)]


def gone(pid, seconds=10):
    """True once the process has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            with open("/proc/%d/stat" % pid) as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def equal(seen, wanted, what=""):
    if seen != wanted:
        raise AssertionError("%s\n  wanted: %r\n  seen:   %r" % (what, wanted, seen))


def contains(text, part):
    if part not in text:
        raise AssertionError("%r is not in:\n%s" % (part, text))


def main(tests):
    passed = failed = 0
    only = sys.argv[1:]
    for test in tests:
        if only and test.__name__ not in only:
            continue
        place = Place()
        begun = time.monotonic()
        try:
            test(place)
            passed += 1
            print("ok   %s (%.1f s)" % (test.__name__, time.monotonic() - begun))
        except Exception:
            failed += 1
            print("FAIL %s" % test.__name__)
            traceback.print_exc(file=sys.stdout)
            if os.path.exists(place.dir + "/log"):
                print(place.read("log")[-3000:])
            if os.path.exists(place.store):
                print(place.run("review", "list", "--json").stdout[-3000:])  # what a person was asked says why
        finally:
            place.close()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(1 if failed else 0)


__all__ = ["DESKHAND", "ROOT", "Ledger", "Place", "contains", "equal", "gone", "json", "main", "os", "processes", "signal", "time"]
