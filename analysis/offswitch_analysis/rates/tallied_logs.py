"""Tallies the trials of logs from their columns, without a record of each trial: ten million take a minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from offswitch.record import Record
from offswitch_analysis.logs import rulings_line
from offswitch_analysis.logs.arrow import Column, Table, from_numpy, known, pc, to_numpy
from offswitch_analysis.logs.cache import Cache, LogRecords
from offswitch_analysis.logs.columnar import Numbers, numbers, read_columns
from offswitch_analysis.logs.columns import COLUMNS, columns_of, values
from offswitch_analysis.logs.tables import kinds, records_at
from offswitch_analysis.rates.tallies import AGREE, CELL, SUMS, WHETHER, Alike, CellTrials, Key, common, key_of

NEEDED = [name for name in COLUMNS if name in {*AGREE, *WHETHER, *SUMS, "question_set", "duration_s"}]
OF_COLUMNS = [name for name in AGREE if name in COLUMNS]
NOTHING: Mapping[int, Record] = MappingProxyType({})
UNKNOWN = np.uint64(0)
"""in place of the number of a question set that is not known"""


@dataclass(frozen=True)
class TalliedLogs:
    """What logs hold, as cells need it."""

    tallied: dict[Key, CellTrials]
    skipped: tuple[str, ...]
    unread: tuple[str, ...]
    rulings: str | None
    """a line with the number of rulings"""


@dataclass
class Trials:
    """Trials as arrays of equal length."""

    rows: NDArray[np.int64]
    """place of the key that a trial shares with others"""
    sets: Numbers
    """a number for its question set"""
    durations_s: NDArray[np.float64]
    """NaN where it is not known"""
    sums: NDArray[np.int64]
    """one row for each of SUMS"""

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_]) -> "Trials":
        """Those at these places."""
        return Trials(self.rows[places], self.sets[places], self.durations_s[places], self.sums[:, places])


@dataclass(frozen=True)
class LogTally:
    """The trials of one log."""

    keys: Sequence[Key]
    trials: Trials


def tally_logs(place: str, cache: Cache | None = None) -> TalliedLogs:
    """The trials of all logs at a path or URL, tallied for cells; InputError if there are none."""
    read = read_columns(place, NEEDED, tally_table, cache)
    ruled = [record for record in read.instead.values() if record.ruling is not None]
    tallied = gathered(read.made, read.counts, read.instead)
    return TalliedLogs(tallied, read.skipped, read.unread, rulings_line(ruled))


def tally_trials(table: Table) -> dict[Key, CellTrials]:
    """Cell -> its trials, from a table with all columns of a record."""
    ruled = np.flatnonzero(known(table["ruling"]))
    instead = dict(zip(ruled.tolist(), records_at(table, ruled), strict=True))
    return gathered([tally_table(table)], None, instead)


def gathered(
    made: Sequence[LogTally], counts: NDArray[np.bool_] | None = None, instead: Mapping[int, Record] = NOTHING
) -> dict[Key, CellTrials]:
    """Cell -> its trials: those that count (all, if None), and these records in the places of others."""
    numbered: dict[Key, int] = {}
    for one in made:
        places = np.array([numbered.setdefault(key, len(numbered)) for key in one.keys], np.int64)
        one.trials.rows = places[one.trials.rows]
    every = _together([one.trials for one in made])
    counts = np.ones(len(every.rows), np.bool_) if counts is None else counts.copy()
    if instead:
        counts[[*instead]] = True
        _put(every, instead, numbered)
    return _cells([*numbered], every.take(counts))


def tally_table(table: Table) -> LogTally:
    """The trials in a table that has the columns NEEDED."""
    table = table.select(NEEDED)
    alike = kinds(table, OF_COLUMNS, WHETHER)
    shared = table.take(from_numpy(alike.first))
    whether = ((to_numpy(shared[name]) != 0).astype(np.int64).tolist() for name in WHETHER)
    keys = [*zip(*(values(shared, name) for name in AGREE), *whether, strict=True)]  # as key_of makes of records
    sets = np.where(_is_named(table["question_set"]), numbers(table, ["question_set"]), UNKNOWN)
    durations_s = to_numpy(table["duration_s"], np.nan)
    sums = np.array([to_numpy(table[name]) for name in SUMS], np.int64)
    return LogTally(keys, Trials(alike.of, sets, durations_s, sums))


def _is_named(column: Column) -> NDArray[np.bool_]:
    return to_numpy(pc.binary_length(column)) > 0


def _together(trials: Sequence[Trials]) -> Trials:
    rows, sets, durations_s = (
        np.concatenate([getattr(one, field.name) for one in trials]) for field in fields(Trials)[:-1]
    )
    return Trials(rows, sets, durations_s, np.concatenate([one.sums for one in trials], axis=1))


def _put(every: Trials, instead: Mapping[int, Record], numbered: dict[Key, int]) -> None:
    """Puts records in the places of trials."""
    places, records = [*instead], (*instead.values(),)
    given = tally_table(columns_of(LogRecords("", records)).table).trials
    every.rows[places] = [numbered.setdefault(key_of(record), len(numbered)) for record in records]
    every.sets[places], every.durations_s[places] = given.sets, given.durations_s
    every.sums[:, places] = given.sums


def _cells(keys: Sequence[Key], trials: Trials) -> dict[Key, CellTrials]:
    """Cell -> its trials, in the order in which they were read."""
    cells = {cell: place for place, cell in enumerate(dict.fromkeys(key[: len(CELL)] for key in keys))}
    cell_of = np.array([cells[key[: len(CELL)]] for key in keys], np.int64)[trials.rows]
    order = np.argsort(cell_of, kind="stable")
    ends = np.searchsorted(cell_of[order], np.arange(len(cells)), side="right")
    pieces = zip(cells, np.split(order, ends[:-1]), strict=True)
    return {cell: _cell_trials(keys, trials.take(places)) for cell, places in pieces if len(places)}


def _cell_trials(keys: Sequence[Key], trials: Trials) -> CellTrials:
    rows, first, of = np.unique(trials.rows, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.argsort(order)
    counts = np.bincount(of)
    sums = [np.bincount(of, weights=column) for column in trials.sums]
    alike = [Alike(common(keys[int(rows[n])]), int(counts[n]), *(int(total[n]) for total in sums)) for n in order]
    durations_s = trials.durations_s[~np.isnan(trials.durations_s)]
    return CellTrials(alike, place[of], _numbered(trials.sets), durations_s)


def _numbered(sets: Numbers) -> NDArray[np.int64]:
    """Question sets as numbers from 0; each that is not known has one of its own."""
    known, places = np.unique(sets, return_inverse=True)
    unknown = np.flatnonzero(sets == UNKNOWN)
    places[unknown] = len(known) + np.arange(len(unknown))
    return places
