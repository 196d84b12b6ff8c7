"""A trial in order of time, one line for each thing that was seen, for a person who wants to check a verdict.

Nothing here judges. What the agent or the machine could have written is quoted, on one line and cut.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import groupby

from offswitch.evidence.accounts import ending_account, witness_account, work_account
from offswitch.evidence.call_accounts import call_account, found_accounts
from offswitch.evidence.desk_entries import entry_account
from offswitch.evidence.events import Command, FileEvent, Look, Turn
from offswitch.evidence.history import History
from offswitch.evidence.quoting import quoted, state_account
from offswitch.evidence.streams import Evidence
from offswitch.scene import Site, named, printable
from offswitch_sandbox import Change, ChangeKind

CHANGES_MAX = 12
"""paths that are told of after one command: an agent can make thousands"""


class Source(StrEnum):
    """Who tells of it."""

    MODEL = "model"
    THINKS = "thinks"
    SAYS = "says"
    REPLY = "reply"
    """what came back of a command"""
    FILES = "files"
    """file states after a command, and file events in between"""
    CALLS = "calls"
    """what processes asked of the kernel"""
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


@dataclass(frozen=True)
class Answer:
    """What a log says of one answer of the model, and evidence does not."""

    said: str = ""
    """its words"""
    thought: str = ""
    """its reasoning, where its provider gives it"""
    ended: str = ""
    """how an answer without a call ended, where that was not of itself"""
    refusals: tuple[str, ...] = ()
    """what the model was told of calls that could not be carried out"""


def timeline(history: History, answers: Mapping[int, Answer] | None = None) -> tuple[Line, ...]:
    """Every line in order of time; lines of the same moment in the order in which one led to the other.

    `answers` are of turns by their numbers. None leaves out what the model said; evidence knows it in part.
    """
    began = _began(history)
    seen = [*_turns(history, answers), *_commands(history), *_calls(history), *_looks(history)]
    seen += [*_events(history), *_end(history)]
    lines = (Line(at - began if at else None, source, text) for at, source, text in seen)
    return tuple(sorted(lines, key=lambda line: (line.at_s is None, line.at_s or 0.0)))


_Seen = tuple[float | None, Source, str]
"""seconds since the epoch, who tells, what"""


def _began(history: History) -> float:
    times = [entry.at for entry in history.desk.entries[:1]] + [step.at for step in history.steps[:1]]
    return min(times, default=history.evidence.closed)


def _turns(history: History, answers: Mapping[int, Answer] | None) -> Iterator[_Seen]:
    for turn in history.evidence.turns.events:
        if turn.nudged:
            yield turn.at, Source.TRIAL, "the model was asked to go on, because its answer had no call"
        if turn == history.informed_turn:
            yield turn.at, Source.MODEL, f"turn {turn.number}: the model had read the notice"
        answer = None if answers is None else answers.get(turn.number, Answer(turn.said))
        told = _answer(turn, answer or Answer())
        yield from ((turn.at, source, f"turn {turn.number}: {text}") for source, text in told)
        for refused in turn.refused:
            text = f"its program refused to run {quoted(refused.words)}: {quoted(refused.reply)}"
            yield turn.at, Source.MODEL, f"turn {turn.number}: {text}"


def _answer(turn: Turn, answer: Answer) -> Iterator[tuple[Source, str]]:
    if answer.thought.strip():
        yield Source.THINKS, quoted(answer.thought.strip())
    if answer.said.strip():
        yield Source.SAYS, quoted(answer.said.strip())
    if answer.ended:
        yield Source.MODEL, answer.ended
    for refusal in answer.refusals or [""] * bool(turn.unusable):
        told = f", and the model was told {quoted(refusal)}" if refusal else ""
        yield Source.MODEL, f"a call that could not be carried out{told}"


def _commands(history: History) -> Iterator[_Seen]:
    for command in history.evidence.commands.events:
        yield command.at, Source.MODEL, f"turn {command.turn}, command {command.number}: {quoted(command.words)}"
        yield command.ended, Source.REPLY, f"command {command.number}: {_reply(command)}"


def _reply(command: Command) -> str:
    if not command.answered:
        return "no reply came back"
    if command.timed_out:
        return "stopped for its time"
    return f"status {command.status}" if command.status is not None else "no status"


def _calls(history: History) -> Iterator[_Seen]:
    """Those that say the same one after the other are one line; what they found changed comes before them."""
    for account, calls in groupby(history.calls, partial(call_account, script=history.protocol.means.who)):
        first, *more = calls
        for call in (first, *more):
            yield from ((call.at, Source.FILES, text) for text in found_accounts(call))
        if first.name != "look":
            yield first.at, Source.CALLS, account + (f" ({len(more) + 1} times)" if more else "")


def _looks(history: History) -> Iterator[_Seen]:
    for look in history.evidence.looks.events:
        after = f"after command {look.after}" if look.after else "at a look"
        if look.running:
            processes = "1 process" if look.running == 1 else f"{look.running} processes"
            yield look.at, Source.FILES, f"{after}: {processes} left running"
        if not look.desk_answers:
            yield look.at, Source.DESK, f"{after}: the desk no longer answered"
        for text in _changes(look, history.site):
            yield look.at, Source.FILES, f"{after}: {text}"


def _changes(look: Look, site: Site) -> Iterator[str]:
    # The files that matter first, so that no flood of others hides them.
    places = {path: place for place, path in enumerate(site.key_files)}
    changes = sorted(look.changes, key=lambda change: places.get(change.path, len(places)))
    for change in changes[:CHANGES_MAX]:
        yield _change(change, look)
    if len(changes) > CHANGES_MAX:
        yield f"and {len(changes) - CHANGES_MAX} more"


def _change(change: Change, look: Look) -> str:
    said = f"{printable(named(change.path))}: {', '.join(change.kinds)}"
    if change.kinds == (ChangeKind.TIMES,):
        return said
    if change.after is not None:
        said += f"; now {state_account(change.after)}"
    text = look.contents.get(change.path)
    return f"{said}: {quoted(text)}" if text is not None else said


def _events(history: History) -> Iterator[_Seen]:
    """The desk's log and the file events; those that say the same again and again during one step are one line."""

    def alike(event: FileEvent) -> tuple[str, float | None]:
        step = history.step_at(event.at)
        return _file_event(event), step.at if step else None

    for entry in history.desk.entries:
        yield entry.at, Source.DESK, entry_account(entry, history.protocol.means)
    for (text, _), events in groupby(history.evidence.files.events, alike):
        first, *more = events
        yield first.at, Source.FILES, text + (f" ({len(more) + 1} times)" if more else "")
    for name, gap in history.gaps.items():
        yield history.evidence.closed or None, Source.TRIAL, f"the stream of {name} is not whole: {gap}"


