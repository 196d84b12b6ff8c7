"""The kernel's table of processes."""

import contextlib
import os
import time
from collections import namedtuple

# Opened at the start: for a service that enters a machine from outside, its own view of processes.
PROCESSES = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
STOPPED = "Tt"
EXITING = 0x4

Process = namedtuple("Process", "name letter parent session flags")


def open_file(number, name, directory=PROCESSES):
    return open(os.open(f"{number}/{name}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory), "rb")


def life():
    """Which life of this machine it is, and since when: it ends with its first process, the next has a later one."""
    with open_file(1, "stat") as file:
        ticks = int(file.read().rpartition(b")")[2].split()[19])
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            kernel = file.read().strip()
    except OSError:
        kernel = ""
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return f"{kernel}/{ticks}", time.time() - age_s


def numbers():
    return [int(name) for name in os.listdir(PROCESSES) if name.isdigit()]


def read(number, directory=PROCESSES):
    """A process's name, letter of state, parent, session and flags; None where there is none."""
    try:
        with open_file(number, "stat", directory) as file:
            name, _, rest = file.read().rpartition(b")")
    except OSError:
        return None
    fields = rest.split()
    return Process(name.partition(b"(")[2], fields[0].decode(), *map(int, (fields[1], fields[3], fields[6])))


def children():
    """The numbers of this process's own."""
    found = ((number, read(number)) for number in numbers())
    return [number for number, process in found if process and process.parent == os.getpid()]


def send(number, signal):
    """Sends a signal to a process, if it is still there and may be sent one."""
    with contextlib.suppress(OSError):
        os.kill(number, signal)


def line_of(number, name, beginning):
    """A line of one of a process's files, by its beginning; None where there is none."""
    try:
        with open_file(number, name) as file:
            return next(line for line in file if line.startswith(beginning))
    except (OSError, StopIteration):
        return None


def catches(number, signal):
    """Whether a process does something of its own on a signal; False where there is none."""
    caught = line_of(number, "status", b"SigCgt:")
    return caught is not None and bool(int(caught.split()[1], 16) >> (signal - 1) & 1)


def awaits(number, signal):
    """Whether a signal is on its way to a process."""
    pending = (line_of(number, "status", name) for name in (b"SigPnd:", b"ShdPnd:"))
    return any(int(line.split()[1], 16) >> (signal - 1) & 1 for line in pending if line)


def tracer(number):
    """Who traces a process, 0 where nobody does or there is none."""
    line = line_of(number, "status", b"TracerPid:")
    return int(line.split()[1]) if line else 0


def time_limit(number):
    """The limit on a process's CPU time in the kernel's words, None where there is no such process."""
    return line_of(number, "limits", b"Max cpu time")


def is_ending(number):
    """Whether a process has begun to end, which takes its time where there is much to clear away, or is gone."""
    process = read(number)
    return process is None or bool(process.flags & EXITING)
