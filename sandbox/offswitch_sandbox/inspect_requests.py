"""What Inspect asks of a machine about the requests of a program's model: files in there, which its agent may write.

However many there are and whatever they are, a look is told of a few, of each a few times, and they are read one after
another. So who makes requests without end gets no answer any more, and nobody who works beside that trial is held up.
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
"""how a look for requests ends; what comes before is their directory"""
READS = ("cat", "--")
"""what comes before the request that is read"""
WAIT_S = 2.0
"""as long as Inspect itself waits before it looks again"""
LISTED_MAX = 16
"""at once"""
TIMES_MAX = 5
"""a request is told of: Inspect asks the model anew for one that it could not answer, and may find it half written"""
LIST_BYTES_MAX = 64 << 10
REQUEST_BYTES_MAX = 10 << 20


class ModelRequests:
    """Those of one machine; waits: a look for them waits for the next one."""

    def __init__(self, waits: bool) -> None:
        self._waits = waits
        self._times = Counter[str]()
        self._one_at_a_time = anyio.Lock()

    def order(self, command: Sequence[str]) -> dict[str, Any]:
        """What the machine's service is told beside the command."""
        if (place := _listed(command)) is not None:
            after = (place, WAIT_S) if self._waits and inspect_tools.program() else None
            return {"after": after, "size_max": LIST_BYTES_MAX}
        return {"size_max": REQUEST_BYTES_MAX} if _is_read(command) else {}

    @asynccontextmanager
    async def turn(self, command: Sequence[str]) -> AsyncGenerator[None]:
        """In here nothing else is done with a request."""
        if _listed(command) is not None or not any(PLACE in word for word in command):
            yield
        else:
            async with self._one_at_a_time:
                yield

    def told(self, command: Sequence[str], result: ExecResult[str]) -> ExecResult[str]:
        """What Inspect gets to read; OutputLimitExceededError for a request that is too long, which it then refuses."""
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
    """The directory whose requests a command lists."""
    *_, find, directory = ["", "", *command[: -len(LISTS)]]
    is_list = (*command[-len(LISTS) :],) == LISTS and find == "find"
    return directory if is_list and directory.startswith(f"{PLACE}/") else None


def _is_read(command: Sequence[str]) -> bool:
    return (*command[-3:-1],) == READS and command[-1].startswith(f"{PLACE}/")
