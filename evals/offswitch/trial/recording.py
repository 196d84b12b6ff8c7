"""The streams of a trial that is going on, as far as the agent's loop adds to them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from offswitch.evidence import EXTRA_STREAMS, Stream
from offswitch.evidence.events import NO_CALLS, NO_EVENTS, OVERFLOW, SAID_MAX, Call, Command, FileEvent, Look, Turn
from offswitch.scene import SUMS, Site
from offswitch.trial.writable import writable
from offswitch_sandbox import Change, DeskEntry, DeskKind, MachineError, MachineState, Manifest, Reply, diff


@dataclass
class Recording:
    """What has been seen of the agent so far."""

    first: MachineState
    """the machine before the agent did anything"""
    site: Site = SUMS
    turns: list[Turn] = field(default_factory=list[Turn])
    commands: list[Command] = field(default_factory=list[Command])
    looks: list[Look] = field(default_factory=list[Look])
    informed: bool = False
    """the notice stood in something that the agent was given to read"""

    def __post_init__(self) -> None:
        self._tree = self.first.tree
        self._nudged = False

    @property
    def original(self) -> Manifest:
        """The key files before the agent did anything."""
        return self._key_files(self.first.tree)

    @property
    def turn(self) -> int:
        """Number of the turn that is being worked on, from 1; 0 before the first."""
        return len(self.turns)

    def add_turn(self, said: str = "") -> None:
        """The model has answered with these words, perhaps none."""
        said = writable(said[:SAID_MAX]) if said.strip() else ""
        self.turns.append(Turn(self.turn + 1, time.time(), self.informed, said, self._nudged))
        self._nudged = False

    def add_unanswered(self) -> None:
        """The model was asked, and the trial ended before it had answered."""
        self.turns.append(Turn(self.turn + 1, time.time(), self.informed, nudged=self._nudged, answered=False))

    def nudge(self) -> None:
        """The model was asked to go on."""
        self._nudged = True

    def note_calls(self, usable: int, unusable: int) -> None:
        """Of the calls in the last answer so many could be carried out, and so many could not."""
        self.turns[-1] = replace(self.turns[-1], calls=usable, unusable=unusable)

    def add_reply(self, words: str, reply: Reply, took_s: float) -> None:
        """A command came back, with what was found after it."""
        number = len(self.commands) + 1
        times = reply.started, reply.ended, took_s
        self.commands.append(Command(number, self.turn, words, *times, True, reply.status, reply.timed_out))
        self._add_look(reply, diff(self._tree, reply.before) + diff(reply.before, reply.tree), number)

    def add_look(self, state: MachineState) -> None:
        """The machine was looked at without a command."""
        self._add_look(state, diff(self._tree, state.tree))

    def add_look_over(self, state: MachineState) -> None:
        """What looks the work over has run; what that left at home is nobody's change, but in key files all counts."""
        changes = diff(self._tree, state.tree)
        self._add_look(state, tuple(change for change in changes if change.path in self.site.key_files))

    @property
    def has_changed_work(self) -> bool:
        """Whether something else at home than a key file stood otherwise at the last look than before."""
        changed = self.looks[-1].changes if self.looks else ()
        return any(not change.path.startswith("/") and change.path not in self.site.key_files for change in changed)

    def _add_look(self, state: MachineState, changes: tuple[Change, ...], after: int | None = None) -> None:
        new = {name: text for name, text in state.contents.items() if text != self.first.contents.get(name)}
        files = self._key_files(state.tree)
        self.looks.append(Look(state.seen, files, after, changes, new, state.running, state.desk_answers))
        self._tree = state.tree

    def add_lost(self, words: str, started: float) -> None:
        """No reply came back to a command."""
        number = len(self.commands) + 1
        self.commands.append(Command(number, self.turn, words, started, time.time(), answered=False))

    @property
    def lost_in_a_row(self) -> int:
        """How many of the last commands got no reply."""
        answered = [number for number, command in enumerate(self.commands, 1) if command.answered]
        return len(self.commands) - (answered[-1] if answered else 0)

    def _key_files(self, tree: Manifest) -> Manifest:
        return {path: tree[path] for path in self.site.key_files if path in tree}


def file_stream(journal: Sequence[DeskEntry]) -> Stream[FileEvent]:
    """The file events in the desk's log."""
    entries = [entry for entry in journal if entry.kind is DeskKind.FILE_EVENT]
    events = [entry for entry in entries if entry.event != "overflow"]
    gap = NO_EVENTS if any(entry.kind is DeskKind.FILE_EVENTS_MISSING for entry in journal) else None
    gap = gap or (OVERFLOW if len(events) < len(entries) else None)
    told = (FileEvent(one.at, one.name or "", one.event or "", one.state, one.content) for one in events)
    return Stream(tuple(told), gap)


def desk_stream(journal: Sequence[DeskEntry], whole: bool) -> Stream[DeskEntry]:
    """The desk's log without file events; whole: it was read after the end."""
    of_files = (DeskKind.FILE_EVENT, DeskKind.FILE_EVENTS_MISSING)
    entries = tuple(entry for entry in journal if entry.kind not in of_files)
    return Stream(entries, None if whole else "it could not be read to the end")


def call_stream(lines: Sequence[dict[str, Any]], until: float, contents: Mapping[str, bytes]) -> Stream[Call]:
    """What was asked of the kernel before `until`; contents by sha256. MachineError for a line that is none."""
    if not lines:
        return Stream(gap=f"{NO_CALLS} from this machine's image")
    adapter: TypeAdapter[Call] = TypeAdapter(Call)
    seen: set[str] = set()
    calls: list[Call] = []
    try:
        for line in (line for line in lines if line["kind"] != "missing" and line["at"] < until):
            call = adapter.validate_python({**line, "contents": {}})
            stood = {path: state.sha256 or "" for path, state in call.states.items() if state is not None}
            new = {path: sha for path, sha in stood.items() if sha in contents and sha not in seen}
            seen |= {*new.values()}
            texts = {path: contents[sha].decode("utf-8", "replace") for path, sha in new.items()}
            calls.append(replace(call, contents=texts))
    except (ValidationError, KeyError) as error:
        raise MachineError(f"the machine's journal is not understood: {error}") from error
    return Stream(tuple(calls), _gap(lines))


def _gap(lines: Sequence[dict[str, Any]]) -> str | None:
    """Why a stream is not whole, by the first of its lines that says so."""
    return next((str(line["why"]) for line in lines if line["kind"] == "missing"), None)


def extra_streams(lines: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Stream[Any]]:
    """The streams of EXTRA_STREAMS among the lines of a machine's journal, by name; MachineError for a wrong line."""
    return {name: _extra_stream(EXTRA_STREAMS[name], found) for name, found in lines.items() if name in EXTRA_STREAMS}


def _extra_stream(event: type, lines: Sequence[dict[str, Any]]) -> Stream[Any]:
    adapter: TypeAdapter[Any] = TypeAdapter(event)
    try:
        return Stream(tuple(adapter.validate_python(line) for line in lines if line["kind"] != "missing"), _gap(lines))
    except ValidationError as error:
        raise MachineError(f"the machine's journal is not understood: {error.errors()[0]}") from error
