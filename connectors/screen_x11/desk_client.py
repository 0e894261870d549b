"""A desk seen from the other end of its socket: frames, CBOR, and calls, for the tests."""
import array
import fcntl
import itertools
import mmap
import os
import socket
import struct
import subprocess

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PROGRAM = os.environ.get("DESKHAND", os.path.join(ROOT, "build", "deskhand"))
MAGIC = 0x44484631
TAG_ERROR = 48004
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def _head(major, n):
    if n < 24:
        return bytes([major << 5 | n])
    for code, size, form in ((24, 1, ">B"), (25, 2, ">H"), (26, 4, ">I"), (27, 8, ">Q")):
        if n < 1 << 8 * size:
            return bytes([major << 5 | code]) + struct.pack(form, n)
    raise ValueError(n)


def encode(v):
    if v is None or isinstance(v, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[v]
    if isinstance(v, int):
        return _head(0, v) if v >= 0 else _head(1, -1 - v)
    if isinstance(v, str):
        return _head(3, len(v.encode())) + v.encode()
    if isinstance(v, (list, tuple)):
        return _head(4, len(v)) + b"".join(map(encode, v))
    return _head(5, len(v)) + b"".join(encode(k) + encode(v[k]) for k in sorted(v))


class Tagged:
    def __init__(self, tag, value):
        self.tag, self.value = tag, value


def _decode(b, at):
    major, low = b[at] >> 5, b[at] & 31
    at += 1
    if major == 7:
        if low == 27:
            return struct.unpack_from(">d", b, at)[0], at + 8
        return {20: False, 21: True, 22: None}[low], at
    n = low
    if low >= 24:
        size = 1 << (low - 24)
        n = int.from_bytes(b[at:at + size], "big")
        at += size
    if major in (0, 1):
        return (n if major == 0 else -1 - n), at
    if major in (2, 3):
        raw = b[at:at + n]
        return (raw.decode() if major == 3 else raw), at + n
    if major == 6:
        value, at = _decode(b, at)
        return Tagged(n, value), at
    out = []
    for _ in range(n if major == 4 else 2 * n):
        value, at = _decode(b, at)
        out.append(value)
    return (out if major == 4 else dict(zip(out[::2], out[1::2]))), at


def decode(b):
    return _decode(b, 0)[0]


def sealed(data):
    fd = os.memfd_create("request", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS | fcntl.F_SEAL_WRITE)
    return fd


class Failure(Exception):
    def __init__(self, error, files):
        super().__init__(f"{error['code']}: {error['text']}  seen: {error.get('seen')}  do: {error.get('advice')}")
        self.code, self.text, self.seen = error["code"], error["text"], error.get("seen") or ""
        self.advice, self.files = error.get("advice") or "", files


class Desk:
    def __init__(self, *options, env=None):
        self.ids = itertools.count(1)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket = ours

        def in_child():
            os.dup2(theirs.fileno(), 3)

        command = PROGRAM.split() + ["desk"] if " " not in PROGRAM else PROGRAM.split()
        self.process = subprocess.Popen(command + list(options), preexec_fn=in_child, close_fds=False, env=env)
        theirs.close()
        self.ready = self.receive()[1]

    def receive(self):
        room = socket.CMSG_SPACE(5 * 4)
        data, extra, _, _ = self.socket.recvmsg(1 << 20, room)
        if not data:
            raise EOFError("the desk is gone")
        magic, number, flags, length, spilled = struct.unpack_from("=IIIII", data)
        assert magic == MAGIC
        fds = array.array("i")
        for level, kind, part in extra:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(part[:len(part) - len(part) % 4])
        fds = list(fds)
        body = self.file(fds.pop(0)) if spilled else data[20:20 + length]
        files = [self.file(fd) for fd in fds]
        return number, decode(body), files

    @staticmethod
    def file(fd):
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        assert seals & SEALS == SEALS, "a descriptor that its sender can still change"
        try:
            with mmap.mmap(fd, 0, prot=mmap.PROT_READ) as m:
                return m[:]
        finally:
            os.close(fd)

    def send(self, message, number=0, fds=()):
        body = encode(message)
        packet = struct.pack("=IIIII", MAGIC, number, 0, len(body), 0) + body
        extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([packet], extra)

    def ask(self, op, fds=(), **arguments):
        number = next(self.ids)
        self.send({"op": op, **arguments}, number, fds)
        return number

    def answer(self, number):
        got, value, files = self.receive()
        assert got == number, (got, number)
        if isinstance(value, Tagged) and value.tag == TAG_ERROR:
            raise Failure(value.value, files)
        return value, files

    def call_off(self, number):
        """Cancels a request. What it answered; None when it had not begun: then it is not answered at all."""
        self.send({"cancel": number})
        later = self.ask("windows")
        answered, value, _ = self.receive()
        if answered == later:
            return None
        assert answered == number, (answered, number)
        self.answer(later)
        return value

    def call(self, op, fds=(), **arguments):
        value, self.files = self.answer(self.ask(op, fds, **arguments))
        return value

    def close(self):
        self.socket.close()
        return self.process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.close()
