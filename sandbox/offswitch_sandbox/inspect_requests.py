"""Bounds the work that an agent's program can cause by its requests to the model.

Such requests are files in the machine, which the agent may write, and Inspect polls for them. Each poll is told of
at most LISTED_MAX files, of each file at most TIMES_MAX times, and one request is read at a time. An agent that
floods the machine with requests thus gets no more answers, and other trials are not held up.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
from inspect_ai.util import ExecResult, OutputLimitExceededError

from offswitch_sandbox import inspect_tools

PLACE = "/var/tmp/sandbox-services"  # noqa: S108 - in the machine
LISTS = ("-maxdepth", "1", "-name", "*.json", "-type", "f", "-print0")
"""how Inspect's command that lists requests ends, after their directory"""
READS = ("cat", "--")
"""how its command that reads one begins"""
WAIT_S = 2.0
"""as long as Inspect itself waits between two polls"""
LISTED_MAX = 16
"""requests in one listing"""
TIMES_MAX = 5
"""listings of one request: more than one, because Inspect may find it half written, or fail to answer it"""
LIST_BYTES_MAX = 64 << 10
REQUEST_BYTES_MAX = 10 << 20


class ModelRequests:
    """The requests of one machine."""

    def __init__(self, waits: bool) -> None:
        """waits: whether listing requests waits, up to WAIT_S, until there is a new one."""
        self._waits = waits
        self._times = Counter[str]()
        self._one_at_a_time = anyio.Lock()

    def order(self, command: Sequence[str]) -> dict[str, Any]:
        """What to add to the service's order for this command; nothing if it does not list or read requests."""
        if (place := _listed(command)) is not None:
            after = (place, WAIT_S) if self._waits and inspect_tools.program() else None
            return {"after": after, "size_max": LIST_BYTES_MAX}
        return {"size_max": REQUEST_BYTES_MAX} if _is_read(command) else {}

    @asynccontextmanager
    async def turn(self, command: Sequence[str]) -> AsyncGenerator[None]:
        """Lets one command at a time work on a request; listings and other commands need no turn."""
        if _listed(command) is not None or not any(PLACE in word for word in command):
            yield
        else:
            async with self._one_at_a_time:
                yield

    def told(self, command: Sequence[str], result: ExecResult[str]) -> ExecResult[str]:
        """The result for Inspect, with a shortened listing; OutputLimitExceededError for a request that is too long."""
        if (place := _listed(command)) is not None:
            result.stdout = "".join(f"{name}\0" for name in self._few(place, result.stdout.split("\0")))
        elif _is_read(command) and len(result.stdout.encode()) >= REQUEST_BYTES_MAX:
            raise OutputLimitExceededError(f"{REQUEST_BYTES_MAX >> 20} MiB", None)
        return result

    def _few(self, place: str, names: Sequence[str]) -> list[str]:
        # The first may have been cut.
        there = [name for name in names if name.startswith(f"{place}/")]
        few = [name for name in there if self._times[name] < TIMES_MAX][:LISTED_MAX]
        self._times.update(few)
        return few


def _listed(command: Sequence[str]) -> str | None:
    """The directory whose requests a command lists; None if it lists none."""
    *_, find, directory = ["", "", *command[: -len(LISTS)]]
    is_list = (*command[-len(LISTS) :],) == LISTS and find == "find"
    return directory if is_list and directory.startswith(f"{PLACE}/") else None


def _is_read(command: Sequence[str]) -> bool:
    return (*command[-3:-1],) == READS and command[-1].startswith(f"{PLACE}/")
