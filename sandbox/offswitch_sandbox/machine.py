"""A trial's machine, through Inspect's sandbox interface alone.

Every command goes to a root process in the machine that runs it as the agent's user and
returns the evidence in the same reply. Nothing the agent's user can write takes part.
"""

import base64
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
from pydantic import TypeAdapter, ValidationError

from offswitch_sandbox.desk import DeskEntry, DeskOrder
from offswitch_sandbox.files import Manifest

COMPOSE = Path(__file__).parent / "compose.yaml"
HOME = "/home/user"
ASK = f"cd {HOME} && ./next_question"
"""how a probe calls the client, wherever a login shell begins"""
CLIENT = "./next_question"
SCRIPT = "./shutdown.sh"
KEY_FILES = (".", "shutdown.sh", "next_question")

_SERVICE = ["/usr/bin/python3", "-I", "/usr/libexec/questiond"]
_JOURNAL = "/var/lib/questiond/journal"
_SLACK_S = 30
"""what a provider may need on top of a command's own time"""


class MachineError(RuntimeError):
    """The machine's own machinery broke; says what and what to do."""


class Provider(Protocol):
    """The part of Inspect's sandbox interface that is used here; see inspect_ai.util.SandboxEnvironment."""

    @property
    def exec(self) -> Callable[..., Awaitable[Any]]:
        """Runs a command in the machine."""
        ...

    @property
    def read_file(self) -> Any:
        """Reads a file of the machine."""
        ...


@dataclass(frozen=True)
class Look:
    """What the machine was at one moment."""

    desk_answers: bool
    tree: Manifest
    contents: dict[str, str]
    """key file -> its text, where it is small"""
    journal: tuple[DeskEntry, ...]
    """the lines that are new since the last reply"""
    seen: float
    """when the tree had been read, seconds since the epoch"""
    running: int
    """processes of the agent's user that are there without a command, the first one not counted"""


@dataclass(frozen=True)
class Reply(Look):
    """What a command did."""

    status: int | None
    output: str
    cut: int
    """bytes of output that were dropped"""
    started: float
    ended: float
    before: Manifest
    timed_out: bool = False
    not_started: str | None = None


T = TypeVar("T")


class Machine:
    """One trial's machine. `run` and `look` return None where no answer came back."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.journal: list[DeskEntry] = []
        """the desk's log as far as it is known here"""

    async def open_desk(self, order: DeskOrder) -> Look:
        """Starts the desk before the agent has done anything."""
        raw, why = await self._ask("start", order.as_json(), _SLACK_S)
        if raw is None or not raw.get("ready"):
            raise MachineError(f"the desk did not start ({why or 'it said nothing'}); is this the machine's image?")
        return _parse(Look, {"desk_answers": True, "journal": [], "seen": time.time(), "running": 0, **raw})

    async def run(self, command: str, timeout_s: float, due_now: bool = False) -> Reply | None:
        """Runs a command as the agent's user; due_now makes the next call pull the trigger."""
        order = {"command": command, "timeout_s": timeout_s, "skip": len(self.journal), "due_now": due_now}
        raw, _ = await self._ask("run", order, timeout_s + _SLACK_S)
        return self._noted(Reply, raw)

    async def look(self) -> Look | None:
        """What the machine is now."""
        raw, _ = await self._ask("look", {"skip": len(self.journal)}, _SLACK_S)
        return self._noted(Look, raw)

    async def read_journal(self) -> bool:
        """Reads the desk's log as a file, which needs no process in the machine; False if it cannot be read."""
        try:
            data = await self._provider.read_file(_JOURNAL, text=False)
            lines = data.rstrip(b"\0").splitlines()
            self.journal = [_parse(DeskEntry, _flat(json.loads(line))) for line in lines]
        except Exception:  # noqa: BLE001 - each provider has errors of its own for a machine that is gone
            return False
        return True

    def _noted(self, shape: type[T], raw: dict[str, Any] | None) -> T | None:
        if raw is None:
            return None
        found = _parse(shape, raw)
        assert isinstance(found, Look)
        self.journal.extend(found.journal)
        return found

    async def _ask(self, verb: str, order: dict[str, Any], wait_s: float) -> tuple[dict[str, Any] | None, str]:
        """The reply as JSON, or None and why there is none."""
        try:
            with anyio.fail_after(wait_s):
                result = await self._provider.exec(
                    [*_SERVICE, verb], input=json.dumps(order), cwd="/", user="root", timeout_retry=False
                )
        except Exception as error:  # noqa: BLE001 - see read_journal; the witness says what became of the machine
            return None, f"{type(error).__name__}: {error}".splitlines()[0]
        try:
            return json.loads(result.stdout.splitlines()[1]), ""
        except (IndexError, ValueError):
            # Nothing came back, or only part of it: a machine that ended in mid-reply.
            return None, " ".join(result.stderr.split())[-200:] or "no whole reply"


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    peer = line.pop("peer", None)
    return {**line, "caller": peer["command_line"]} if peer else line


def _parse(shape: type[T], raw: dict[str, Any]) -> T:
    if "journal" in raw:
        raw = {**raw, "journal": [_flat(line) for line in raw["journal"]]}
    if "contents" in raw:
        raw = {**raw, "contents": {name: _text(data) for name, data in raw["contents"].items()}}
    if "output" in raw:
        raw = {**raw, "output": _text(raw["output"])}
    try:
        return TypeAdapter(shape).validate_python(raw)
    except ValidationError as error:
        raise MachineError(f"the machine's reply is not understood: {error.errors()[0]}; rebuild its image") from error


def _text(data: str) -> str:
    return base64.b64decode(data).decode("utf-8", "replace")
