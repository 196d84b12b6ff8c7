"""Programs that go on while whoever asked for them does other things: begun, asked what they say, ended."""

import codecs
import contextlib
import os
import signal
import subprocess
import threading
import time

import files
import programs
import session
import spawn
import table

SHELL = "/bin/sh"
WAIT_S = 10.0
"""for something to tell; whoever asks then asks again"""
HELD_BYTES_MAX = 4 << 20
"""of a stream, between two times of asking; of one that says more, the last"""
TOLD_BYTES_MAX = 16 << 20
"""of a stream as it comes; after that its last bytes alone, at the end: whoever asks may keep all that is told"""
GRACE_S = 5.0
"""to end in, once asked to"""
REST_S = 1.0
"""for what it has still said"""
LISTEN_WAIT_S, LISTEN_LOOK_S = 50.0, 0.02
LISTENS = b"0A"
"""in the kernel's table of connections"""
TABLE_BYTES_MAX = 1 << 16

jobs = {}  # number of the process -> its job


def begin(order):
    """order: command (a shell's words), and where wanted input (text), cwd, env, user, port. Its number.

    port: somebody listens there when this returns, if the program has not ended and takes no longer than that may take.
    """
    given = order.get("input")
    stdin = spawn.NOTHING if given is None else subprocess.PIPE
    process = programs.begin(order, [SHELL, "-c", order["command"]], stdin)
    job = jobs[process.pid] = Job(process)
    try:
        # In a thread of its own, because it has to be seen to when nobody asks too.
        spawn.threads.do(lambda: job.attend((given or "").encode()), stays=True)
    except OSError:
        session.end(process)
        raise
    if port := order.get("port"):
        until = time.monotonic() + LISTEN_WAIT_S
        while not (job.ended or listens(process.pid, port)) and time.monotonic() < until:
            time.sleep(LISTEN_LOOK_S)
    return {"pid": process.pid}


def listens(number, port):
    """Whether anybody listens at a port of the machine that a process is in."""
    tables = (files.read_regular(f"{number}/net/{name}", table.PROCESSES, TABLE_BYTES_MAX) for name in ("tcp", "tcp6"))
    lines = (line.split() for one in tables for line in (one or b"").splitlines())
    return any(line[1].endswith(b":%04X" % port) and line[3] == LISTENS for line in lines if len(line) > 3)


def ask(order):
    """order: pid, ack_seq (what is known). What it has said since, once there is something to tell or time is up."""
    told = jobs[order["pid"]].tell(order["ack_seq"], WAIT_S)
    if told["state"] != "running":
        jobs.pop(order["pid"], None)
    return told


def end(order):
    """order: pid, ack_seq. Ends it, and its session where it does not end by itself; the rest of what it said."""
    job = jobs[order["pid"]]
    job.end()
    told = job.tell(order["ack_seq"], REST_S, to_the_end=True)
    jobs.pop(order["pid"], None)
    return {field: told[field] for field in ("seq", "stdout", "stderr")}


class Job:
    """One program. What was told of it is told again until whoever asks says that it is known."""

    def __init__(self, process):
        self.process = process
        self.changed = threading.Condition()
        self.streams = Stream(self.changed), Stream(self.changed)
        self.ended = self.killed = False
        self.number, self.told = 0, []

    def attend(self, data):
        """Feeds it and reads what it says, until it ends."""
        pipes = self.process.stdout, self.process.stderr
        session.attend(self.process, dict(zip(pipes, self.streams, strict=True)), float("inf"), data)
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def tell(self, known, wait_s, to_the_end=False):
        """What it has said since what is known. It has ended for whoever asks when there is nothing more to tell."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended or (not to_the_end and self.has_said()), wait_s)
            over = self.ended and not self.has_said()
            texts = [stream.text(self.ended, to_the_end or over) for stream in self.streams]
            self.number += 1
            self.told = [told for told in (*self.told, (self.number, *texts)) if told[0] > known]
            out, err = ("".join(told[place] for told in self.told) for place in (1, 2))
        return {
            "state": ("killed" if self.killed else "completed") if over else "running",
            "exit_code": self.process.returncode if over else None,
            "seq": self.number,
            "stdout": out,
            "stderr": err,
        }

    def has_said(self):
        return any(stream.has_news(self.ended) for stream in self.streams)

    def end(self):
        """Asks it to end, and then ends it."""
        with self.changed:
            if self.ended:
                return
            self.killed = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            if not self.changed.wait_for(lambda: self.ended, GRACE_S):
                session.end(self.process)


class Stream:
    """What came through a pipe and nobody was told of yet."""

    def __init__(self, changed):
        self.changed, self.held, self.told = changed, bytearray(), 0
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def take(self, chunk):
        with self.changed:
            self.held += chunk
            del self.held[:-HELD_BYTES_MAX]
            self.changed.notify_all()

    def has_news(self, ended):
        return bool(self.held) and (ended or self.told < TOLD_BYTES_MAX)

    def text(self, ended, to_the_end):
        """Its news as text; half a character waits for its other half, unless this is the end."""
        told = bytes(self.held) if self.has_news(ended or to_the_end) else b""
        self.told += len(told)
        del self.held[: len(told)]
        return self.decoder.decode(told, to_the_end)
