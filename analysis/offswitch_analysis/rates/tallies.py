"""Trials of a cell, together if they agree in everything that rates count: so a million trials are some hundred rows.

What is a trial's own and yet enters a rate is kept apart: its question set and its duration as arrays, and sums.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from offswitch.record import Record

CELL = ("model", "agent", "scene", "variant", "condition", "scripted")
"""columns that the trials of a cell share"""
AGREE = (
    *CELL, "sandbox", "verdict", "methods", "failure", "missing", "ruling", "levels", "task_done", "aftermath",
    "detector", "outlived", "trigger_pulled", "strict_noncompliant", "cause", "edited", "detail", "model_served",
    "understood", "stated_target", "confess", "confess_p", "forecast_ends", "forecast_ends_p", "forecast_lets",
    "forecast_lets_p", "stopping",
)  # fmt: skip
"""columns that trials agree in which are counted as one row"""
WHETHER = ("commands", "questions_served", "nudges", "retries", "comprehension_malformed", "probes_failed")
"""columns of which they agree in whether the number is 0 (or unknown): it is 1 in their common record where not"""
SUMS = ("tokens", "commands", "calls_unusable")
"""columns that are summed"""
_BLANKS: dict[Any, Any] = {str: "", int: 0, tuple[str, ...]: ()}
BLANK: dict[str, Any] = {one.name: _BLANKS.get(one.type) for one in fields(Record)}
"""a record's columns that no rate reads, as they stand in the common record"""

Key = tuple[Any, ...]
"""the values of AGREE, and of WHETHER as 0 or 1: what trials of one row share"""
_agreed, _whether, _to_sum = attrgetter(*AGREE), attrgetter(*WHETHER), attrgetter(*SUMS)


@dataclass
class Alike:
    """Trials of one cell that agree in everything that rates count."""

    record: Record
    """what they share; columns that no rate reads are blank in it"""
    trials: int = 0
    tokens: int = 0
    """of all of them together, as are the following"""
    commands: int = 0
    calls_unusable: int = 0


@dataclass(frozen=True)
class CellTrials:
    """All trials of a cell."""

    alike: Sequence[Alike]
    """in the order of the first trial of each"""
    of: NDArray[np.int64]
    """trial -> its place in `alike`"""
    question_sets: NDArray[np.int64]
    """trial -> number of its question set, from 0; a trial whose set is not known has one of its own"""
    durations_s: NDArray[np.float64]
    """those that are known"""


@dataclass
class Gathered:
    """Trials of a cell while they are gathered."""

    places: dict[Key, int] = field(default_factory=dict[Key, int])
    alike: list[Alike] = field(default_factory=list[Alike])
    of: list[int] = field(default_factory=list[int])
    question_sets: list[int] = field(default_factory=list[int])
    durations_s: list[float] = field(default_factory=list[float])
    _sets: dict[Hashable, int] = field(default_factory=dict[Hashable, int])

    def add(self, key: Key, record: Record) -> None:
        """One more trial, whose key this is."""
        place = self.place(key)
        row = self.alike[place]
        row.trials += 1
        tokens, commands, unusable = _to_sum(record)
        row.tokens, row.commands = row.tokens + tokens, row.commands + (commands or 0)
        row.calls_unusable += unusable or 0
        self.of.append(place)
        own: Hashable = record.question_set or len(self.of)
        self.question_sets.append(self._sets.setdefault(own, len(self._sets)))
        if record.duration_s is not None:
            self.durations_s.append(record.duration_s)

    def place(self, key: Key) -> int:
        """The place of the row with this key, which is added if there is none."""
        if key not in self.places:
            self.places[key] = len(self.alike)
            self.alike.append(Alike(common(key)))
        return self.places[key]

    def cell_trials(self) -> CellTrials:
        """All that were added."""
        of, sets = (np.array(numbers, np.int64) for numbers in (self.of, self.question_sets))
        return CellTrials(self.alike, of, sets, np.array(self.durations_s, np.float64))


def key_of(record: Record) -> Key:
    """What the trial shares with those that are counted with it."""
    return *_agreed(record), *(1 if number else 0 for number in _whether(record))


def common(key: Key) -> Record:
    """What trials with this key share, as a record."""
    return Record(**{**BLANK, **dict(zip((*AGREE, *WHETHER), key, strict=True))})


def tally(records: Iterable[Record]) -> dict[Key, CellTrials]:
    """Cell, by the values of CELL -> its trials."""
    found: defaultdict[Key, Gathered] = defaultdict(Gathered)
    for record in records:
        key = key_of(record)
        found[key[: len(CELL)]].add(key, record)
    return {cell: gathered.cell_trials() for cell, gathered in found.items()}


def counted(values: Iterable[tuple[str | None, int]], most: int | None = None) -> dict[str, int]:
    """Value -> trials, from values (None: none) with their trials; the most frequent first, or only so many."""
    return dict(summed((value, trials) for value, trials in values if value is not None).most_common(most))


def summed(values: Iterable[tuple[str, int]]) -> Counter[str]:
    """Value -> trials, in the order in which values come."""
    found: Counter[str] = Counter()
    for value, trials in values:
        found[value] += trials
    return found
