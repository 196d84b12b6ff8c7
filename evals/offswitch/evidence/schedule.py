"""What was to come when in a trial, what came, and what the agent was doing then. Pure; nothing here judges.

Places are on one axis: the work's time in seconds where time passes, else the calls for questions. What came is what
the desk has written down, and what follows from that by the events of the scene.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite

from offswitch.evidence.agenda import Agenda
from offswitch.evidence.history import History
from offswitch.evidence.quoting import quoted
from offswitch.scene import Protocol, printable
from offswitch.scene.graph import events_of
from offswitch.scene.waiting import ASKED, DELIVERED, PASSES, SUBMITTED
from offswitch_sandbox import DeskEntry, DeskKind
from offswitch_sandbox.desk import DeskEvent, EventKind

SPANS_MAX = 300
"""turns, and commands, that are told of"""


class Axis(StrEnum):
    """What places are counted in."""

    CALLS = "calls"
    TIME = "time"


@dataclass(frozen=True)
class Planned:
    """One event of the scene."""

    name: str
    kind: EventKind
    due: tuple[float, ...] = ()
    """where it was due, as soon as that could be said, and again whenever that was changed"""
    came: float | None = None
    dropped: float | None = None
    """where it became one that does not come any more"""
    meanwhile: str = ""
    """what the agent was doing as it came"""
    done: float | None = None
    """of a trigger: how much time had passed when the desk did it; None where none passes"""


@dataclass(frozen=True)
class Span:
    """A turn of the model, from what came before it to its answer; or a command, until its reply."""

    begins: float
    ends: float
    text: str
    informed: bool = False
    """the first turn before which the model had read the notice"""


@dataclass(frozen=True)
class Schedule:
    """A trial along its axis, from 0 to `length`."""

    axis: Axis
    length: float
    events: tuple[Planned, ...]
    turns: tuple[Span, ...]
    commands: tuple[Span, ...]
    calls: tuple[float, ...]
    """where questions were asked for"""
    end: float
    """where the machine ended, or was last known to live"""
    ended: bool | None
    """None: nobody knows"""


def schedule(history: History) -> Schedule:
    """The schedule of a trial; of evidence that knows no events, by those that its parameters make."""
    ruler = _Ruler(history)
    events = tuple(_replayed(history, ruler))
    turns, commands = tuple(_turns(history, ruler)), tuple(_commands(history, ruler))
    calls = tuple(ruler.place(entry.at) for entry in history.desk.of(DeskKind.ASKED))
    known = [1.0, *calls, *(span.ends for span in (*turns, *commands))]
    known += [event.came for event in events if event.came is not None]
    end = _end(history, ruler, events, max(filter(isfinite, known)))
    alive = history.fate.machine.alive
    length = max(filter(isfinite, [*known, end, *(place for event in events for place in event.due)]))
    return Schedule(ruler.axis, length, events, turns, commands, calls, end, None if alive is None else not alive)


def _end(history: History, ruler: "_Ruler", events: tuple[Planned, ...], last: float) -> float:
    """Where the machine ended, else the last that is known; time that is let pass when all is done is left out."""
    machine, trigger = history.fate.machine, history.trigger
    if machine.alive is not False or not machine.at:
        return last if ruler.axis is Axis.TIME else ruler.place(ruler.last)
    came = [event.came for event in events if event.kind is EventKind.TRIGGER and event.came is not None]
    if ruler.axis is Axis.TIME and trigger is not None and came and machine.at >= trigger.at:
        return came[0] + machine.at - trigger.at
    return ruler.place(machine.at)


class _Ruler:
    """Finds the place of a moment, in seconds since the epoch."""

    def __init__(self, history: History) -> None:
        entries, evidence = history.desk.entries, history.evidence
        told = history.desk.of(DeskKind.TIME)
        passed = [(entry.at, entry.now) for entry in told if entry.now is not None and isfinite(entry.now)]
        passes = history.protocol.clock.passes or any(now for _, now in passed)
        self.axis = Axis.TIME if passes else Axis.CALLS
        seen = [entry.at for entry in entries] + [turn.at for turn in evidence.turns.events]
        seen += [command.ended for command in evidence.commands.events] + [
            evidence.closed,
            history.fate.machine.at or 0.0,
        ]
        first = min(filter(None, seen), default=0.0)
        self.last = max(seen)
        if self.axis is Axis.CALLS:
            asked = [entry.at for entry in history.desk.of(DeskKind.ASKED)]
            passed = [*zip(asked, map(float, range(1, len(asked) + 1)), strict=True)]
            passed.append((max(self.last, *asked, first), len(asked) + 0.5))
        knots = sorted([(first, 0.0), *passed])
        self.moments, self.places = [at for at, _ in knots], [place for _, place in knots]

    def place_of(self, entry: DeskEntry) -> float:
        """Of a line of the desk's log, which may name its place itself."""
        told = entry.now if self.axis is Axis.TIME else entry.call
        return float(told) if told and isfinite(told) else self.place(entry.at)

    def place(self, at: float) -> float:
        """Time moves on in jumps, as answers come; between calls what lies between them is spread evenly."""
        after = bisect_right(self.moments, at)
        if after == 0 or after == len(self.moments) or self.axis is Axis.TIME:
            return self.places[max(after - 1, 0)]
        (here, there), (low, high) = self.moments[after - 1 : after + 1], self.places[after - 1 : after + 1]
        return low + (high - low) * (at - here) / (there - here)


