"""What became of the machine, seen from outside it."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import anyio

SILENCE_S = 10.0
"""how long a machine that gives no sign of life is waited for: to be started again, or to answer after all"""


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
    started_again: bool = False
    """another life of the machine was found in its place: it ended before `at`, when that one began"""


class Witness(Protocol):
    """Sees a machine from outside."""

    async def end(self, until: float) -> MachineEnd:
        """The machine's end if it comes before `until` (epoch seconds), else its life at that moment."""
        ...


class InterfaceWitness:
    """Asks the machine itself for a sign of life: who cannot see the engine cannot say why it ended.

    Where a provider starts a machine again, as kubelet does, its next life shows that it ended, and by when.
    """

    def __init__(self, is_alive: Callable[[], Awaitable[bool]], started_again: Callable[[], float | None]) -> None:
        self._is_alive = is_alive
        self._started_again = started_again

    async def end(self, until: float) -> MachineEnd:
        """See Witness; without a cause, and without a time where no next life begins within SILENCE_S."""
        answered = time.time()
        while True:
            if await self._is_alive():
                answered = time.time()
                if answered >= until:
                    return MachineEnd("interface", alive=True)
            elif (at := self._started_again()) is not None:
                return MachineEnd("interface", alive=False, at=at, started_again=True)
            elif time.time() > answered + SILENCE_S:
                return MachineEnd("interface", alive=False)
            await anyio.sleep(0.2)
