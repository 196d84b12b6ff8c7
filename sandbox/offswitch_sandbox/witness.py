"""Finds out from outside whether and how a machine ended."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import anyio

SILENCE_S = 10.0
"""how long to wait for a machine that does not answer: it may be restarted, or answer after all"""


@dataclass(frozen=True)
class MachineEnd:
    """Whether and how a machine ended, as its witness reports it."""

    seen_by: str
    """engine, keeper, or interface if only Inspect's sandbox interface could be asked"""
    alive: bool | None
    """None if the witness could not say"""
    at: float | None = None
    """when it ended, seconds since the epoch"""
    exit_code: int | None = None
    killed_from_outside: bool | None = None
    """somebody outside killed or stopped it; None if that is not known"""
    out_of_memory: bool | None = None
    """the kernel killed a process in this machine because memory ran out; None if that is not known"""
    started_again: bool = False
    """the machine was restarted: it ended before `at`, when it started again"""


class Witness(Protocol):
    """Sees a machine from outside."""

    async def end(self, until: float) -> MachineEnd:
        """Waits for the machine's end until `until` (epoch seconds); its end, or its state at that moment."""
        ...


class InterfaceWitness:
    """Asks the machine itself whether it is alive. Without the engine, it cannot tell why the machine ended.

    If a provider restarts a machine, as kubelet does, the restart shows that it ended, and by when.
    """

    def __init__(self, is_alive: Callable[[], Awaitable[bool]], started_again: Callable[[], float | None]) -> None:
        self._is_alive = is_alive
        self._started_again = started_again

    async def end(self, until: float) -> MachineEnd:
        """See Witness; never with a cause, and with a time only if the machine is restarted within SILENCE_S."""
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
