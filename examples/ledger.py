#!/usr/bin/env python3
"""A small ledger on this machine, for the examples. Prints its address, keeps everything in memory, ends with Ctrl-C.

GET /loans/NO      {"balance": …} or 404          GET /rate          {"rate": 3.9}
GET /payments/NO   the payment or 404             POST /payments/    {"no": …, "amount": …}: enters it
usage: ledger.py [PORT]
"""
import http.server
import json
import sys
import threading

LOANS = {"L-1": "1250.00 EUR", "L-2": "0.00 EUR", "L-3": "88000.50 EUR"}


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
        kind, _, number = self.path.strip("/").partition("/")
        if kind == "rate":
            return self.answer(200, {"rate": 3.9})
        if kind == "loans" and number in LOANS:
            return self.answer(200, {"no": number, "balance": LOANS[number]})
        entered = self.server.payments.get(number) if kind == "payments" else None
        return self.answer(200, entered[0]) if entered else self.answer(404, {"error": "not known"})

    def do_POST(self):
        payment = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.payments.setdefault(payment["no"], []).append(payment)
        self.answer(201, payment)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # as many robots may come at once


def open_ledger(port=0):
    """A ledger that is not served yet: its address, and payments as {number: every entry that came in}."""
    server = Server(("127.0.0.1", port), Handler)
    server.payments = {}
    server.lock = threading.Lock()
    server.url = "http://127.0.0.1:%d" % server.server_address[1]
    return server


if __name__ == "__main__":
    ledger = open_ledger(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(ledger.url, flush=True)
    try:
        ledger.serve_forever()
    except KeyboardInterrupt:
        pass
