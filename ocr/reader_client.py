"""Speaks to a reader process as the host does: frames over a socket pair, CBOR, descriptors. For tests and benches.

Owns one child and its socket. The command is `deskhand reader` unless DESKHAND says otherwise.
"""

import array
import mmap
import os
import socket
import struct
import subprocess

MAGIC, REPLY = 0x44484631, 1
HEADER = struct.Struct("<5I")  # magic, id, flags, length of the data, 1 if the data lies in the first descriptor
ERROR_TAG = 48004


def encode(value):
    """Plain data as CBOR."""
    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, (list, tuple)):
        return _head(4, len(value)) + b"".join(encode(item) for item in value)
    return _head(5, len(value)) + b"".join(encode(k) + encode(value[k]) for k in sorted(value))


def _head(major, number):
    for code, form, least in ((27, ">Q", 1 << 32), (26, ">I", 1 << 16), (25, ">H", 1 << 8), (24, ">B", 24)):
        if number >= least:
            return bytes([major << 5 | code]) + struct.pack(form, number)
    return bytes([major << 5 | number])


def decode(data):
    """CBOR as plain data; a tagged error becomes a dict with "error": True."""
    value, end = _decode(data, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes too many")
    return value


def _decode(data, at):
    first = data[at]
    major, info = first >> 5, first & 31
    at += 1
    if major == 7:
        if info == 27:
            return struct.unpack_from(">d", data, at)[0], at + 8
        return {20: False, 21: True, 22: None}[info], at
    number = info
    if info >= 24:
        size = 1 << info - 24
        number = int.from_bytes(data[at : at + size], "big")
        at += size
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        raw = data[at : at + number]
        return (raw.decode() if major == 3 else bytes(raw)), at + number
    if major == 6:
        value, at = _decode(data, at)
        return (dict(value, error=True) if number == ERROR_TAG else value), at
    items = []
    for _ in range(number * (2 if major == 5 else 1)):
        item, at = _decode(data, at)
        items.append(item)
    return (items, at) if major == 4 else (dict(zip(items[::2], items[1::2])), at)


def sealed(data, seal=True):
    """A memory file with these bytes."""
    import fcntl

    fd = os.memfd_create("picture", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    os.write(fd, data) if len(data) < 1 << 20 else _write_all(fd, data)
    if seal:
        fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4 | 0x8)  # F_ADD_SEALS: seal, shrink, grow, write
    return fd


def _write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class Gone(Exception):
    """The reader ended."""


class Reader:
    """One child process. `with Reader("eng") as reader: reader.read(png_bytes, langs="eng")`"""

    def __init__(self, languages=""):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = os.environ.get("DESKHAND", "build/deskhand")
        environment = dict(os.environ, OMP_THREAD_LIMIT="1", LC_ALL="C.UTF-8", DESKHAND_READER_LANGUAGES=languages)
        fd = theirs.fileno()
        self.child = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$0" "$@" 3<&{fd}', command, "reader"], pass_fds=[fd], env=environment
        )
        theirs.close()
        self.socket = ours
        self.next_id = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        return self.child.wait(timeout=20)

    def send(self, request, descriptors=(), want=True):
        """Sends a question; gives its id."""
        self.next_id += 1
        number = self.next_id if want else 0
        data = encode(request)
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.socket.sendmsg([HEADER.pack(MAGIC, number, 0, len(data), 0), data], control)
        return number

    def receive(self, timeout=120):
        """The next answer: (id, value)."""
        self.socket.settimeout(timeout)
        try:
            data, control, _, _ = self.socket.recvmsg(1 << 17, socket.CMSG_SPACE(20), socket.MSG_CMSG_CLOEXEC)
        except ConnectionError as error:
            raise Gone(str(error)) from error
        if not data:
            raise Gone(f"the reader ended with {self.child.wait(timeout=20)}")
        _, number, _, length, spilled = HEADER.unpack_from(data)
        body = data[HEADER.size :]
        if spilled:
            fd = array.array("i", control[0][2][:4])[0]
            with mmap.mmap(fd, length, prot=mmap.PROT_READ) as pages:
                body = bytes(pages)
            os.close(fd)
        return number, decode(body)

    def ask(self, request, descriptors=(), timeout=120):
        number = self.send(request, descriptors)
        got, value = self.receive(timeout)
        assert got == number, (got, number)
        return value

    def read(self, picture, timeout=120, **request):
        """Reads a picture: bytes or a path."""
        fd = sealed(picture) if isinstance(picture, bytes) else os.open(picture, os.O_RDONLY)
        try:
            return self.ask(dict(request, op="read"), [fd], timeout)
        finally:
            os.close(fd)


def text_of(answer):
    """The words of an answer as lines."""
    lines = {}
    for word in answer["words"]:
        lines.setdefault((word["page"], word["line"]), []).append(word["text"])
    return "\n".join(" ".join(words) for words in lines.values())
