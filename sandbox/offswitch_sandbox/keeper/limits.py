"""Limits on a machine of namespaces: by a control group if this runs as root, else by limits on each process."""

import contextlib
import glob
import os
import resource

ROOT = "/sys/fs/cgroup"
NAME = "machine"
PER_NAMESPACE = (5, 14)
"""the first kernel that counts processes separately for each user namespace"""

RESERVED = 2
"""how many times the machine's memory an agent's process may reserve; with 512 MiB some do not start"""


class Group:
    """A control group, of version 1 or 2, with this process in it; `events` is None if none can be made."""

    def __init__(self, memory_bytes, processes):
        self.events = None
        settings = [
            ("memory", "memory.limit_in_bytes", memory_bytes, "memory.oom_control"),
            ("pids", "pids.max", processes, None),
        ]
        if os.path.exists(f"{ROOT}/cgroup.controllers"):
            settings = [("", "memory.max", memory_bytes, "memory.events"), ("", "pids.max", processes, None)]
        try:
            for controller, name, value, events in settings:
                self.put(os.path.join(ROOT, controller, f"{NAME}-{os.getpid()}"), name, value, events)
        except OSError:
            self.events = None

    def put(self, directory, name, value, events):
        os.makedirs(directory, exist_ok=True)
        write(f"{directory}/{name}", value)
        write(f"{directory}/cgroup.procs", os.getpid())
        if events is not None:
            self.events = os.open(f"{directory}/{events}", os.O_RDONLY | os.O_CLOEXEC)

    def out_of_memory(self):
        """Whether the kernel has killed a process here because memory ran out; None if that is not known."""
        if self.events is None:
            return None
        lines = os.pread(self.events, 4096, 0).decode().splitlines()
        return any(line.split()[0] == "oom_kill" and line.split()[1] != "0" for line in lines)


def write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


def remove(keeper):
    """Removes the group of a keeper that has ended."""
    for directory in groups(keeper):
        with contextlib.suppress(OSError):  # a process in it is still ending; remove_abandoned removes it later
            os.rmdir(directory)


def remove_abandoned():
    """Removes the groups of keepers that were killed before they could do so."""
    for directory in groups("*"):
        keeper = directory.rpartition("-")[2]
        if not os.path.exists(f"/proc/{keeper}"):
            remove(keeper)


def groups(keeper):
    return glob.glob(f"{ROOT}/{NAME}-{keeper}") + glob.glob(f"{ROOT}/*/{NAME}-{keeper}")


def limit_processes(grouped, memory_bytes, processes, reserves):
    """Limits this process and its children; leaves alone what a control group already limits.

    Args:
        grouped: Whether there is such a group.
        memory_bytes: Memory of each process.
        processes: How many there may be in all.
        reserves: Whether agents' programs run, which reserve more memory than they use: the kernel counts what is
            reserved.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not grouped and reserves:
        resource.setrlimit(resource.RLIMIT_DATA, (RESERVED * memory_bytes, RESERVED * memory_bytes))
    elif not grouped:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if tuple(map(int, os.uname().release.split(".")[:2])) >= PER_NAMESPACE:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
