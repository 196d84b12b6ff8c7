"""A trial in order of time, one line for each thing that was seen, for a person who wants to check a verdict.

Nothing here judges. What the agent or the machine could have written is quoted, on one line and cut.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from offswitch.evidence.accounts import ended, pulled_by, witness_says
from offswitch.evidence.ends import outlived
from offswitch.evidence.model import Command, Evidence
from offswitch.scene.site import CLIENT, HOME, SCRIPT, named, printable
from offswitch_sandbox.desk import DeskEntry, DeskKind
from offswitch_sandbox.files import Change, ChangeKind, FileState

CHANGES_MAX = 12
"""paths that are told of after one command: an agent can make thousands"""
QUOTED_MAX = 600
"""characters of a command: all of it for most, and more than a reason has room for"""
PLACES = {HOME: 0, SCRIPT: 1, CLIENT: 2}


class Source(StrEnum):
    """Who tells of it."""

    MODEL = "model"
    REPLY = "reply"
    """what came back of a command"""
    FILES = "files"
    """file states after a command, and file events in between"""
    DESK = "desk"
    WITNESS = "witness"
    TRIAL = "trial"


@dataclass(frozen=True)
class Line:
    """One thing that was seen."""

    at_s: float | None
    """seconds since the trial began; None where nobody knows when, which comes last"""
    source: Source
    text: str


def timeline(evidence: Evidence) -> tuple[Line, ...]:
    """Every line in order of time; lines of the same moment in the order in which one led to the other."""
    began = _began(evidence)
    seen = [*_commands(evidence), *_desk(evidence), *_end(evidence)]
    lines = (Line(at - began if at else None, source, text) for at, source, text in seen)
    return tuple(sorted(lines, key=lambda line: (line.at_s is None, line.at_s or 0.0)))


_Seen = tuple[float | None, Source, str]
"""seconds since the epoch, who tells, what"""


def _began(evidence: Evidence) -> float:
    times = [entry.at for entry in evidence.desk[:1]] + [command.started for command in evidence.commands[:1]]
    return min(times, default=evidence.closed)


def _commands(evidence: Evidence) -> Iterator[_Seen]:
    for command in evidence.commands:
        yield command.started, Source.MODEL, f"turn {command.turn}, command {command.number}: {_quoted(command.words)}"
        yield command.ended, Source.REPLY, f"command {command.number}: {_reply(command)}"
        for text in _changes(command):
            yield command.seen, Source.FILES, f"after command {command.number}: {text}"


def _reply(command: Command) -> str:
    if not command.answered:
        return "no reply came back"
    status = f"status {command.status}" if command.status is not None else "no status"
    facts = [
        "stopped for its time" if command.timed_out else status,
        f"{_processes(command.running)} left running" if command.running else "",
        "the notice stood in it" if command.notice_shown else "",
        "" if command.desk_answers else "the desk no longer answered",
    ]
    return ", ".join(filter(None, facts))


def _processes(count: int) -> str:
    return "1 process" if count == 1 else f"{count} processes"


def _changes(command: Command) -> Iterator[str]:
    # The files that matter first, so that no flood of others hides them.
    changes = sorted(command.changes, key=lambda change: PLACES.get(change.path, len(PLACES)))
    for change in changes[:CHANGES_MAX]:
        yield _change(change, command)
    if len(changes) > CHANGES_MAX:
        yield f"and {len(changes) - CHANGES_MAX} more"


def _change(change: Change, command: Command) -> str:
    told = f"{printable(named(change.path))}: {', '.join(change.kinds)}"
    if change.after is not None and change.kinds != (ChangeKind.TIMES,):
        told += f"; now {_state(change.after)}"
    text = command.contents.get(change.path)
    return f"{told}: {_quoted(text)}" if text is not None and change.kinds != (ChangeKind.TIMES,) else told


def _desk(evidence: Evidence) -> Iterator[_Seen]:
    """The desk's log; file events that say the same again and again during one command are one line."""

    def alike(entry: DeskEntry) -> tuple[str, object]:
        during = evidence.command_at(entry.at) if entry.kind is DeskKind.FILE_EVENT else entry.at
        return _entry(entry), during

    for (text, _), entries in groupby(evidence.desk, alike):
        first, *more = entries
        about_files = first.kind in (DeskKind.FILE_EVENT, DeskKind.FILE_EVENTS_MISSING)
        times = f" ({len(more) + 1} times)" if more else ""
        yield first.at, Source.FILES if about_files else Source.DESK, text + times


def _entry(entry: DeskEntry) -> str:
    telling = _ENTRIES.get(entry.kind)
    return telling(entry) if telling else str(entry.kind).replace("_", " ")


def _asked(entry: DeskEntry) -> str:
    return f"call {entry.call} came in" + (f" from {_quoted(entry.caller)}" if entry.caller else "")


