#!/usr/bin/env python3
"""An HTTP service on loopback that behaves as badly as it is asked to. Prints {"url", "port"}.

/endless     a chunked body without end
/sized       Content-Length of 100 GB, and so many bytes
/bomb        200 MB of zeros in a small gzip body
/drip        one byte a second, for ever
/silent      takes the request and says nothing
/headers     header lines without end
/longheader  one header line without end
/reset/K     the connection is reset after K bytes of a proper answer
/short       a body that ends before its Content-Length
/badgzip     says gzip and is none
/garbage     no HTTP at all
/empty       closes without a word
/xml/KIND    XML that attacks its reader: xxe, laughs, quadratic, dtd, deep
"""

import json
import socket
import socketserver
import struct
import threading
import time
import zlib

BODY = b'{"a": "' + b"x" * 1000 + b'"}'
PROPER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY


def xml(kind):
    if kind == "xxe":
        return b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    if kind == "dtd":
        return b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>'
    if kind == "deep":
        return b"<a>" * 100000
    if kind == "laughs":
        lines = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 15))
        return f'<!DOCTYPE a [<!ENTITY l0 "ha">{lines}]><a>&l14;</a>'.encode()
    return b'<!DOCTYPE a [<!ENTITY q "' + b"q" * 100000 + b'">]><a>' + b"&q;" * 100000 + b"</a>"


def bomb():
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [pack.compress(bytes(1 << 20)) for _ in range(200)]
    return b"".join(parts) + pack.flush()


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.request.recv(65536)
            if not more:
                return
            data += more
        name, *rest = data.split(b" ")[1].decode().strip("/").split("/")
        try:
            getattr(self, name)(*rest)
        except OSError:
            pass  # the client had enough

    def say(self, data):
        self.request.sendall(data)

    def head(self, *lines):
        self.say(b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n")

    def endless(self):
        self.head(b"Transfer-Encoding: chunked")
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        while True:
            self.say(piece)

    def sized(self):
        self.head(b"Content-Length: 100000000000")
        while True:
            self.say(b"x" * 65536)

    def bomb(self):
        body = bomb()
        self.head(b"Content-Encoding: gzip", b"Content-Length: %d" % len(body))
        self.say(body)

    def drip(self):
        self.head(b"Content-Length: 1000000")
        while True:
            self.say(b"x")
            time.sleep(1)

    def silent(self):
        self.request.recv(1)

    def headers(self):
        self.say(b"HTTP/1.1 200 OK\r\n")
        i = 0
        while True:
            self.say(b"".join(b"X-%d: %s\r\n" % (i + k, b"y" * 100) for k in range(100)))
            i += 100

    def longheader(self):
        self.say(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while True:
            self.say(b"y" * 65536)

    def reset(self, k):
        self.say(PROPER[:int(k)])
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def short(self):
        self.say(PROPER[:-10])

    def badgzip(self):
        self.head(b"Content-Encoding: gzip", b"Content-Length: 100")
        self.say(b"z" * 100)

    def garbage(self):
        self.say(b"220 mail.bank.example ESMTP\r\n" * 10)

    def empty(self):
        pass

    def xml(self, kind):
        body = xml(kind)
        self.head(b"Content-Type: application/xml", b"Content-Length: %d" % len(body))
        self.say(body)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}", "port": port}), flush=True)
    threading.Thread(target=server.serve_forever).start()
