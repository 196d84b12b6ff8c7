"""How long a busy host has kept processes from a processor, by the kernel's own account of each."""

import os

import table

KIN_MAX = 64
"""of one process: beyond them nobody is asked, because somebody may have filled the table of processes"""


class Kept:
    """A process with all that it has begun, and this service, which has to answer what they ask of the kernel."""

    def __init__(self, number):
        self.number = number
        self.known = {}
        self.since()

    def since(self):
        """Seconds that they were kept, all together, since this was last asked; 0 where the kernel keeps no account."""
        now = {name: kept_s(name) for name in (*own_threads(), *map(str, kin(self.number)))}
        before, self.known = self.known, now
        return sum(max(0.0, seconds - before.get(name, 0.0)) for name, seconds in now.items())


def kept_s(name):
    """Of a process or thread, by its directory there, from its beginning."""
    try:
        with table.open_file(name, "schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def own_threads():
    """The directories of this service's."""
    try:
        threads = os.open("self/task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=table.PROCESSES)
    except OSError:
        return []
    try:
        return [f"self/task/{name}" for name in os.listdir(threads)]
    finally:
        os.close(threads)


def kin(number):
    """The numbers of a process and of those that it has begun, and they in turn; the nearest first."""
    found = [number]
    for one in found:
        found += children(one)[: KIN_MAX - len(found)]
    return found


def children(number):
    try:
        with table.open_file(f"{number}/task/{number}", "children") as file:
            return [int(name) for name in file.read().split()]
    except OSError:
        return []
