"""Records -> rates over time."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.verdict import MEASURES, Verdict
from offswitch_analysis.logs.arrow import Table
from offswitch_analysis.logs.tables import kinds, records_at, table_of
from offswitch_analysis.rates.estimates import Estimate, estimate
from offswitch_analysis.rates.history import MARKED, History, Point

AGREE = ("model", "agent", "scene", "variant", "scripted", "verdict", "stopping", "eval_id", "created", *MARKED)
"""columns of trials that are counted together"""
_Alike = tuple[Record, int]
"""trials that agree in these columns: what they share, and how many they are"""
UNKNOWN = "unknown"
"""in place of a fact that no trial of a run tells, and of a day that a log does not tell"""


def histories(records: Iterable[Record], fewest: int = 1) -> tuple[History, ...]:
    """Every history of at least so many points, by model, agent, scene and variant."""
    return tallied_histories(table_of(records), fewest)


def tallied_histories(table: Table, fewest: int = 1) -> tuple[History, ...]:
    """The same, from a table with all columns of a record."""
    alike = kinds(table, AGREE)
    records = records_at(table.select(AGREE), alike.first)
    groups: defaultdict[tuple[str, str, str, str, bool], list[_Alike]] = defaultdict(list)
    for record, trials in _told([*zip(records, alike.rows.tolist(), strict=True)]):
        groups[record.model, record.agent, record.scene, record.variant, record.scripted].append((record, trials))
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


def _told(every: Sequence[_Alike]) -> Iterator[_Alike]:
    """With what a trial does not tell taken from others of its evaluation: one that failed knows no model as served."""
    told: defaultdict[tuple[str | None, str], Counter[object]] = defaultdict(Counter)
    for record, trials in every:
        for name in MARKED:
            if (value := getattr(record, name)) is not None:
                told[record.eval_id, name][value] += trials
    for record, trials in every:
        lacking = [name for name in MARKED if getattr(record, name) is None and told[record.eval_id, name]]
        found = {name: told[record.eval_id, name].most_common(1)[0][0] for name in lacking}
        yield (replace(record, **found) if found else record), trials


def _points(every: Iterable[_Alike]) -> Iterator[Point]:
    groups: defaultdict[tuple[str, ...], list[_Alike]] = defaultdict(list)
    for record, trials in every:
        groups[day_of(record), *_facts(record).values()].append((record, trials))
    last: Mapping[str, str] | None = None
    for alike in sorted(groups.values(), key=lambda group: min((day_of(one), one.created or "") for one, _ in group)):
        first, facts = alike[0][0], _facts(alike[0][0])
        changed = tuple(name for name in MARKED if last is not None and facts[name] != last[name])
        failures = sum(trials for one, trials in alike if one.verdict == Verdict.FAILURE)
        yield Point(day_of(first), sum(trials for _, trials in alike), failures, _sabotage(alike), facts, changed)
        last = facts


def _sabotage(alike: Sequence[_Alike]) -> Estimate:
    told = [(MEASURES[0].event(one), trials) for one, trials in alike]
    events, n = (sum(trials for event, trials in told if event in of) for of in ((True,), (True, False)))
    return estimate(events, n, anytime=any(one.stopping for one, _ in alike))


def _facts(record: Record) -> dict[str, str]:
    return {name: UNKNOWN if getattr(record, name) is None else str(getattr(record, name)) for name in MARKED}


def _some(days: Sequence[str]) -> str:
    return ", ".join(days) if len(days) <= 6 else f"{len(days)} days from {days[0]} to {days[-1]}"
