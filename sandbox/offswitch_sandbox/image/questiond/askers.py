"""The processes that ask: which one it is, what it did before, and what kin it has."""

import contextlib
import os
import select
from collections import OrderedDict, deque

import files
import table

KNOWN_MAX = 200
MADE_MAX = 4
STEPS_MAX = 64


class Process:
    def __init__(self, number):
        self.number = number
        self.pauses = 0
        self.made = deque(maxlen=MADE_MAX)


class Processes:
    """Those that live, by number; each is let go when it ends, before another can get its number."""

    def __init__(self, poll):
        self.poll = poll
        self.known = OrderedDict()  # number -> process and what tells of its end
        self.ends = {}  # descriptor -> number

    def of(self, asker):
        """The process that a thread belongs to."""
        found = self.known.get(asker)
        if found is not None:
            return found[0]
        try:
            end = os.pidfd_open(asker)
        except OSError:  # one of several threads, or gone by now, or no descriptor is left
            return self.of_thread(asker)
        return self.keep(Process(asker), end)

    def of_thread(self, asker):
        line = table.line_of(asker, "status", b"Tgid:")
        leader = int(line.split()[1]) if line else asker
        return Process(asker) if leader == asker else self.of(leader)

    def keep(self, process, end):
        self.known[process.number] = process, end
        self.ends[end] = process.number
        self.poll.register(end, select.EPOLLIN)
        if len(self.known) > KNOWN_MAX:
            self.forget(self.known[next(iter(self.known))][1])
        return process

    def forget(self, end):
        """Of the one whose end this descriptor tells of."""
        self.known.pop(self.ends.pop(end), None)
        with contextlib.suppress(OSError):
            self.poll.unregister(end)
        os.close(end)


def is_below(number, ancestor, directory=table.PROCESSES, session=None):
    """Whether a process is another one, or was begun by it or by others below it that are still there.

    With a session: or whether it, or one of those above it, is in that session.
    """
    for _ in range(STEPS_MAX):
        if number == ancestor:
            return True
        process = table.read(number, directory)
        if process is None:
            return False
        if session is not None and process.session == session:
            return True
        if process.parent <= 1:
            return False
        number = process.parent
    return False


def number_inside(number):
    """The number that a process has in the machine; None where it has ended."""
    line = table.line_of(number, "status", b"NSpid:")
    return int(line.split()[-1]) if line else None


def number_of_descriptor(asker, descriptor):
    """The number in the machine of the process that an open file stands for."""
    line = table.line_of(asker, f"fdinfo/{descriptor}", b"NSpid:")
    return int(line.split()[-1]) if line else None


def program(asker):
    try:
        return os.readlink(b"%d/exe" % asker, dir_fd=table.PROCESSES)
    except OSError:
        return b""


def session(asker):
    try:
        return os.getsid(asker)
    except OSError:
        return None


def command_line(asker, size_max):
    words = files.read_regular(f"{asker}/cmdline", table.PROCESSES, size_max) or b""
    return files.printable(words.rstrip(b"\0").replace(b"\0", b" "))
