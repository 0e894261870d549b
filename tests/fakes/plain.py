#!/usr/bin/env python3
"""A well-behaved HTTP service on loopback, with the answers that tests ask for. Prints {"url", "host", "port"}.

/hello            {"hello": "world"}
/echo             what came in, as JSON: method, path, headers, body
/status/N         status N, a short text
/busy/NAME/N      503 to the first N requests of NAME, then 200 {"asked": how often}
/limit/NAME/N     429 with Retry-After: 1 to the first N requests, then 200
/late/SECONDS     answers after a while
/to?URL           302 to URL        /loop  302 to itself       /to307?URL, /to303?URL
/gzip             {"packed": true}, compressed
/cookie           Set-Cookie and two X-Twice headers
/number           190000.10 and a 23-digit integer in JSON
/notjson          says that it is JSON
/bytes/N          N bytes that are no text
/count/NAME       how often /busy, /limit or a POST to /effect/NAME was asked, as JSON
/effect/NAME      POST, PUT, DELETE: counted, the last Idempotency-Key kept
/check/secrets    were the secrets of connectors/http/test_http.lua sent? /check/form: the same as a form
/cut/NAME         POST: counted, then the connection is cut before the answer
"""

import collections
import gzip
import http.server
import json
import threading
import time
import urllib.parse

counts, keys = collections.Counter(), {}
lock = threading.Lock()


def count(name):
    with lock:
        counts[name] += 1
        return counts[name]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status=200, body=b"", kind="text/plain", headers=()):
        if not isinstance(body, bytes):
            body, kind = json.dumps(body).encode(), "application/json"
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        name, *rest = path.strip("/").split("/")
        serve = getattr(self, "serve_" + name, None)
        if serve is None:
            self.answer(404, b"no such path")
        else:
            serve(rest, urllib.parse.unquote(query), body)

    do_GET = do_POST = do_PUT = do_DELETE = serve

    def serve_hello(self, rest, query, body):
        self.answer(body={"hello": "world"})

    def serve_echo(self, rest, query, body):
        self.answer(body={"method": self.command, "path": self.path, "headers": dict(self.headers.items()),
                          "body": body.decode("utf-8", "replace")})

    def serve_status(self, rest, query, body):
        self.answer(int(rest[0]), b"as you wish\n")

    def serve_busy(self, rest, query, body):
        asked = count(rest[0])
        if asked <= int(rest[1]):
            self.answer(503, b"busy")
        else:
            self.answer(body={"asked": asked})

    def serve_limit(self, rest, query, body):
        asked = count(rest[0])
        if asked <= int(rest[1]):
            self.answer(429, b"slow down", headers=[("Retry-After", "1")])
        else:
            self.answer(body={"asked": asked})

    def serve_late(self, rest, query, body):
        time.sleep(float(rest[0]))
        self.answer(body={"late": rest[0]})

    def serve_to(self, rest, query, body, status=302):
        self.answer(status, headers=[("Location", query)])

    def serve_to307(self, rest, query, body):
        self.serve_to(rest, query, body, 307)

    def serve_to303(self, rest, query, body):
        self.serve_to(rest, query, body, 303)

    def serve_loop(self, rest, query, body):
        self.answer(302, headers=[("Location", "/loop")])

    def serve_gzip(self, rest, query, body):
        self.answer(200, gzip.compress(b'{"packed": true}'), "application/json", [("Content-Encoding", "gzip")])

    def serve_cookie(self, rest, query, body):
        self.answer(body={}, headers=[("Set-Cookie", "session=topsecret"), ("X-Twice", "a"), ("X-Twice", "b")])

    def serve_number(self, rest, query, body):
        self.answer(200, b'{"amount": 190000.10, "long": 12345678901234567890123}', "application/json")

    def serve_notjson(self, rest, query, body):
        self.answer(200, b'{"a": oops}', "application/json")

    def serve_bytes(self, rest, query, body):
        self.answer(200, bytes(i % 256 for i in range(int(rest[0]))), "application/octet-stream")

    def serve_count(self, rest, query, body):
        self.answer(body={"count": counts[rest[0]], "key": keys.get(rest[0], "")})

    def serve_effect(self, rest, query, body):
        keys[rest[0]] = self.headers.get("Idempotency-Key", "")
        self.answer(201, {"number": count(rest[0])})

    def serve_check(self, rest, query, body):
        token, quoted = "token-0815", 'a "quoted" & b'
        if rest[0] == "form":
            sent = urllib.parse.parse_qs(body.decode())
            self.answer(body={"form": sent == {"token": [token], "q": [quoted]}})
        else:
            self.answer(body={"json": json.loads(body) == {"token": token, "list": [1, quoted]},
                              "header": self.headers["Authorization"] == "Bearer " + token})

    def serve_cut(self, rest, query, body):
        count(rest[0])
        self.close_connection = True
        self.connection.close()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that went away is no news here


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}", "host": "127.0.0.1", "port": port}), flush=True)
    server.serve_forever()
