"""What a trial's machine uses, as this host's table of processes tells: of containers and of namespaces alike.

A process that was waited for stands in the times of who waited for it. So what those add up to that are there now is
all that was used, but for what a first process has inherited. Looked at so often, the last moment is missing.
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
    """Of one machine, with what serves it."""

    cpu_s: float = 0.0
    memory_mib: float = 0.0
    """what its processes had in memory for themselves, at most"""
    processes: int = 0
    """at most"""


@dataclass(frozen=True)
class _Process:
    parent: int
    cpu_s: float
    own_pages: int


@contextmanager
def watched() -> Generator[tuple[dict[str, Usage], Callable[[], float]]]:
    """In here: sample -> what its machine has used, and the CPU-seconds that looking takes of this process."""
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
    """The process that all others of a machine come from: a container's first one, or the keeper of a namespace."""
    if isinstance(machine, Container):
        return int(engine().api.inspect_container(machine.id)["State"]["Pid"])
    number = int(machine.wire.facts["made"]["first"])
    # bwrap is between them.
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
    """A process and all that come from it."""
    found, last = {root} & table.keys(), {root}
    while last:
        last = {number for number, process in table.items() if process.parent in last} - found
        found |= last
    return [table[number] for number in found]


def _numbers() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _read(number: int) -> _Process | None:
    """A line of the table; None where the process is gone."""
    try:
        fields = Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()
        pages = Path(f"/proc/{number}/statm").read_bytes().split()
    except OSError:
        return None
    return _Process(int(fields[1]), sum(map(int, fields[11:15])) / TICKS_PER_S, int(pages[1]) - int(pages[2]))
