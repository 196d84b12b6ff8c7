"""The processes that ask: which one it is, what it did before, and what kin it has."""

import contextlib
import errno
import os
import select
from collections import OrderedDict, deque

import files
import table

PROCESSES_MAX = 300
"""more than a machine can have by its limit on them"""
MADE_MAX = 4
FORGOTTEN = "more processes than could be remembered"
NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class Process:
    def __init__(self, number):
        self.number = number
        self.pauses = 0
        self.made = deque(maxlen=MADE_MAX)


class Processes:
    """Those that live, by number; each is let go when it ends, before another can get its number.

    Calls miss(why) where one is let go that still lives: what it did before is then not known any more.
    """

    def __init__(self, waiting, miss):
        self.waiting, self.miss = waiting, miss
        self.known = OrderedDict()  # number -> process and what tells of its end
        self.ends = {}  # descriptor -> number

    def of(self, asker):
        """The process that a thread belongs to."""
        found = self.known.get(asker)
        if found is not None:
            return found[0]
        try:
            end = os.pidfd_open(asker)
        except OSError as error:  # one of several threads, or gone by now, or no descriptor is left
            if error.errno in NO_ROOM:
                self.miss(FORGOTTEN)
            return self.of_thread(asker)
        return self.keep(Process(asker), end)

    def of_thread(self, asker):
        line = table.line_of(asker, "status", b"Tgid:")
        leader = int(line.split()[1]) if line else asker
        return Process(asker) if leader == asker else self.of(leader)

    def keep(self, process, end):
        self.known[process.number] = process, end
        self.ends[end] = process.number
        self.waiting.register(end)
        if len(self.known) > PROCESSES_MAX:
            self.let_go(next(iter(self.known.values()))[1])
        return process

    def let_go(self, end):
        """Of the one that has been known for longest."""
        if not has_ended(end):
            self.miss(FORGOTTEN)
        self.forget(end)

    def forget(self, end):
        """Of the one whose end this descriptor tells of."""
        self.known.pop(self.ends.pop(end), None)
        with contextlib.suppress(OSError):
            self.waiting.unregister(end)
        os.close(end)


def has_ended(end):
    """Whether the process has ended that a descriptor stands for."""
    poll = select.poll()
    poll.register(end, select.POLLIN)
    return bool(poll.poll(0))


def is_below(number, ancestor, directory=table.PROCESSES, session=None):
    """Whether a process is another one, or was begun by it or by others below it that are still there.

    With a session: or whether it, or one of those above it, is in that session.
    """
    for _ in range(PROCESSES_MAX):
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
