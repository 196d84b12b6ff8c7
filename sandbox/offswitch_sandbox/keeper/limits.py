"""Limits on a machine of namespaces: a control group where root may make one, else limits on processes."""

import contextlib
import glob
import os
import resource

ROOT = "/sys/fs/cgroup"
NAME = "machine"
PER_NAMESPACE = (5, 14)
"""the first kernel that counts processes for each user namespace apart"""

RESERVED = 2
"""times the memory of a machine: what one of an agent's processes may ask for; at 512 MiB some do not start"""


class Group:
    """A control group, of version 1 or 2; `directories` is empty where none can be made."""

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
        """Whether the kernel has killed for want of memory here; None where that is not known."""
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
        with contextlib.suppress(OSError):  # a process is still ending in it: the next to begin removes it
            os.rmdir(directory)


def remove_abandoned():
    """Removes what keepers have left that were killed before they could."""
    for directory in groups("*"):
        keeper = directory.rpartition("-")[2]
        if not os.path.exists(f"/proc/{keeper}"):
            remove(keeper)


def groups(keeper):
    return glob.glob(f"{ROOT}/{NAME}-{keeper}") + glob.glob(f"{ROOT}/*/{NAME}-{keeper}")


def limit_processes(grouped, memory_bytes, processes, reserves):
    """For this process and its children; what a control group already limits is left alone.

    reserves: whether programs run that ask for more memory than they use, as agents' do; the kernel counts what
    was asked for.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not grouped and reserves:
        resource.setrlimit(resource.RLIMIT_DATA, (RESERVED * memory_bytes, RESERVED * memory_bytes))
    elif not grouped:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if tuple(map(int, os.uname().release.split(".")[:2])) >= PER_NAMESPACE:
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
