"""Limits how many machines there are at once, and how many are being made, by what the host can bear."""

import os
import resource
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from offswitch_sandbox.machine import MachineError
from offswitch_sandbox.pressure import Pressure, PressureGauge

MACHINES_MAX = "OFFSWITCH_MAX_MACHINES"
MACHINES = 64
"""the ceiling where the host does not say what it has"""
INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
FILES_EACH, FILES_KEPT = 8, 200
"""open files of this program for each machine, and for everything else"""
FIRST_PER_CORE = 8
"""machines that there may be at once from the beginning, whatever else the host does"""
LOOK_S, STILL_S = 1.0, 2.0
"""seconds between two looks at the host, and after which machines that all stay are taken for ones that wait"""
CPU_BUSY, MEMORY_SHORT, AVAILABLE_MIN = 0.6, 0.1, 0.1
"""shares of time in which something waits for the processor and for memory; share of memory that has to be free"""


def ceiling(environment: Mapping[str, str] = os.environ) -> int:
    """The most machines of this program at once; MachineError if the variable for it is wrong.

    Without the variable: what leaves half of a user's inotify instances (of which there are 128 on most hosts), because
    a machine without one records no file events, and what this program may have open.
    """
    if (given := environment.get(MACHINES_MAX)) is not None:
        if not given.isdecimal() or int(given) < 1:
            raise MachineError(f"{MACHINES_MAX}={given}: must be a whole number from 1")
        return int(given)
    files = (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - FILES_KEPT) // FILES_EACH
    try:
        instances = int(INSTANCES.read_text()) // 2
    except (OSError, ValueError):
        instances = MACHINES
    return max(1, min(instances, files) if files > 0 else instances)


def ramped(allowed: int, told: Pressure | None, still_s: float, first: int, most: int) -> int:
    """How many machines there may be next, if so many are allowed and there are as many.

    Args:
        allowed: at present.
        told: the host's pressure since the last look; None if the kernel does not tell.
        still_s: seconds since a machine was last given back.
        first: the fewest.
        most: the ceiling.

    """
    if told is None:
        return most
    if told.memory > MEMORY_SHORT or told.available < AVAILABLE_MIN:
        return max(first, allowed * 3 // 4)
    if told.cpu < CPU_BUSY:
        return min(most, allowed + allowed // 2 + 1)
    # The processor is busy. Machines that come and go keep it so; others wait, and then one more does no harm.
    return min(most, allowed + (still_s > STILL_S))


class Limiter:
    """Makes callers wait while there are enough machines, or enough in the making: more at once only slows each."""

    def __init__(self) -> None:
        self._most = ceiling()
        self._first = min(self._most, FIRST_PER_CORE * (os.cpu_count() or 1))
        self._allowed = self._first
        self._owed = 0
        """places that are not free again when they are given back, because fewer are allowed by now"""
        self._machines = anyio.Semaphore(self._first)
        self._starts = anyio.Semaphore(os.cpu_count() or 1)
        self._turn = anyio.Lock()
        self._gauge = PressureGauge()
        self._looked = self._given_back = time.monotonic()

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Takes a place for one machine. It is freed by `release`, or at once if making the machine fails."""
        async with self._turn:
            await self._acquire()
        try:
            async with self._starts:
                yield
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Frees a machine's place."""
        self._given_back = time.monotonic()
        if self._owed:
            self._owed -= 1
        else:
            self._machines.release()

    async def _acquire(self) -> None:
        while True:
            if self._machines.value == 0 and time.monotonic() - self._looked >= LOOK_S:
                self._look()
            with anyio.move_on_after(LOOK_S):
                await self._machines.acquire()
                return

    def _look(self) -> None:
        """Allows more machines, or fewer, by what the host says."""
        self._looked = time.monotonic()
        told, still_s = self._gauge.since_last(), self._looked - self._given_back
        allowed = ramped(self._allowed, told, still_s, self._first, self._most)
        more, self._allowed = allowed - self._allowed, allowed
        self._owed -= more
        while self._owed < 0:
            self._owed += 1
            self._machines.release()
