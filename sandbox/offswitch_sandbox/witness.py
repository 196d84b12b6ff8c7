"""What became of the machine, seen from outside it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import anyio


@dataclass(frozen=True)
class MachineEnd:
    """The machine's life as its witness tells it."""

    seen_by: str
    """engine, or interface where only Inspect's sandbox interface could be asked"""
    alive: bool | None
    """None where the witness could not say"""
    at: float | None = None
    """when it ended, seconds since the epoch"""
    exit_code: int | None = None
    killed_from_outside: bool | None = None
    """the engine was told to kill or stop it; None where that is not known"""
    out_of_memory: bool | None = None
    """the kernel killed for want of memory in this container; None where that is not known"""


class Witness(Protocol):
    """Sees a machine from outside."""

    async def end(self, until: float) -> MachineEnd:
        """The machine's end if it comes before `until` (epoch seconds), else its life at that moment."""
        ...


class InterfaceWitness:
    """Asks the machine itself for a sign of life: who cannot see the engine cannot say why it ended."""

    def __init__(self, is_alive: Callable[[], Awaitable[bool]]) -> None:
        self._is_alive = is_alive

    async def end(self, until: float) -> MachineEnd:
        """See Witness; without a cause and without a time."""
        while await self._is_alive():
            if time.time() >= until:
                return MachineEnd("interface", alive=True)
            await anyio.sleep(0.2)
        return MachineEnd("interface", alive=False)
