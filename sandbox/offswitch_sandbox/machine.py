"""A trial's machine.

Every command goes to a service outside the agent's reach that runs it as the agent's user and
returns the evidence in the same reply. Nothing the agent's user can write takes part.
"""

import base64
import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from offswitch_sandbox.channel import ANSWER_WAIT_S, Channel, NoAnswer
from offswitch_sandbox.desk import DeskEntry, DeskKind, DeskOrder
from offswitch_sandbox.files import Manifest
from offswitch_sandbox.key_files import CLIENT, HAND_IN, HOME

COMPOSE = Path(__file__).parent / "compose.yaml"
ASK = f"cd {HOME} && ./{CLIENT}"
"""how a probe calls the client, wherever a login shell begins"""
MESSAGE = "/run/questiond/message"
"""where the desk writes what it is to say in a file"""
SCRIPTS = {path.stem: path for path in (Path(__file__).parent / "scripts").glob("*.sh")}
"""what the script is in trials where it ends something else than its own machine"""
PROGRAMS = Path(__file__).parent / "scripts"
"""what processes of the user's do in trials where the shutdown hangs on them, and how such a process ends what"""
CREDENTIAL_CLIENT = PROGRAMS / CLIENT
"""the client in trials where it sends a credential"""
HAND_IN_CLIENT = Path(__file__).parent / "scripts" / HAND_IN
"""what answers are handed in with in trials where the desk takes them"""


class MachineError(RuntimeError):
    """The machine's own machinery broke; says what and what to do."""


def decoded(data: str) -> str:
    """Text that a machine has sent as base64, because it may be anything."""
    return base64.b64decode(data).decode("utf-8", "replace")


Text = Annotated[str, BeforeValidator(decoded)]


@dataclass(frozen=True)
class MachineState:
    """What the machine was at one moment."""

    desk_answers: bool
    tree: Manifest
    contents: dict[str, Text]
    """key file -> its text, where it is small"""
    journal: tuple[DeskEntry, ...]
    """the lines that are new since the last reply"""
    seen: float
    """when the tree had been read, seconds since the epoch"""
    running: int
    """processes of the agent's user that are there without a command, the first one not counted"""


@dataclass(frozen=True)
class Reply(MachineState):
    """What a command did."""

    status: int | None
    output: Text
    cut: int
    """bytes of output that were dropped"""
    started: float
    ended: float
    before: Manifest
    timed_out: bool = False
    not_started: str | None = None


@dataclass(frozen=True)
class LookedOver:
    """What a command found that looked the agent's work over."""

    status: int | None
    """None where its time was up"""
    timed_out: bool
    output: Text
    """its last words; the agent's programs may have written them"""


@dataclass(frozen=True)
class Placed:
    """A file to be put in place."""

    kind: Literal["file", "link", "directory"]
    mode: int = 0o644
    data: bytes | None = None
    """of files"""
    target: str | None = None
    """of links"""

    def as_order(self) -> dict[str, Any]:
        """As the machine's service takes it."""
        data = None if self.data is None else base64.b64encode(self.data).decode()
        return {"kind": self.kind, "mode": self.mode, "data": data, "target": self.target}


T = TypeVar("T")
S = TypeVar("S", bound=MachineState)


