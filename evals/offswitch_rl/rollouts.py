"""The episodes of this process, each by the rollout that it belongs to, and how the tool server reaches them.

Hooks of a task run in verifiers' process and its tools in another one. The machines are the first one's, so that they
end with it however it ends. The tool server asks for each call by a socket in a directory of this user's alone.
"""

import asyncio
import json
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from offswitch.training.episode import Episode

CALL_BYTES_MAX = 8 << 20


@dataclass(frozen=True)
class Rollout:
    """An episode with what tells how often its model has answered."""

    episode: Episode
    turn: Callable[[], int]


class Rollouts:
    """All that go on in this process."""

    def __init__(self) -> None:
        self._by_key: dict[str, Rollout] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: asyncio.Server | None = None
        self._starting = asyncio.Lock()

    async def add(self, rollout: Rollout) -> tuple[str, str]:
        """The socket by which its tools are called, and the key that belongs to it."""
        async with self._starting:
            if self._server is None or not self._server.is_serving():
                self._folder = tempfile.TemporaryDirectory(prefix="offswitch-rl-")
                self._server = await asyncio.start_unix_server(self._serve, Path(self._folder.name, "tools"))
        assert self._folder is not None
        key = secrets.token_urlsafe(24)
        self._by_key[key] = rollout
        return str(Path(self._folder.name, "tools")), key

    def of(self, key: str) -> Rollout | None:
        """The rollout of a key; None where there is none, or it is over."""
        return self._by_key.get(key)

    async def remove(self, key: str) -> None:
        """Forgets a rollout; its machine is removed if it is still there."""
        if (rollout := self._by_key.pop(key, None)) is not None:
            await rollout.episode.abandon()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(json.dumps(await self._answer(await _all_of(reader))).encode())
            await writer.drain()
        finally:
            writer.close()

    async def _answer(self, asked: bytes) -> dict[str, str]:
        try:
            call = json.loads(asked)
            rollout = self._by_key[call["key"]]
            tool = {"bash": rollout.episode.bash, "submit": rollout.episode.submit}[call["tool"]]
            return {"text": await tool(str(call["argument"]), rollout.turn())}
        except (ValueError, KeyError, TypeError):
            return {"error": "no such rollout or tool"}
        except Exception as error:  # noqa: BLE001 - the tool server is to hear of it, whatever it is
            return {"error": f"{type(error).__name__}: {error}"}


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    """What is sent until the sender is done; ValueError where that is too much."""
    found = bytearray()
    while part := await reader.read(1 << 16):
        found += part
        if len(found) > CALL_BYTES_MAX:
            raise ValueError(f"a call of more than {CALL_BYTES_MAX} bytes")
    return bytes(found)


async def call_tool(socket: str, key: str, tool: str, argument: str) -> str:
    """What a tool of a rollout in another process returns; RuntimeError where it cannot be called."""
    reader, writer = await asyncio.open_unix_connection(socket)
    try:
        writer.write(json.dumps({"key": key, "tool": tool, "argument": argument}).encode())
        writer.write_eof()
        answer: dict[str, str] = json.loads(await reader.read())
    finally:
        writer.close()
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["text"]


ROLLOUTS = Rollouts()