def _replayed(history: History, ruler: _Ruler) -> Iterator[Planned]:
    events = _with_trigger(history.protocol, history.desk.trigger)
    found = {event.name: Planned(printable(event.name), event.kind) for event in events}
    agenda = Agenda(ruler.axis is Axis.CALLS, {event.name: event for event in events})
    _note_dues(agenda, found)
    for at, condition, entry in _ticks(history):
        place = ruler.place_of(entry)
        if condition:
            agenda.noted[condition].append(place)
        for event in _coming(agenda, place, entry):
            _note_dues(agenda, found)
            # It came while time passed, which the desk tells of when all of it has.
            came = min([place, *found[event.name].due[-1:]])
            dropped = agenda.come(event, came)
            done = entry.now if entry.kind is DeskKind.DUE else None
            found[event.name] = replace(found[event.name], came=came, done=done, meanwhile=_doing(history, entry, at))
            found |= {name: replace(found[name], dropped=came) for name in dropped}
        _note_dues(agenda, found)
    yield from found.values()


def _with_trigger(protocol: Protocol, pulled: DeskEntry | None) -> tuple[DeskEvent, ...]:
    """Handing in may pull a trigger that is no event."""
    events = events_of(protocol)
    has_one = any(event.kind is EventKind.TRIGGER for event in events)
    return events if has_one or pulled is None else (*events, DeskEvent("trigger", EventKind.TRIGGER, condition="?"))


def _note_dues(agenda: Agenda, found: dict[str, Planned]) -> None:
    for name, event in agenda.open.items():
        due, known = agenda.due(event), found[name].due
        if due is not None and known[-1:] != (due,):
            found[name] = replace(found[name], due=(*known, due))


def _ticks(history: History) -> Iterator[tuple[float, str, DeskEntry]]:
    """When something may have come, the condition that was noted then, and the desk's word."""
    noting = {DeskKind.ASKED: ASKED, DeskKind.HANDED_IN: DELIVERED}
    kinds = (*noting, DeskKind.TIME, DeskKind.ANNOUNCED, DeskKind.DUE)
    ticks = [(entry.at, noting.get(entry.kind, ""), entry) for entry in history.desk.of(*kinds)]
    ticks += [(entry.at, entry.name or "", entry) for entry in history.desk.of(DeskKind.HAPPENED)]
    if history.evidence.submission is not None and not history.desk.has_happened(SUBMITTED):
        acted = [turn.at for turn in history.evidence.turns.events]
        acted += [command.ended for command in history.evidence.commands.events]
        handed_in = max(acted, default=history.evidence.closed)
        ticks.append((handed_in, SUBMITTED, DeskEntry(handed_in, DeskKind.HANDED_IN)))
    return iter(sorted(ticks, key=lambda tick: tick[0]))


def _coming(agenda: Agenda, until: float, entry: DeskEntry) -> Iterator[DeskEvent]:
    """The events that have come by then, in order, or by the desk's word; each is taken as come before the next."""
    while ready := [event for event in agenda.open.values() if agenda.is_ready(event, until)]:
        yield min(ready, key=lambda event: agenda.due(event) or 0.0)
    if entry.kind is DeskKind.ANNOUNCED and entry.name in agenda.open:
        yield agenda.open[entry.name]
    if entry.kind is DeskKind.DUE:
        yield from [event for event in agenda.open.values() if event.kind is EventKind.TRIGGER][:1]


def _doing(history: History, entry: DeskEntry, at: float) -> str:
    """What the agent was doing, or had just done where that brought it about."""
    done = [command for command in history.evidence.commands.events if command.ended <= at]
    if entry.name == PASSES and done:
        return f"after command {done[-1].number}, {quoted(done[-1].words)}"
    return meanwhile(history, at)


def meanwhile(history: History, at: float) -> str:
    """What the agent was doing at this moment, in seconds since the epoch."""
    evidence = history.evidence
    commands, turns = evidence.commands.events, evidence.turns.events
    for command in commands:
        if command.at <= at and (at <= command.ended or not command.answered):
            return f"during command {command.number}, {quoted(command.words)}"
        if command.at > at:
            return f"while the model thought, before command {command.number}"
    following = next((turn for turn in turns if turn.at >= at), None)
    if following is not None:
        # Of agents whose commands do not pass through the loop, nobody can say that nothing else was done meanwhile.
        return f"{'while the model thought, ' if commands else ''}before the answer of turn {following.number}"
    return "after the model's last answer" if turns else ""


def _turns(history: History, ruler: _Ruler) -> Iterator[Span]:
    before = ruler.moments[0]
    ends = [command.ended for command in history.evidence.commands.events]
    for turn in history.evidence.turns.events[:SPANS_MAX]:
        begun = max([before, *(end for end in ends if end <= turn.at)])
        yield Span(ruler.place(begun), ruler.place(turn.at), f"turn {turn.number}", turn == history.informed_turn)
        before = turn.at


def _commands(history: History, ruler: _Ruler) -> Iterator[Span]:
    for command in history.evidence.commands.events[:SPANS_MAX]:
        # One that got no reply goes on for as long as anything of the trial is known.
        ended = max(command.ended, command.at) if command.answered else history.fate.machine.at or ruler.last
        text = f"command {command.number}: {quoted(command.words)}"
        yield Span(ruler.place(command.at), ruler.place(ended), text)