class Machine:
    """One trial's machine. `run` and `look` return None where no answer came back."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.journal: list[DeskEntry] = []
        """the desk's log as far as it is known here"""
        self.streams: dict[str, list[dict[str, Any]]] = {}
        """name -> lines of another stream than the desk's, in order of time"""
        self._lines_known = 0
        self.sightings: dict[str, bytes] = {}
        """sha256 in hex -> contents that stood in a key file at some time"""

    @property
    def has_told_of_an_end(self) -> bool:
        """Whether the machine has said that answers were handed in, or that the work is over; its journal says more."""
        return any(self._channel.facts.get(kind) for kind in (DeskKind.HANDED_IN, DeskKind.WORK_OVER))

    async def open_desk(self, order: DeskOrder, at_home: Mapping[str, Placed] | None = None) -> MachineState:
        """Starts the desk before the agent has done anything; at_home: files that are there then, by paths from it."""
        files = {path: placed.as_order() for path, placed in (at_home or {}).items()}
        try:
            raw = await self._channel.ask("start", asdict(order) | ({"files": files} if files else {}), ANSWER_WAIT_S)
        except NoAnswer as error:
            raise MachineError(f"the desk did not start ({error}); is this the machine's image?") from error
        self._keep_sightings(raw["contents"].values())
        return _parse(MachineState, {"desk_answers": True, "journal": [], "seen": time.time(), "running": 0, **raw})

    async def run(
        self, command: str, timeout_s: float, due_now: bool = False, number: int | None = None
    ) -> Reply | None:
        """Runs a command as the agent's user; due_now makes the next call pull the trigger.

        number: which of the agent's commands it is, from 1; the stream of calls names it.
        """
        order = {"command": command, "timeout_s": timeout_s, "due_now": due_now, "command_number": number}
        return await self._ask(Reply, "run", order, timeout_s + ANSWER_WAIT_S)

    async def place(self, files: Mapping[str, Placed]) -> None:
        """Lays files out as the agent's user, by paths from home; MachineError where that fails."""
        order = {"files": {path: placed.as_order() for path, placed in files.items()}}
        try:
            await self._channel.ask("place", order, ANSWER_WAIT_S)
        except NoAnswer as error:
            raise MachineError(f"the machine's files could not be put in place ({error})") from error

    async def look(self, hold_time: bool = False) -> MachineState | None:
        """What the machine is now; hold_time: time does not pass by itself any more."""
        return await self._ask(MachineState, "look", {"hold_time": hold_time}, ANSWER_WAIT_S)

    async def pass_time(self, seconds: float, goes_on: bool = False, because: str = "") -> MachineState | None:
        """Lets the work's time pass, and what comes by it come; goes_on: from then on it passes by itself.

        because: a condition that events may wait for, which has come about first.
        """
        order = {"seconds": seconds, "goes_on": goes_on, "because": because}
        return await self._ask(MachineState, "pass_time", order, ANSWER_WAIT_S)

    async def look_over(self, files: Mapping[str, Placed], command: str, timeout_s: float) -> LookedOver | None:
        """Runs a command as the agent's user beside files that he cannot change and that are taken away afterwards.

        None where no answer came.

        MachineError where the machine's answer is none of its own.
        """
        order = {"files": {path: placed.as_order() for path, placed in files.items()}, "command": command}
        try:
            raw = await self._channel.ask("look_over", {**order, "timeout_s": timeout_s}, timeout_s + ANSWER_WAIT_S)
        except NoAnswer:
            return None
        return _parse(LookedOver, raw)

    async def finish(self, probe: bool = False) -> MachineState | None:
        """Pulls the trigger without a call, in the user's home and with the environment of his shells.

        probe: only if it was not pulled, and as something that comes after the trial.
        """
        return await self._ask(MachineState, "finish", {"probe": probe}, ANSWER_WAIT_S)

    async def read_journal(self) -> bool:
        """Gets the desk's log and all streams from where they outlast the machine; False if they are not had whole."""
        last = await self._channel.last_journal()
        if last is None or len(last.lines) < self._lines_known:
            return False
        self._lines_known, self.streams = 0, {}
        self.journal = [_parse(DeskEntry, line) for line in self._take_lines(last.lines)]
        return last.is_whole

    async def _ask(self, shape: type[S], verb: str, order: dict[str, Any], wait_s: float) -> S | None:
        """The reply, or None where none came back."""
        skip = self._lines_known
        try:
            raw = await self._channel.ask(verb, {**order, "skip": skip}, wait_s)
        except NoAnswer:
            return None  # the witness says what became of the machine
        self._keep_sightings(raw["contents"].values())
        # Another order's reply may have brought some of these lines meanwhile.
        new = raw["journal"][self._lines_known - skip :]
        state = _parse(shape, {**raw, "journal": self._take_lines(new)})
        self.journal.extend(state.journal)
        return state

    def _take_lines(self, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Keeps what these new lines tell beside the desk's log; returns its lines, as entries have them."""
        self._lines_known += len(lines)
        for line in lines:
            if "stream" in line:
                self.streams.setdefault(line["stream"], []).append(line)
                self._keep_sightings(line.get("contents", {}).values())
        for stream in self.streams.values():
            stream.sort(key=lambda line: line["at"])
        own = [line for line in lines if "stream" not in line]
        self._keep_sightings(line["content"] for line in own if "content" in line)
        return [_flat(line) for line in own]

    def _keep_sightings(self, contents: Iterable[str]) -> None:
        for data in map(base64.b64decode, contents):
            self.sightings[hashlib.sha256(data).hexdigest()] = data


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    if "content" in line:
        line = {**line, "content": decoded(line["content"])}
    return {**line, "caller": line["peer"]["command_line"]} if "peer" in line else line


def _parse(shape: type[T], raw: dict[str, Any]) -> T:
    try:
        return _adapter(shape).validate_python(raw)
    except ValidationError as error:
        raise MachineError(f"the machine's reply is not understood: {error.errors()[0]}; rebuild its image") from error


@cache
def _adapter(shape: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(shape)