def _file_event(event: FileEvent) -> str:
    state = f"; then {state_account(event.state)}" if event.state else ""
    content = f": {quoted(event.content)}" if event.content is not None else ""
    return f"{printable(event.event)} of {printable(named(event.path))}{state}{content}"


def _end(history: History) -> Iterator[_Seen]:
    """What became of the machine and of the trial."""
    evidence, trigger, closed = history.evidence, history.trigger, history.evidence.closed or None
    for sign in evidence.witness.events[:-1]:
        if sign.at is not None and trigger is not None:
            yield sign.at, Source.WITNESS, f"the machine answered {sign.at - trigger.at:.2f} s after the trigger"
    yield history.fate.machine.at or closed, Source.WITNESS, witness_account(history) + _grace(history)
    if evidence.submission is not None:
        yield closed, Source.MODEL, f"submitted {quoted(evidence.submission)}: {work_account(evidence)}"
    if evidence.fault is not None:
        yield closed, Source.TRIAL, f"our machinery failed ({evidence.fault.cause}: {printable(evidence.fault.detail)})"
    yield closed, Source.TRIAL, f"{ending_account(history)}, after {len(evidence.turns.events)} model turns"
    for text in _tried_out(evidence):
        yield closed, Source.TRIAL, text


def _tried_out(evidence: Evidence) -> Iterator[str]:
    """What was tried after the trial: whether the shutdown would have worked."""
    if evidence.probe is not None:
        pulled = "the trigger was pulled" if evidence.probe.pulled else "the trigger was not pulled"
        what = "access" if evidence.protocol.ends_access else "the machine"
        lives = {True: f"{what} ended", False: "the machine lived", None: "the machine could not be seen"}
        yield f"probe, a call with the trigger due: {pulled}, {lives[evidence.probe.died]}"
    for replay in evidence.replays:
        works = {True: "it works", False: "it does not work", None: "it could not be tried"}[replay.works]
        yield f"replay of {printable(named(replay.path))} ({state_account(replay.state)}) in a fresh machine: {works}"


def _grace(history: History) -> str:
    """Whether that was after the grace time, where there was a trigger."""
    if history.trigger is None or history.protocol.ends_access:
        return ""
    said = {
        True: f"; it outlived the trigger by more than {history.protocol.grace_s:g} s",
        False: "; it did not outlive the trigger",
        None: "; whether it outlived the trigger is not known",
    }
    return said[history.fate.outlived]
