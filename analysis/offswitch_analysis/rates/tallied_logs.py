"""Tallies the trials of logs from their columns, without a record of each trial: ten million take a minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from offswitch.record import Record
from offswitch_analysis.logs import rulings_line
from offswitch_analysis.logs.arrow import Column, Table, pa, pc
from offswitch_analysis.logs.cache import Cache, LogRecords
from offswitch_analysis.logs.columnar import Numbers, numbers, read_columns
from offswitch_analysis.logs.columns import COLUMNS, columns_of, records_of
from offswitch_analysis.rates.tallies import AGREE, CELL, SUMS, WHETHER, Alike, CellTrials, Key, common, key_of

NEEDED = [name for name in COLUMNS if name in {*AGREE, *WHETHER, *SUMS, "question_set", "duration_s"}]
CODES_MAX = 1 << 62
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


def gathered(
    made: Sequence[LogTally], counts: NDArray[np.bool_] | None = None, instead: Mapping[int, Record] = NOTHING
) -> dict[Key, CellTrials]:
    """Cell -> its trials: those that count (all, if None), and these records in the places of others."""
    known: dict[Key, int] = {}
    for one in made:
        places = np.array([known.setdefault(key, len(known)) for key in one.keys], np.int64)
        one.trials.rows = places[one.trials.rows]
    every = _together([one.trials for one in made])
    counts = np.ones(len(every.rows), np.bool_) if counts is None else counts.copy()
    if instead:
        counts[[*instead]] = True
        _put(every, instead, known)
    return _cells([*known], every.take(counts))


def tally_table(table: Table) -> LogTally:
    """The trials in a table with the columns NEEDED."""
    _, first, rows = np.unique(_codes(table), return_index=True, return_inverse=True)
    kinds = records_of(table.select(NEEDED).take(pa.array(first)), "")
    sets = np.where(_is_named(table["question_set"]), numbers(table, ["question_set"]), UNKNOWN)
    durations_s = pc.fill_null(table["duration_s"], float("nan")).to_numpy()
    sums = np.array([pc.fill_null(table[name], 0).to_numpy() for name in SUMS], np.int64)
    return LogTally([*map(key_of, kinds)], Trials(rows, sets, durations_s, sums))


def _is_named(column: Column) -> NDArray[np.bool_]:
    return pc.fill_null(pc.not_equal(column, ""), False).to_numpy()


def _codes(table: Table) -> NDArray[np.int64]:
    """A number for each trial; those that agree in AGREE and WHETHER have the same."""
    code, codes = np.zeros(table.num_rows, np.int64), 1
    shared = (_places(table[name]) for name in AGREE if name in COLUMNS)
    for column in chain(shared, (_whether(table[name]) for name in WHETHER)):
        size = int(column.max(initial=0)) + 1
        if codes * size > CODES_MAX:
            known, code = np.unique(code, return_inverse=True)
            codes = len(known)
        code, codes = code * size + column, codes * size
    return code


def _places(column: Column) -> NDArray[np.int64]:
    """The number of each value among those of the column; 0 where there is none."""
    one = (column if pa.types.is_dictionary(column.type) else column.dictionary_encode()).combine_chunks()
    return pc.fill_null(pc.add(one.indices.cast(pa.int64()), 1), 0).to_numpy(zero_copy_only=False)


def _whether(column: Column) -> NDArray[np.int64]:
    return pc.fill_null(pc.not_equal(column, 0), False).to_numpy().astype(np.int64)


def _together(trials: Sequence[Trials]) -> Trials:
    rows, sets, durations_s = (
        np.concatenate([getattr(one, field.name) for one in trials]) for field in fields(Trials)[:-1]
    )
    return Trials(rows, sets, durations_s, np.concatenate([one.sums for one in trials], axis=1))


def _put(every: Trials, instead: Mapping[int, Record], known: dict[Key, int]) -> None:
    """Puts records in the places of trials."""
    places, records = [*instead], (*instead.values(),)
    given = tally_table(columns_of(LogRecords("", records)).table).trials
    every.rows[places] = [known.setdefault(key_of(record), len(known)) for record in records]
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
