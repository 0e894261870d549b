"""postgres - a private PostgreSQL in a folder of its own, and a proxy before it that cuts connections. What it starts, it ends.
usage: postgres.py COMMAND…   runs a command with DH_TEST_STORE=postgresql://…: the unit tests of the store do their work there"""
import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading


def programs():
    """Folder of the newest server programs of this machine."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=lambda p: int(p.split("/")[4]))
    path = os.path.dirname(found[-1]) if found else os.path.dirname(shutil.which("initdb") or "")
    if not path:
        raise RuntimeError("no PostgreSQL server is here: apt install postgresql")
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Postgres:
    """A server on a socket in its folder and on a port of this machine; as root it runs as `nobody`, who it insists on."""

    def __init__(self, durable=False):
        self.bin = programs()
        self.dir = tempfile.mkdtemp(prefix="dh-pg-")
        self.port = free_port()
        self.data = self.dir + "/data"
        self.run = ["runuser", "-u", "nobody", "--"] if os.geteuid() == 0 else []
        if self.run:
            shutil.chown(self.dir, "nobody")
        self.call("initdb", "-D", self.data, "-U", "deskhand", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        with open(self.data + "/postgresql.conf", "a", encoding="utf-8") as f:
            f.write("unix_socket_directories = '%s'\nlisten_addresses = '127.0.0.1'\nport = %d\nshared_buffers = 64MB\n"
                    "max_connections = 60\nfsync = %s\nlog_min_messages = fatal\n"
                    % (self.dir, self.port, "on" if durable else "off"))
        self.up = False
        self.start()

    def call(self, name, *args, check=True):
        return subprocess.run([*self.run, "%s/%s" % (self.bin, name), *args], check=check, cwd=self.dir,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def start(self):
        self.call("pg_ctl", "-D", self.data, "-l", self.dir + "/log", "-w", "-t", "60", "start")
        self.up = True

    def stop(self, mode="immediate"):
        self.up = False
        self.call("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop", check=False)

    def url(self, schema="deskhand", port=None):
        """Over the socket; port: over TCP, through a proxy there."""
        if port:
            return "postgresql://deskhand@127.0.0.1:%d/postgres?schema=%s" % (port, schema)
        return "postgresql://deskhand@/postgres?host=%s&port=%d&schema=%s" % (self.dir, self.port, schema)

    def sql(self, text):
        """Rows as lists of texts."""
        r = subprocess.run([self.bin + "/psql", "-XAtq", "-F", "\t", "-U", "deskhand", "-h", self.dir, "-p", str(self.port),
                            "-v", "ON_ERROR_STOP=1", "-c", text, "postgres"], check=True, capture_output=True, text=True)
        return [line.split("\t") for line in r.stdout.splitlines()]

    def close(self):
        if self.up:
            self.stop("immediate")
        shutil.rmtree(self.dir, ignore_errors=True)


class Proxy:
    """Between Deskhand and the server. cut_commits: how many replies to a COMMIT are lost from now on, with the connection."""

    def __init__(self, server):
        self.server = server
        self.cut_commits = 0
        self.cuts = 0
        self.open = threading.Event()
        self.open.set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.open.wait()
            try:
                server = socket.create_connection(("127.0.0.1", self.server.port))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.pump, args=(server, client, True), daemon=True).start()

    def hold(self, on):
        """Nothing goes through while it is held: a network that has lost its way."""
        if on:
            self.open.clear()
        else:
            self.open.set()

    def cut_now(self, data):
        """CommandComplete of a COMMIT: the server has done it, the client must not hear of it."""
        with self.lock:
            if self.cut_commits and b"C\0\0\0\x0bCOMMIT\0" in data:
                self.cut_commits -= 1
                self.cuts += 1
                return True
        return False

    def pump(self, source, sink, answers):
        try:
            while True:
                data = source.recv(65536)
                self.open.wait()
                if not data or (answers and self.cut_now(data)):
                    break
                sink.sendall(data)
        except OSError:
            pass
        for s in (source, sink):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def main():
    server = Postgres()
    try:
        env = {**os.environ, "DH_TEST_STORE": server.url(), "DH_TEST_PSQL": server.bin + "/psql"}
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())
