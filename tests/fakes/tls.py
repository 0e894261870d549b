#!/usr/bin/env python3
"""HTTPS services on loopback, one well kept and the others each wrong in one way. Prints {"ca": PATH, NAME: URL, …}.

good        a certificate for 127.0.0.1 and localhost, signed by the CA
expired     ended a day ago            early       begins tomorrow
wrong_host  is for bank.example        selfsigned  is signed by itself
other_ca    is signed by a CA nobody knows
tls10       speaks TLS 1.0 only        truncated   goes away in the middle of the handshake
client      wants a client certificate ("client_cert": PATH, a PEM with its key)

The keys are made by the openssl command in a folder that is removed at the end.
"""

import atexit
import http.server
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import warnings

LOCAL = "IP:127.0.0.1,DNS:localhost"
DAY = "%Y%m%d%H%M%SZ"


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def key(folder, name):
    path = os.path.join(folder, name + ".key")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
    return path


def authority(folder, name):
    pem = os.path.join(folder, name + ".pem")
    openssl("req", "-x509", "-new", "-key", key(folder, name), "-days", "30", "-subj", "/CN=" + name, "-out", pem,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
    return pem


def certificate(folder, name, ca, names, begin=0, end=10):
    """A chain with its key in one PEM; begin and end in days from now."""
    request, config, pem = (os.path.join(folder, name + ext) for ext in (".csr", ".cnf", ".pem"))
    openssl("req", "-new", "-key", key(folder, name), "-subj", "/CN=" + name, "-out", request)
    open(os.path.join(folder, name + ".index"), "w").close()
    with open(config, "w", encoding="ascii") as f:
        f.write(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/{name}.index\nnew_certs_dir={folder}\nrand_serial=yes\n"
                f"default_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n"
                f"[x]\nsubjectAltName={names}\nbasicConstraints=CA:FALSE\n")
    signer = ["-selfsign", "-keyfile", f"{folder}/{name}.key"] if ca is None else \
        ["-cert", ca, "-keyfile", ca.replace(".pem", ".key")]
    openssl("ca", "-batch", "-notext", "-config", config, "-in", request, "-out", pem, *signer,
            "-startdate", days_from_now(begin), "-enddate", days_from_now(end))
    with open(pem, "a", encoding="ascii") as out, open(f"{folder}/{name}.key", encoding="ascii") as k:
        out.write(k.read())
    return pem


def days_from_now(days):
    import datetime
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime(DAY)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            body = b""
        else:
            self.send_response(200)
            body = b'{"secure": true}'
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # refusing a certificate is what the clients are here for


def serve(pem, change=lambda context: None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    change(context)
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://127.0.0.1:{server.server_address[1]}"


def only_tls10(context):
    warnings.simplefilter("ignore", DeprecationWarning)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1


def serve_truncated():
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        while True:
            client, _ = listener.accept()
            client.recv(4096)
            client.sendall(b"\x16\x03\x03\x00\x7a\x02")  # the beginning of a ServerHello
            client.close()

    threading.Thread(target=run, daemon=True).start()
    return f"https://127.0.0.1:{listener.getsockname()[1]}"


def main():
    folder = tempfile.mkdtemp(prefix="deskhand-tls-")
    atexit.register(shutil.rmtree, folder, True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ca, other = authority(folder, "ca"), authority(folder, "other")
    good = certificate(folder, "good", ca, LOCAL)

    def wants_client(context):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(ca)

    print(json.dumps({
        "ca": ca,
        "good": serve(good),
        "expired": serve(certificate(folder, "expired", ca, LOCAL, -10, -1)),
        "early": serve(certificate(folder, "early", ca, LOCAL, 1, 10)),
        "wrong_host": serve(certificate(folder, "wrong_host", ca, "DNS:bank.example")),
        "selfsigned": serve(certificate(folder, "selfsigned", None, LOCAL)),
        "other_ca": serve(certificate(folder, "other_ca", other, LOCAL)),
        "tls10": serve(good, only_tls10),
        "truncated": serve_truncated(),
        "client": serve(good, wants_client),
        "client_cert": certificate(folder, "client_cert", ca, "DNS:robot"),
    }), flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
