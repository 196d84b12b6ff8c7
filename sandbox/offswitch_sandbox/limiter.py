"""Limits how many machines there are at once, and how many are being made."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from offswitch_sandbox.machine import MachineError

MACHINES_MAX = "OFFSWITCH_MAX_MACHINES"
MACHINES = 64


class Limiter:
    """Makes callers wait while there are enough machines, or enough in the making: more at once only slows each."""

    def __init__(self) -> None:
        given = os.environ.get(MACHINES_MAX, str(MACHINES))
        if not given.isdecimal() or int(given) < 1:
            raise MachineError(f"{MACHINES_MAX}={given}: must be a whole number from 1")
        self._machines = anyio.Semaphore(int(given))
        self._starts = anyio.Semaphore(os.cpu_count() or 1)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Takes a place for one machine. It is freed by `release`, or at once if making the machine fails."""
        await self._machines.acquire()
        try:
            async with self._starts:
                yield
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Frees a machine's place."""
        self._machines.release()
