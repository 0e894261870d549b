"""Breakers: a robot whose service does not answer is held, with the reason, and tried again by itself; others go on."""
import http.server
import threading

from flow import contains, equal, main, time

ASKS = """robot { about = "Asks a service", cases = { key = "no" }, retry = { times = 9, wait = "1s" }, case = { no = text } }
function run(case)
  http.get("%s/" .. case.no)
  return { asked = true }
end
"""
OTHER = 'robot { about = "Needs nobody", cases = { key = "no" }, case = { no = text } }\nfunction run(case) return { no = case.no } end\n'
CONF = {"DESKHAND_BREAKER_FAILURES": "3", "DESKHAND_BREAKER_PAUSE": "2s"}
LONG = {**CONF, "DESKHAND_BREAKER_PAUSE": "1h"}


class Service:
    """Answers 503 while it is down, or to the paths in `bad`; counts what it was asked."""

    def __init__(self):
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                with service.lock:
                    service.asked += 1
                    fails = service.down or self.path.strip("/") in service.bad
                self.send_response(503 if fails else 200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        self.down, self.bad, self.asked, self.lock = True, set(), 0, threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def until(what, seconds=60):
    """Polls a command: what another process does to the store wakes nobody here."""
    end = time.monotonic() + seconds
    while True:
        seen = what()
        if seen:
            return seen
        if time.monotonic() > end:
            raise AssertionError("still %r after %d s" % (seen, seconds))
        time.sleep(0.1)


def held(place):
    text = place.run("queue", "list", "asks").stderr
    return text if "paused" in text else ""


def begin(place, service, n, env):
    asks, other = place.write("asks.lua", ASKS % service.url), place.write("other.lua", OTHER)
    child = place.serve(asks, other, env=env)
    place.run("queue", "add", asks, place.write("a.csv", "no\n" + "".join("A-%d\n" % i for i in range(n))))
    return child, asks, other


def end(child):
    child.terminate()
    child.wait(20)


def test_held_and_tried_again_by_itself(place):
    service = Service()
    child, _, other = begin(place, service, 8, CONF)
    text = until(lambda: held(place))
    contains(text, "by deskhand (")
    contains(text, "cases in a row failed")
    contains(text, "503")
    contains(place.run("queue", "show", "asks", "A-0").stderr, "cases in a row failed")
    contains(place.run("doctor").stdout, "cases in a row failed")
    contains(place.read("log"), "a person should look")
    place.run("queue", "add", other, place.write("o.csv", "no\nO-1\n"))
    until(lambda: place.states("other") == {"O-1": "done"})
    service.down = False
    until(lambda: set(place.states("asks").values()) == {"done"})
    equal(held(place), "")
    contains(place.read("log"), "one case is tried")
    end(child)
    service.close()


def test_a_trial_is_one_case(place):
    """As long as nothing answers, a pause brings one question more, whatever waits."""
    service = Service()
    child, _, _ = begin(place, service, 20, CONF)
    until(lambda: held(place))
    until(lambda: all(s != "leased" for s in place.states("asks").values()))
    before = service.asked
    until(lambda: place.read("log").count("a person should look") >= 3)
    tries = place.read("log").count("one case is tried")
    equal(service.asked - before <= tries, True, "%d questions in %d trials" % (service.asked - before, tries))
    end(child)
    service.close()


def test_resumed_by_a_person(place):
    service = Service()
    child, _, _ = begin(place, service, 8, LONG)
    until(lambda: held(place))
    service.down = False
    equal(place.run("queue", "resume", "asks").returncode, 0)
    until(lambda: set(place.states("asks").values()) == {"done"})
    end(child)
    service.close()


def test_a_persons_pause_does_not_end_by_itself(place):
    service = Service()
    child, _, _ = begin(place, service, 8, CONF)
    until(lambda: held(place))
    equal(place.run("queue", "pause", "asks").returncode, 0)
    equal("deskhand (" in held(place), False, held(place))
    until(lambda: "leased" not in place.states("asks").values())
    asked, service.down = service.asked, False
    time.sleep(4)  # twice the pause: nothing must happen
    equal(service.asked, asked)
    contains(held(place), "is paused")
    end(child)
    service.close()


def test_one_bad_case_holds_nobody(place):
    service = Service()
    service.down, service.bad = False, {"A-0"}
    child, asks, _ = begin(place, service, 1, CONF)
    until(lambda: place.json("queue", "show", "asks", "A-0")["attempts"] >= 4)
    equal(held(place), "")
    place.run("queue", "add", asks, place.write("b.csv", "no\nB-1\n"))
    until(lambda: place.states("asks")["B-1"] == "done")
    end(child)
    service.close()


def test_held_over_a_restart(place):
    service = Service()
    child, asks, _ = begin(place, service, 8, CONF)
    until(lambda: held(place))
    child.kill()
    child.wait()
    service.down = False
    child = place.serve(asks, env=CONF)
    until(lambda: set(place.states("asks").values()) == {"done"})
    end(child)
    service.close()


if __name__ == "__main__":
    main([v for k, v in list(globals().items()) if k.startswith("test_")])