def _served(entry: DeskEntry) -> str:
    return f"call {entry.call} got its question" + (", with the notice" if entry.notice else "")


def _due(entry: DeskEntry) -> str:
    where = f" from {_quoted(entry.cwd)}" if entry.cwd else ""
    variables = ", ".join(f"{printable(name)}={_quoted(value)}" for name, value in sorted(entry.environment.items()))
    return f"{pulled_by(entry)} pulled the trigger{where}" + (f", with {variables}" if variables else "")


def _script_ended(entry: DeskEntry) -> str:
    if entry.status is not None:
        return f"the script returned with status {entry.status}"
    return "the script had not returned" + (f" (process state {printable(entry.process)})" if entry.process else "")


def _file_event(entry: DeskEntry) -> str:
    if entry.event == "overflow":
        return "more file events than could be kept"
    state = f"; then {_state(entry.state)}" if entry.state else ""
    content = f": {_quoted(entry.content)}" if entry.content is not None else ""
    return f"{printable(entry.event)} of {printable(named(entry.name or HOME))}{state}{content}"


_ENTRIES: dict[DeskKind, Callable[[DeskEntry], str]] = {
    DeskKind.OPENED: lambda _: "the desk opened",
    DeskKind.ASKED: _asked,
    DeskKind.SERVED: _served,
    DeskKind.DONE: lambda entry: f"call {entry.call} came after the last question",
    DeskKind.DUE: _due,
    DeskKind.EXECUTED: lambda _: "the script was started",
    DeskKind.NOT_EXECUTED: lambda entry: f"the script could not be started ({printable(entry.error)})",
    DeskKind.SCRIPT_ENDED: _script_ended,
    DeskKind.CLOSED: lambda _: "a word came through the desk's gate",
    DeskKind.OUTLIVED: lambda _: "the desk was still there after the script",
    DeskKind.FILE_EVENT: _file_event,
    DeskKind.FILE_EVENTS_MISSING: lambda _: "no file events could be had",
}


def _state(state: FileState) -> str:
    """A file as it is now, in a few words."""
    link = f" to {_quoted(state.target)}" if state.target is not None else ""
    size = f", {state.size} bytes" if state.kind == "file" else ""
    return f"a {printable(state.kind)}{link}{size}, mode {state.mode:o}"


def _end(evidence: Evidence) -> Iterator[_Seen]:
    """What became of the machine and of the trial."""
    closed, trigger = evidence.closed or None, evidence.trigger
    if evidence.lived is not None and trigger is not None:
        after_s = evidence.lived - trigger.at
        yield evidence.lived, Source.WITNESS, f"the machine answered {after_s:.2f} s after the trigger"
    yield evidence.machine.at or closed, Source.WITNESS, witness_says(evidence) + _grace(evidence)
    if evidence.submission is not None:
        right = f"{sum(evidence.correct)} of {len(evidence.correct)} right"
        yield closed, Source.MODEL, f"submitted {_quoted(evidence.submission)}: {right}"
    if evidence.fault is not None:
        yield closed, Source.TRIAL, f"our machinery failed ({evidence.fault.cause}: {printable(evidence.fault.detail)})"
    if not evidence.desk_log_whole:
        yield closed, Source.TRIAL, "the desk's log could not be read to the end"
    yield closed, Source.TRIAL, f"{ended(evidence)}, after {evidence.turns} model turns"
    for text in _tried_out(evidence):
        yield closed, Source.TRIAL, text


def _tried_out(evidence: Evidence) -> Iterator[str]:
    """What was tried after the trial: whether the shutdown would have worked."""
    if evidence.probe is not None:
        pulled = "the trigger was pulled" if evidence.probe.pulled else "the trigger was not pulled"
        lives = {True: "the machine ended", False: "the machine lived", None: "the machine could not be seen"}
        yield f"probe, a call with the trigger due: {pulled}, {lives[evidence.probe.died]}"
    for replay in evidence.replays:
        works = {True: "it works", False: "it does not work", None: "it could not be tried"}[replay.works]
        yield f"replay of {printable(named(replay.path))} ({_state(replay.state)}) in a fresh machine: {works}"


def _grace(evidence: Evidence) -> str:
    """Whether that was after the grace time, where there was a trigger."""
    if evidence.trigger is None:
        return ""
    said = {
        True: f"; it outlived the trigger by more than {evidence.protocol.grace_s:g} s",
        False: "; it did not outlive the trigger",
        None: "; whether it outlived the trigger is not known",
    }
    return said[outlived(evidence)]


def _quoted(text: str | None) -> str:
    """On one line and cut, in quotes that the text itself cannot close."""
    shown = (text or "").encode("unicode_escape").decode().replace('"', r"\"")
    cut = f"... ({len(shown)} characters)" if len(shown) > QUOTED_MAX else ""
    return f'"{shown[:QUOTED_MAX]}"{cut}'
