#!/usr/bin/env python3
"""Registry and tax services on loopback that answer with recorded responses.

Owns one HTTPS server with the URLs and manners of GLEIF, UK Companies House and EU VIES, the throw-away certificates
it needs, and the faults a test asks for. It decides nothing about loans and never leaves this machine.
"""

import argparse
import http.server
import json
import os
import pathlib
import signal
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from faults import Faults, Wrong
from sources import Answer, CompaniesHouse, Gleif, Recordings, Vies, as_json

HERE = pathlib.Path(__file__).resolve().parent
MAX_BODY_BYTES = 64 * 1024
IDLE_SECONDS = 60


class Request:
    """What a service may look at."""

    def __init__(self, method, names, query, base, authorization, body):
        self.method, self.names, self.query, self.base = method, names, query, base
        self.authorization = authorization
        self.json = body
        self.vat = None
        if names[:1] == ["ms"] and len(names) == 4 and names[2] == "vat" and method == "GET":
            self.vat = (names[1], names[3])
        elif names == ["check-vat-number"] and method == "POST":
            self.vat = (str(body.get("countryCode", "")), str(body.get("vatNumber", "")))

    def path(self, service):
        """The name under which rules and counts know this request: both ways to ask VIES are one."""
        names = ["ms", self.vat[0], "vat", self.vat[1]] if self.vat else self.names
        return "/" + "/".join([service, *names])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "services"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def do_GET(self):
        self.serve()

    def do_POST(self):
        self.serve()

    def do_DELETE(self):
        self.serve()

    def serve(self):
        parts = urllib.parse.urlsplit(self.path)
        try:
            body = self.read_json()
            if parts.path == "/_control":
                return self.send(self.control(body))
            answer = self.ask(parts, body)
        except Wrong as wrong:
            answer = as_json(400, {"error": str(wrong)})
        if answer is None:
            self.close_connection = True
        else:
            self.send(answer)

    def read_json(self):
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise Wrong("send the body with a Content-Length")
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            raise Wrong(f"the body may have {MAX_BODY_BYTES} bytes; its Content-Length is {length}")
        raw = self.rfile.read(int(length))
        try:
            return json.loads(raw) if raw else {}
        except ValueError as error:
            raise Wrong(f"the body is not JSON: {error}") from None

    def control(self, body):
        faults = self.server.faults
        if self.command == "POST":
            faults.add(body)
        elif self.command == "DELETE":
            faults.forget()
        return as_json(200, faults.state())

    def ask(self, parts, body):
        """The answer to a request, or None to close the connection without one."""
        for prefix, (name, service) in self.server.services.items():
            if parts.path.startswith(prefix + "/"):
                break
        else:
            return as_json(404, {"error": f"nothing is here; try one of {', '.join(self.server.services)}"})
        names = [urllib.parse.unquote(part) for part in parts.path[len(prefix) :].split("/") if part]
        query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
        fields = body if isinstance(body, dict) else {}
        authorization = self.headers.get("Authorization")
        request = Request(self.command, names, query, self.server.origin + prefix, authorization, fields)
        rule = self.server.faults.meet(request.path(name))
        if rule:
            return self.fault(rule, service, request)
        over, left, ends = service.window.take() if service.window else (0, 0, 0)
        if over and self.server.enforce_limits:
            return service.limited(ends - time.time())
        answer = service.answer(request)
        limits = service.limits(left, ends) if service.window else {}
        return answer._replace(headers={**limits, **answer.headers})

    def fault(self, rule, service, request):
        mode, seconds = rule["mode"], rule.get("seconds", 2)
        if mode == "slow":
            self.server.stopping.wait(seconds)
            return service.answer(request)
        if mode == "hang":
            self.server.stopping.wait(rule.get("seconds", 3600))
            return None
        if mode == "close":
            return None
        if mode == "garbage":
            return Answer(200, b"<html><body>Scheduled maintenance</body></html>", "application/json", {})
        if isinstance(service, Vies):
            if mode == "limit":
                rule = {"error": "MS_MAX_CONCURRENT_REQ", **rule}
            return service.failed(rule, request)
        return service.limited(seconds) if mode == "limit" else service.failed(rule)

    def send(self, answer):
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format, *args):
        if self.server.verbose:
            print(f"services: {format % args}", file=sys.stderr, flush=True)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port, tls, services, faults, enforce_limits=False, verbose=False):
        super().__init__(("127.0.0.1", port), Handler)
        self.tls, self.services, self.faults = tls, services, faults
        self.enforce_limits, self.verbose = enforce_limits, verbose
        self.origin = f"https://127.0.0.1:{self.server_address[1]}"
        self.stopping = threading.Event()

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's thread: a client that never finishes it must not stop the others.
        request.settimeout(IDLE_SECONDS)
        with self.tls.wrap_socket(request, server_side=True) as secure:
            self.RequestHandlerClass(secure, client_address, self)

    def handle_error(self, request, client_address):
        error = sys.exc_info()[1]
        if self.verbose or not isinstance(error, OSError):
            print(
                f"services: {client_address[0]}:{client_address[1]}: {error!r}", file=sys.stderr, flush=True
            )


