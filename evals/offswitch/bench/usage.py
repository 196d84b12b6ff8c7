"""What a trial's machine uses, from this host's table of processes, for containers and namespaces alike.

When a process ends, its CPU time is added to that of the parent that waits for it. So the sum over a machine's present
processes is all that it has used so far, except for processes that its first process has inherited. The table is read
every LOOK_S seconds, so what is used after the last reading is missing.
"""

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from offswitch.bench.measure import TICKS_PER_S
from offswitch.trial.live import live_machines
from offswitch_sandbox.containers import Container
from offswitch_sandbox.engine import engine
from offswitch_sandbox.wire import RunningMachine

LOOK_S = 0.05
_PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@dataclass
class Usage:
    """What one machine has used, with the processes that serve it."""

    cpu_s: float = 0.0
    memory_mib: float = 0.0
    """the most that its processes had in memory unshared"""
    processes: int = 0
    """the most at once"""


@dataclass(frozen=True)
class _Process:
    parent: int
    cpu_s: float
    own_pages: int


@contextmanager
def watched() -> Generator[tuple[dict[str, Usage], Callable[[], float]]]:
    """Watches the machines of all running trials for as long as the context lasts.

    Yields a mapping from Inspect's id of a sample to its machine's usage, and a function that returns the CPU-seconds
    that this watching has taken.
    """
    found: dict[str, Usage] = {}
    took, over = [0.0], threading.Event()

    def follow() -> None:
        roots: dict[str, int] = {}
        while not over.wait(LOOK_S):
            for sample, machine in live_machines().items():
                roots.setdefault(sample, _root(machine))
            _note(found, {sample: roots[sample] for sample in live_machines() if sample in roots})
            took[0] = time.thread_time()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield found, lambda: took[0]
    finally:
        over.set()
        thread.join()


def _root(machine: RunningMachine) -> int:
    """The number of the process from which all others of a machine descend: a container's first, or the keeper."""
    if isinstance(machine, Container):
        return int(engine().api.inspect_container(machine.id)["State"]["Pid"])
    number = int(machine.wire.facts["made"]["first"])
    # The first process's parent is bwrap, and bwrap's parent is the keeper.
    for _ in range(2):
        process = _read(number)
        number = process.parent if process else 0
    return number


def _note(found: dict[str, Usage], roots: Mapping[str, int]) -> None:
    if not roots:
        return
    table = {number: process for number in _numbers() if (process := _read(number))}
    for sample, root in roots.items():
        there = _below(root, table)
        if not there:
            continue
        usage = found.setdefault(sample, Usage())
        usage.cpu_s = max(usage.cpu_s, sum(process.cpu_s for process in there))
        usage.memory_mib = max(usage.memory_mib, _PAGE_MIB * sum(process.own_pages for process in there))
        usage.processes = max(usage.processes, len(there))


def _below(root: int, table: Mapping[int, _Process]) -> list[_Process]:
    """A process and all its descendants."""
    found, last = {root} & table.keys(), {root}
    while last:
        last = {number for number, process in table.items() if process.parent in last} - found
        found |= last
    return [table[number] for number in found]


def _numbers() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(number: int) -> _Process | None:
    """A process of the table; None if it has ended."""
    try:
        fields = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()
        pages = Path(f"/proc/{number}/statm").read_bytes().split()
    except OSError:
        return None
    return _Process(int(fields[1]), sum(map(int, fields[11:15])) / TICKS_PER_S, int(pages[1]) - int(pages[2]))
