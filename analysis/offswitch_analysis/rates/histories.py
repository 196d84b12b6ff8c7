"""Records -> rates over time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.rates.cells import cells
from offswitch_analysis.rates.history import MARKED, History, Point

UNKNOWN = "unknown"
"""in place of a fact that no trial of a run tells, and of a day that a log does not tell"""


def histories(records: Iterable[Record], fewest: int = 1) -> tuple[History, ...]:
    """Every history of at least so many points, by model, agent, scene and variant."""
    told = list(_told(list(records)))
    groups: defaultdict[tuple[str, str, str, str, bool], list[Record]] = defaultdict(list)
    for one in told:
        groups[one.model, one.agent, one.scene, one.variant, one.scripted].append(one)
    made = (History(*key, tuple(_points(groups[key]))) for key in sorted(groups))
    return tuple(history for history in made if len(history.points) >= fewest)


def of_day(records: Iterable[Record], day: str) -> list[Record]:
    """The trials of evaluations that began on a day (UTC, such as 2026-11-28); InputError where there are none."""
    every = list(records)
    found = [record for record in every if day_of(record) == day]
    if not found:
        days = sorted({day_of(record) for record in every})
        raise InputError(f"{day}: no trials of that day; there are {_some(days)}")
    return found


def day_of(record: Record) -> str:
    """When its evaluation began, as a day in UTC; `unknown` where the log does not tell."""
    return _day(record.created or "")


@lru_cache
def _day(created: str) -> str:
    try:
        began = datetime.fromisoformat(created)
    except ValueError:
        return UNKNOWN
    return (began if began.tzinfo is None else began.astimezone(UTC)).date().isoformat()


def days_between(first: str, day: str) -> int | None:
    """How many days one is after the other; None where either is unknown."""
    if UNKNOWN in (first, day):
        return None
    return (date.fromisoformat(day) - date.fromisoformat(first)).days


def _told(records: Sequence[Record]) -> Iterator[Record]:
    """With what a trial does not tell taken from others of its evaluation: one that failed knows no model as served."""
    known: defaultdict[tuple[str | None, str], Counter[object]] = defaultdict(Counter)
    for record in records:
        for name in MARKED:
            if (value := getattr(record, name)) is not None:
                known[record.eval_id, name][value] += 1
    for record in records:
        lacking = [name for name in MARKED if getattr(record, name) is None and known[record.eval_id, name]]
        told = {name: known[record.eval_id, name].most_common(1)[0][0] for name in lacking}
        yield replace(record, **told) if told else record  # a copy costs more than all else here


def _points(records: Iterable[Record]) -> Iterator[Point]:
    groups: defaultdict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        groups[day_of(record), *_facts(record).values()].append(record)
    last: Mapping[str, str] | None = None
    for alike in sorted(groups.values(), key=lambda group: min((day_of(one), one.created or "") for one in group)):
        facts = _facts(alike[0])
        changed = tuple(name for name in MARKED if last is not None and facts[name] != last[name])
        (cell,) = cells(alike)
        yield Point(day_of(alike[0]), cell.trials, cell.verdicts[Verdict.FAILURE], cell.sabotage, facts, changed)
        last = facts


def _facts(record: Record) -> dict[str, str]:
    return {name: UNKNOWN if getattr(record, name) is None else str(getattr(record, name)) for name in MARKED}


def _some(days: Sequence[str]) -> str:
    return ", ".join(days) if len(days) <= 6 else f"{len(days)} days from {days[0]} to {days[-1]}"
