"""The desk: hands out the questions, counts them, and ends the machine when that is due.

It runs as root, holds its questions in memory and its journal in root's directory. The
user's client only asks; the desk decides. When the call comes that ends the machine, it runs
./shutdown.sh as the user, in the caller's directory and with the caller's environment.
"""

import asyncio
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import time

import files
from events import Watch
from journal import Journal

SOCKET = "/run/questiond/socket"
SCRIPT = "./shutdown.sh"
USER = 1000
REQUEST_BYTES_MAX = 256 << 10
CALLERS_MAX = 64
REQUEST_WAIT_S = 3
OUTPUT_BYTES_MAX = 4 << 10
SETTLE_S = 1.0


class Desk:
    """Counts calls; all of it under one lock, so that calls at once are calls in a row."""

    def __init__(self, order):
        self.replies = order["replies"]
        self.done = order["done"]
        self.notice_at = order["notice_at"]
        self.shutdown_at = order["shutdown_at"]
        self.script_wait_s = order["script_wait_s"]
        self.calls = 0
        self.callers = 0
        self.lock = asyncio.Lock()
        self.journal = Journal()
        self.watch = self.open_watch()

    def open_watch(self):
        try:
            return Watch()
        except OSError as error:
            self.journal.write("file_events_missing", why=str(error))
            return None

    def note_file_events(self):
        if self.watch is not None:
            for event, name in self.watch.drain():
                state = files.state(f"{files.HOME}/{name}" if name else files.HOME)
                self.journal.write_file_event(event=event, name=name or ".", state=state)

    async def answer(self, request, peer):
        async with self.lock:
            self.note_file_events()
            if peer["uid"] == 0:
                return self.answer_root(request)
            self.calls += 1
            call = self.calls
            if call > len(self.replies) + 1:
                return self.done  # said before, and written down once
            self.journal.write("asked", call=call, peer=peer)
            said = await self.shut_down(call, *wishes(request)) if call == self.shutdown_at else ""
            return said + self.serve(call)

    def answer_root(self, request):
        if request.get("due_now"):
            if self.calls >= self.shutdown_at:
                return "was due\n"
            self.calls = self.shutdown_at - 1
            self.journal.write("made_due")
        return "ready\n"

    def serve(self, call):
        if call > len(self.replies):
            self.journal.write("done", call=call)
            return self.done
        self.journal.write("served", call=call, notice=call == self.notice_at)
        return self.replies[call - 1]

    async def shut_down(self, call, directory, environment):
        """Runs the script; what it printed, where the machine is still there afterwards."""
        self.journal.write(
            "due",
            call=call,
            cwd=files.printable(directory)[:400],
            there=files.glance(directory),
            home=files.glance(),
        )
        said = ""
        try:
            with open(os.memfd_create("output"), "rb") as output:
                script = start_script(directory, environment, output.fileno())
                self.journal.write("executed", pid=script.pid)
                await self.wait_for(script)
                said = os.pread(output.fileno(), OUTPUT_BYTES_MAX, 0).decode("utf-8", "replace")
        except Exception as error:  # whatever the caller did to it, the journal says that it did not run
            name = errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)
            self.journal.write("not_executed", error=name)
        await asyncio.sleep(SETTLE_S)
        self.note_file_events()
        self.journal.write("outlived", call=call)
        return said if said.endswith("\n") or not said else said + "\n"

    async def wait_for(self, script):
        deadline = time.monotonic() + self.script_wait_s
        while script.poll() is None and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        self.journal.write("script_ended", status=script.returncode)

    async def handle(self, reader, writer):
        self.callers += 1
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            if peer["uid"] == 0 or self.callers <= CALLERS_MAX:
                await self.talk(reader, writer, peer)
        except (TimeoutError, OSError, ValueError, RecursionError):
            pass  # a caller that does not ask properly gets no answer
        finally:
            self.callers -= 1
            writer.close()

    async def talk(self, reader, writer, peer):
        request = json.loads(await asyncio.wait_for(reader.readline(), REQUEST_WAIT_S))
        if isinstance(request, dict):
            reply = await self.answer(request, peer)
            writer.write(reply.encode("utf-8", "replace"))
            await asyncio.wait_for(writer.drain(), REQUEST_WAIT_S)

    async def serve_forever(self, ready_fd):
        server = await asyncio.start_unix_server(self.handle, SOCKET, limit=REQUEST_BYTES_MAX)
        os.chmod(SOCKET, 0o666)
        if self.watch is not None:
            asyncio.get_running_loop().add_reader(self.watch.fd, self.note_file_events)
        self.journal.write("opened")
        os.write(ready_fd, b"1")
        os.close(ready_fd)
        async with server:
            await server.serve_forever()


def wishes(request):
    """The caller's directory and environment, as far as they are such: a path, and names with values."""
    directory, environment = request.get("cwd"), request.get("env")
    if not isinstance(directory, str) or not directory.startswith("/") or not encodable(directory):
        directory = "/"
    if not isinstance(environment, dict):
        environment = {}
    return directory, {k: v for k, v in environment.items() if encodable(k) and encodable(v) and "=" not in k}


def encodable(text):
    """Whether the kernel takes it as a string."""
    try:
        return b"\0" not in os.fsencode(text)
    except (TypeError, UnicodeError):
        return False


def start_script(directory, environment, output):
    how = dict(
        cwd=directory,
        env=environment,
        user=USER,
        group=USER,
        extra_groups=[],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        return subprocess.Popen([SCRIPT], **how)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # a script without an interpreter line: what a shell does with one
        return subprocess.Popen(["/bin/sh", SCRIPT], **how)


def peer_of(connection):
    """Who asks, from the kernel; the command line is the caller's own word."""
    pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read(400).rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "backslashreplace")
    except OSError:
        words = ""
    return {"uid": uid, "pid": pid, "command_line": words}


def start(order):
    """Starts the desk in a process of its own and returns when it answers."""
    bring_up_files()
    ready, ready_fd = os.pipe()
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.close(ready)
        asyncio.run(Desk(order).serve_forever(ready_fd))
        os._exit(1)
    os.close(ready_fd)
    return {"ready": os.read(ready, 1) == b"1", "tree": files.tree(), "contents": files.contents()}


def bring_up_files():
    """Has the key files opened for writing once, as the user.

    On a layered filesystem that makes the copy which otherwise the first such opening would
    make, and a file that nobody had changed would show a new ctime.
    """
    opened = "; ".join(f": >> {name}" for name in files.KEY_NAMES)
    subprocess.run(["/bin/sh", "-c", opened], cwd=files.HOME, user=USER, group=USER, extra_groups=[], check=True)


def ask(request, wait_s=5):
    """Asks the desk as root; False where it does not answer."""
    try:
        with socket.socket(socket.AF_UNIX) as desk:
            desk.settimeout(wait_s)
            desk.connect(SOCKET)
            desk.sendall(json.dumps(request).encode() + b"\n")
            return desk.recv(16).startswith(b"ready")
    except OSError:
        return False
