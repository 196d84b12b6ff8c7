"""A lasting connection to one machine's service: orders and answers as JSON, one per line.

No task runs in the background: one of those that wait for answers reads for all of them.
"""

import itertools
import json
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio

from offswitch_sandbox.attachment import TlsConnection
from offswitch_sandbox.channel import LastJournal, NoAnswer, answer_in
from offswitch_sandbox.witness import MachineEnd

CHUNK_BYTES = 1 << 18
LOOK_S = 0.02
REST_WAIT_S = 1.0
"""seconds to wait for messages that are still on their way when a machine has ended"""
LOOK_AGAIN_S = 1.0
SILENCE_S = 5.0
"""seconds without a word after which the connection to a machine that has ended is given up"""
T = TypeVar("T")


class Wire:
    """See channel.Channel. The service may run in the machine or beside it."""

    def __init__(
        self,
        connection: "socket.socket | TlsConnection",
        unframe: Callable[[bytes], bytes] = bytes,
        has_ended: Callable[[], bool] = lambda: False,
    ) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._unframe = unframe
        self._has_ended = has_ended
        """whether somebody else says that the machine has ended, which its connection may outlive"""
        self._silent_since: float | None = None
        """when it was first seen that the machine has ended and that nothing comes; None while that is not so"""
        self._given_up = False
        self._numbers = itertools.count(1)
        self._read_once: anyio.Event | None = None
        """set when the reading task has read something; None while no task reads"""
        self._writing = anyio.Lock()
        self._pending: list[bytes] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._journal: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        """what the service has reported of the machine without being asked: made, broken, handed_in, ended"""
        self.closed = False
        """nothing more will come"""

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        """See Channel."""
        number = next(self._numbers)
        try:
            with anyio.fail_after(wait_s):
                await self._send(json.dumps({"id": number, "verb": verb, "order": order}).encode() + b"\n")
                answer = await self._read_until(lambda: self._answers.pop(number, None))
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {wait_s:g} seconds") from error
        if answer is None:
            raise NoAnswer(self.facts.get("broken") or "the connection to the machine has ended")
        return answer_in(answer)

    async def last_journal(self) -> LastJournal | None:
        """See Channel. A service beside the machine sends it at the end; one inside sends it line by line."""
        if ended := await self.fact("ended", time.time() + REST_WAIT_S):
            return LastJournal(ended["journal"], is_whole=True)
        # A service beside the machine (which reports `made`) sends its journal at the end or not at all.
        if not self.closed or "made" in self.facts:
            return None
        # Where nobody has closed the connection, nobody says that what came is all.
        return LastJournal(list(self._journal), is_whole=not self._given_up)

    async def fact(self, name: str, until: float) -> Any:
        """The fact of this name, if the service reports it before `until` (epoch seconds), else None."""
        # At least LOOK_S, enough to read what has already arrived.
        with anyio.move_on_after(max(LOOK_S, until - time.time())):
            return await self._read_until(lambda: self.facts.get(name))
        return self.facts.get(name)

    async def until_closed(self, until: float) -> bool:
        """Waits for the end of the connection, at most until `until` (epoch seconds); whether it has ended."""
        await self.fact("", until)
        return self.closed

    def close(self) -> None:
        """Closes the connection; the service then ends the machine."""
        self.closed = True
        if self._connection.fileno() >= 0:
            anyio.notify_closing(self._connection)
            self._connection.close()

    async def _read_until(self, look_up: Callable[[], T | None]) -> T | None:
        """Reads until `look_up` finds something, and returns that; None if the connection ends first."""
        while (result := look_up()) is None and not self.closed:
            if self._read_once is not None:
                await self._read_once.wait()
                continue
            self._read_once = read_once = anyio.Event()
            try:
                await self._read()
            finally:
                # All waiting tasks look up again, and one of them reads on.
                self._read_once = None
                read_once.set()
        return result

    async def _read(self) -> None:
        try:
            chunk = self._connection.recv(CHUNK_BYTES)
        except BlockingIOError:
            await self._wait(anyio.wait_readable)
            return
        except OSError:
            chunk = b""
        self.closed, self._silent_since = self.closed or not chunk, None
        *whole, rest = self._unframe(chunk).split(b"\n")
        for line in whole:
            self._take(json.loads(b"".join([*self._pending, line])))
            self._pending.clear()
        self._pending.append(rest)

    async def _wait(self, ready: Callable[[Any], Awaitable[None]]) -> None:
        """Waits until the connection is ready, or for a moment; gives up one that is silent after the machine's end."""
        now = time.monotonic()
        self._silent_since = (self._silent_since or now) if self._has_ended() else None
        if self._silent_since is not None and now > self._silent_since + SILENCE_S:
            self.closed = self._given_up = True
            return
        with anyio.move_on_after(LOOK_AGAIN_S), suppress(anyio.ClosedResourceError):
            await ready(self._connection)

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
        elif "journal" in message:
            self._journal.append(message["journal"])
        else:
            self.facts.update(message)

    async def _send(self, data: bytes) -> None:
        left = memoryview(data)
        async with self._writing:
            try:
                while left and not self.closed:
                    try:
                        left = left[self._connection.send(left) :]
                    except BlockingIOError:
                        await self._wait(anyio.wait_writable)
            except OSError:
                with anyio.move_on_after(REST_WAIT_S):
                    await self._read_until(lambda: None)  # messages that it sent before it ended
                self.closed = True
            finally:
                if 0 < len(left) < len(data):
                    self.close()  # half an order would corrupt every later one
        if left:
            raise NoAnswer("the connection to the machine has ended")


@dataclass(frozen=True)
class RunningMachine(ABC):
    """A machine behind a wire, and its witness: see witness.Witness."""

    wire: Wire
    owner: str | None = None
    """the user that commands run as if none is named; None if the machine has one user only"""
    agent: str | None = None
    """the only user that Inspect's interface may act as, so that all an agent does through it is seen"""

    @abstractmethod
    async def end(self, until: float) -> MachineEnd:
        """See Witness."""

    @abstractmethod
    async def remove(self) -> None:
        """Ends the machine, in whatever state it is, and removes what is left of it."""


class Frames:
    """Unpacks a container's output from the engine's frames: an 8-byte header with the length, then the data."""

    def __init__(self) -> None:
        self._held = b""
        self._left = 0

    def __call__(self, chunk: bytes) -> bytes:
        """The data in a chunk, which may begin and end within a frame."""
        data, content = self._held + chunk, bytearray()
        while data:
            if not self._left:
                if len(data) < 8:
                    break
                self._left, data = int.from_bytes(data[4:8], "big"), data[8:]
            content += data[: self._left]
            self._left, data = max(0, self._left - len(data)), data[self._left :]
        self._held = data
        return bytes(content)