CERTIFICATES = """
[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
authorityKeyIdentifier = keyid
"""


def make_tls(folder):
    """Makes a CA that signs one server certificate; only ca.pem stays, the keys are gone when this returns."""
    with tempfile.TemporaryDirectory() as work:
        make_certificate(work, "ca", "Throw-away CA of examples/legacy/services", [])
        make_certificate(work, "server", "localhost", ["-CA", f"{work}/ca.pem", "-CAkey", f"{work}/ca.key"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(f"{work}/server.pem", f"{work}/server.key")
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "ca.pem"
        target.write_bytes(pathlib.Path(work, "ca.pem").read_bytes())
    return context, target


def make_certificate(work, section, name, signer):
    config = pathlib.Path(work, section + ".cnf")
    config.write_text(CERTIFICATES.format(name=name))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-config", str(config), "-extensions", section, "-days", "30"]
    command += ["-keyout", f"{work}/{section}.key", "-out", f"{work}/{section}.pem", *signer]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise Wrong("the openssl command is missing: apt install openssl") from None
    if done.returncode != 0:
        raise Wrong(f"openssl could not make the {section} certificate: {done.stderr.strip()}")


def options(arguments):
    parser = argparse.ArgumentParser(
        description="Registry and tax services on loopback, from recorded responses."
    )
    parser.add_argument("--dir", type=pathlib.Path, required=True, help="folder for ca.pem")
    parser.add_argument("--port", type=int, default=0, help="0 (default) takes a free one")
    parser.add_argument(
        "--data", type=pathlib.Path, action="append", default=[], help="more recordings, asked first"
    )
    parser.add_argument("--rules", type=pathlib.Path, help="JSON file with a list of fault rules")
    parser.add_argument("--ch-key", help="the one Companies House key that is right; without it any is")
    parser.add_argument(
        "--enforce-limits", action="store_true", help="refuse what is over the real rate limits"
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input ends")
    parser.add_argument("--verbose", action="store_true", help="a line for each request on standard error")
    return parser.parse_args(arguments)


def make_server(given):
    faults = Faults()
    if given.rules:
        try:
            faults.add(json.loads(given.rules.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise Wrong(f"cannot read the rules in {given.rules}: {error}") from None
    for folder in given.data:
        if not folder.is_dir():
            raise Wrong(f"--data {folder} is not a folder")
    recordings = Recordings([*given.data, HERE / "data"])
    services = {
        "/gleif/api/v1": ("gleif", Gleif(recordings)),
        "/ch": ("ch", CompaniesHouse(recordings, given.ch_key)),
        "/vies/rest-api": ("vies", Vies(recordings)),
    }
    tls, ca = make_tls(given.dir)
    return Server(given.port, tls, services, faults, given.enforce_limits, given.verbose), ca


def wait_for_stdin(stop):
    while os.read(0, 4096):
        pass
    stop.set()


def main(arguments=None):
    given = options(arguments)
    try:
        server, ca = make_server(given)
    except (Wrong, OSError) as error:
        print(f"services: {error}", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stopping.set())
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if given.until_stdin_closes:
        threading.Thread(target=wait_for_stdin, args=(server.stopping,), daemon=True).start()
    urls = {
        "gleif": "/gleif/api/v1",
        "companies_house": "/ch",
        "vies": "/vies/rest-api",
        "control": "/_control",
    }
    ready = {name: server.origin + path for name, path in urls.items()}
    print(json.dumps({**ready, "ca": str(ca)}), flush=True)
    server.stopping.wait()
    server.shutdown()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
