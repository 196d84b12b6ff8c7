"""How much of the time programs wait for the processor, or for memory, as the kernel tells it.

The figures are the kernel's pressure stall information, see Documentation/accounting/psi.rst of Linux: microseconds in
which at least one task waited. They are told of the host, and, in version 2 of control groups, of the group that this
program is contained in.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

SOME = re.compile(r"^some .*\btotal=(\d+)", re.M)
AVAILABLE = re.compile(r"^MemTotal:\s+(\d+).*^MemAvailable:\s+(\d+)", re.M | re.S)


class Pressure(NamedTuple):
    """Shares of time, 0 to 1, in which something waited; and what of the host's memory is to be had, 0 to 1."""

    cpu: float
    memory: float
    available: float


@dataclass
class PressureGauge:
    """Tells of the time since it was last looked at: the averages that the kernel makes itself are too slow."""

    root: Path = Path("/")
    now_s: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._before = (self.now_s(), dict(self._totals()))

    def since_last(self) -> Pressure | None:
        """The highest that is told anywhere; None where the kernel tells nothing."""
        (then, before), (now, totals) = self._before, (self.now_s(), dict(self._totals()))
        self._before = now, totals
        waited = [(path.name, totals[path] - before.get(path, totals[path])) for path in totals]
        if not waited or now <= then:
            return None
        cpu, memory = (
            max((us for name, us in waited if name.startswith(what)), default=0) / 1e6 / (now - then)
            for what in ("cpu", "memory")
        )
        return Pressure(min(1.0, cpu), min(1.0, memory), self._available())

    def _totals(self) -> Iterator[tuple[Path, int]]:
        """File -> microseconds so far, of each that can be read."""
        for path in self._files():
            try:
                if some := SOME.search(path.read_text()):
                    yield path, int(some[1])
            except OSError:  # not told by this kernel, or not to this program
                continue

    def _files(self) -> Iterator[Path]:
        yield from (self.root / "proc/pressure" / what for what in ("cpu", "memory"))
        try:
            groups = (self.root / "proc/self/cgroup").read_text().splitlines()
        except OSError:
            return
        for group in groups:
            if group.startswith("0::"):
                directory = self.root / "sys/fs/cgroup" / group.removeprefix("0::").lstrip("/")
                yield from (directory / f"{what}.pressure" for what in ("cpu", "memory"))

    def _available(self) -> float:
        try:
            found = AVAILABLE.search((self.root / "proc/meminfo").read_text())
        except OSError:
            return 1.0
        return int(found[2]) / int(found[1]) if found else 1.0
