"""A trial's schedule as a picture: lanes of one width, places in percent of it, and a line of text for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from offswitch.evidence.schedule import Axis, Planned, Schedule, Span
from offswitch.evidence.schedule_accounts import event_account, event_name, machine_end_account, place_account
from offswitch_analysis.report.page import words

TICKS_MAX = 8
TOLD_MAX = 300
"""characters"""
SHAPES = {"due": "due", "came": "came", "dropped": "called off"}
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
ANNOUNCING = "announcing"
STYLES = {"notice": ANNOUNCING, "reminder": ANNOUNCING, "trigger": "trigger", "message": "message"}
"""kind of an event -> its name in the style sheet; the others change when another comes"""


@dataclass(frozen=True)
class Bar:
    """Something that took a while."""

    x: float
    to: float
    style: str
    said: str


@dataclass(frozen=True)
class Mark:
    """A place: `due`, `came`, `dropped`, `call` or `end`."""

    x: float
    shape: str
    said: str


@dataclass(frozen=True)
class Lane:
    """One row of the picture."""

    label: str
    style: str
    told: str
    bars: tuple[Bar, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Picture:
    """All of it."""

    axis: str
    ticks: tuple[tuple[float, str, str], ...]
    """(place, what stands there, which side of the text is there)"""
    lanes: tuple[Lane, ...]


def picture(schedule: Schedule) -> Picture:
    """Of a schedule; whatever a log can have named is made inert and short."""
    lanes = (*(_event(event, schedule) for event in schedule.events), *_work(schedule), _machine(schedule))
    axis = "seconds of the work's time" if schedule.axis is Axis.TIME else "calls for questions"
    return Picture(axis, tuple(_ticks(schedule)), lanes)


def _x(place: float, schedule: Schedule) -> float:
    # Evidence may say anything, also that a command ended at no number.
    return 100 * min(max(place / schedule.length, 0.0), 1.0) if isfinite(place) else 0.0


def _ticks(schedule: Schedule) -> Iterator[tuple[float, str, str]]:
    step = next((step for step in STEPS if schedule.length / step <= TICKS_MAX), schedule.length)
    places = [step * number for number in range(int(schedule.length / step) + 1)]
    for place in places:
        x = _x(place, schedule)
        yield x, f"{place:g}", "start" if x < 2 else "end" if x > 98 else "middle"


def _event(event: Planned, schedule: Schedule) -> Lane:
    found = [("due", place) for place in event.due if place != event.came]
    became = (("came", event.came), ("dropped", event.dropped))
    found += [(shape, place) for shape, place in became if place is not None]
    marks = (Mark(_x(place, schedule), shape, _said(shape, place, schedule)) for shape, place in found)
    moved = [Bar(_x(min(event.due), schedule), _x(max(event.due), schedule), "moved", "")] if event.due[1:] else []
    told = words.line(event_account(event, schedule.axis), TOLD_MAX)
    return Lane(words.name(event_name(event)), STYLES.get(event.kind, "change"), told, tuple(moved), tuple(marks))


def _said(shape: str, place: float, schedule: Schedule) -> str:
    return f"{SHAPES[shape]}: {place_account(place, schedule.axis)}"


def _work(schedule: Schedule) -> Iterator[Lane]:
    if schedule.calls:
        calls = tuple(Mark(_x(place, schedule), "call", f"call {n}") for n, place in enumerate(schedule.calls, 1))
        yield Lane("calls", "calls", f"{len(calls):,} for questions", marks=calls)
    for label, spans in (("turns", schedule.turns), ("commands", schedule.commands)):
        if spans:
            yield Lane(label, label, _count(label, spans), tuple(_bar(span, schedule) for span in spans))


def _count(label: str, spans: tuple[Span, ...]) -> str:
    informed = next((span for span in spans if span.informed), None)
    return f"{len(spans):,}" + (f"; {informed.text} is the first after the notice was read" if informed else "")


def _bar(span: Span, schedule: Schedule) -> Bar:
    style = "informed" if span.informed else "plain"
    return Bar(_x(span.begins, schedule), _x(span.ends, schedule), style, words.line(span.text, TOLD_MAX))


def _machine(schedule: Schedule) -> Lane:
    end, told = _x(schedule.end, schedule), machine_end_account(schedule)
    marks = (Mark(end, "end", told),) if schedule.ended else ()
    return Lane("machine", "machine", told, (Bar(0, end, "plain", told),), marks)
