"""Reads all logs of a place as columns, for what can be said of ten million trials without a record of each.

Which trials count is decided as for records (`counted`). Only trials that may be of one sample, or may have a ruling,
are made records for that: those that share a number with another one, made of what `counted` compares.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.record.digests import TASK
from offswitch.record.trial_id import sample_and_epoch
from offswitch_analysis.logs.arrow import Column, Table, from_numpy, in_one_piece, known, pa, to_numpy
from offswitch_analysis.logs.beside import load
from offswitch_analysis.logs.cache import Cache, LogRecords, file_name
from offswitch_analysis.logs.columns import LogColumns, columns_of, records_of
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.logs.counted import Counted, Found, counted, told_several_times
from offswitch_analysis.logs.names import forget_json_log, in_processes, log_names, read_all
from offswitch_analysis.logs.ruled import all_rulings, ruled

T = TypeVar("T")
Numbers = NDArray[np.uint64]
TRIAL = ("trial_id", "model", "sandbox", "seed", "condition")
MOMENT = ("ended", "duration_s", "model", "tokens", "commands")
"""what `counted` knows a trial by, and a moment that no two trials share"""
ODD = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class ReadColumns(Generic[T]):
    """What was made of the columns of each log, and which trials count."""

    made: Sequence[T]
    """for each log, in the order of the trials"""
    counts: NDArray[np.bool_]
    """trial, over all logs -> whether it counts as it was read"""
    instead: Mapping[int, Record]
    """place of a trial that does not -> the record that counts there"""
    skipped: tuple[str, ...]
    unread: tuple[str, ...]
    """as of `Logs`"""
    digests: Mapping[str, str | None]
    """log -> digest of its content, in the order of `made`"""
    whole: Sequence[LogRecords]
    """all of each log but its records"""


@dataclass(frozen=True)
class _Read(Generic[T]):
    """One log."""

    made: T
    trials: Numbers
    """numbers that trials share if `counted` may take them for one"""
    moments: Numbers
    """the same; 0 where a trial does not say when it ended"""
    ruled: NDArray[np.bool_]
    """whether there is a ruling on a trial of that name"""
    whole: LogRecords


@dataclass
class _Doubtful:
    """Trials of which records are needed, by log."""

    names: Sequence[str]
    digests: Mapping[str, str | None]
    cache: Cache
    table: Callable[[Any], Table] | None
    """what was made of a log -> its table with all columns; None: that has to be read once more"""
    found: list[Found] = field(default_factory=list[Found])
    places: dict[tuple[str, str], list[int]] = field(default_factory=dict[tuple[str, str], list[int]])

    def add(self, log: str, begins: int, rows: NDArray[np.int64], read: _Read[Any]) -> None:
        """Adds the trials in these rows of a log, whose first trial has this place."""
        table = self.table(read.made) if self.table else self._again(log, len(read.trials))
        records = records_of(table.take(from_numpy(rows)), file_name(log))
        for row, record in zip(map(int, rows), records, strict=True):
            self.found.append(Found(record, log, read.whole.task_id))
            self.places.setdefault((log, record.trial_id), []).append(begins + row)

    def _again(self, log: str, trials: int) -> Table:
        beside = load(log, self.digests[log] or "", self.cache.made_by)
        read = beside or columns_of(read_all({log: self.digests[log]}, self.cache)[0])
        if read.table.num_rows != trials:
            raise InputError(f"{log}: was changed while it was read; try again")
        return read.table


def as_it_is(table: Table) -> Table:
    """What to make of a log where its whole table is wanted."""
    return table


def read_columns(
    place: str,
    columns: Sequence[str],
    make: Callable[[Table], T],
    cache: Cache | None = None,
    table: Callable[[T], Table] | None = None,
) -> ReadColumns[T]:
    """What `make` makes of these columns of each log at a path or URL; InputError if there are no trials.

    Where it keeps all columns, `table` gives them, so that no log has to be read twice.
    """
    cache, names = cache or Cache(), log_names(place)
    forget_json_log()
    digests, rulings = digests_of(names), all_rulings(names)
    wanted = sorted({*columns, *TRIAL, *MOMENT})
    named = frozenset(sample_and_epoch(ruling.trial_id) for ruling in rulings.made)
    one = partial(_read_one, wanted, make, named, cache.made_by)
    logs = [(name, digest) for name, digest in digests.items() if digest]
    found = {name: read for (name, _), read in zip(logs, in_processes(one, logs), strict=True) if read}
    others = {name: digest for name, digest in digests.items() if name not in found}
    for name, log in zip(others, read_all(others, cache), strict=True):
        found[name] = _made(columns_of(log), make, named)
    read = [found[name] for name in names]
    skipped = [f"{file_name(name)}: {found[name].whole.remark}" for name in names if found[name].whole.remark]
    unread = tuple(line for line in skipped if "it cannot be read" in line)
    if not any(len(one.trials) for one in read):
        raise InputError(f"{place}: no trials of {TASK} here" + "".join(f"; {line}" for line in skipped[:3]))
    counts, doubtful = _doubtful(read, _Doubtful(names, digests, cache, table))
    once = counted(doubtful.found)
    skipped += [*told_several_times(_with_copies(once, names, read, counts)), *rulings.skipped]
    kept = zip(once.found, ruled(once.found, rulings), strict=True)
    instead = {doubtful.places[one.log, one.record.trial_id].pop(0): record for one, record in kept}
    whole = [one.whole for one in read]
    return ReadColumns([one.made for one in read], counts, instead, tuple(skipped), unread, digests, whole)


def _read_one(
    columns: Sequence[str], make: Callable[[Table], T], named: frozenset[Any], made_by: str, log: tuple[str, str]
) -> _Read[T] | None:
    found = load(*log, made_by, columns)
    return _made(found, make, named) if found else None


def _made(found: LogColumns, make: Callable[[Table], T], named: frozenset[Any]) -> _Read[T]:
    table = found.table.unify_dictionaries().combine_chunks()
    moments = np.where(known(table["ended"]) & known(table["duration_s"]), numbers(table, MOMENT), 0)
    ids: list[str] = table["trial_id"].to_pylist() if named else []
    is_ruled = np.array([sample_and_epoch(one) in named for one in ids] or [False] * table.num_rows, np.bool_)
    return _Read(make(table), numbers(table, TRIAL), moments.astype(np.uint64), is_ruled, found.whole)


def numbers(table: Table, columns: Sequence[str]) -> Numbers:
    """A number for each row, the same for rows that agree in these columns, and else as good as never the same."""
    found = np.zeros(table.num_rows, np.uint64)
    for name in columns:
        found = (found ^ _hashed(table[name])) * ODD
        found ^= found >> np.uint64(29)
    return found


def _hashed(column: Column) -> Numbers:
    if pa.types.is_dictionary(column.type):
        one = in_one_piece(column)
        words = _hashes([*one.dictionary.to_pylist(), None])
        return words[to_numpy(one.indices, -1)]
    if pa.types.is_string(column.type):
        return _hashes(column.to_pylist())
    return to_numpy(column).view(np.uint64)


def _hashes(values: Sequence[str | None]) -> Numbers:
    """Python's own hashes, which nobody can forge, and which processes that were forked share."""
    return np.fromiter(map(hash, values), np.int64, len(values)).view(np.uint64)


def _doubtful(read: Sequence[_Read[Any]], doubtful: _Doubtful) -> tuple[NDArray[np.bool_], _Doubtful]:
    """Which trials share no number with another and have no ruling, and the records of all others."""
    trials, moments = (np.concatenate([getattr(one, of) for one in read]) for of in ("trials", "moments"))
    of_ruled = np.concatenate([one.ruled for one in read])
    counts = ~(_shared(trials) | (_shared(moments) & (moments != 0)) | of_ruled)
    begins = 0
    for name, one in zip(doubtful.names, read, strict=True):
        ends = begins + len(one.trials)
        rows = np.flatnonzero(~counts[begins:ends])
        if len(rows):
            doubtful.add(name, begins, rows, one)
        begins = ends
    return counts, doubtful


def _shared(numbers: Numbers) -> NDArray[np.bool_]:
    """Whether another row has the same number."""
    order = np.argsort(numbers, kind="stable")
    again = numbers[order][1:] == numbers[order][:-1]
    found = np.zeros(len(numbers), np.bool_)
    found[order[1:]] |= again
    found[order[:-1]] |= again
    return found


def _with_copies(once: Counted, names: Sequence[str], read: Sequence[_Read[Any]], counts: NDArray[np.bool_]) -> Counted:
    """The same, where logs that have trials of their own beside copies are no copies."""
    ends = np.cumsum([len(one.trials) for one in read])
    pieces = zip(names, np.split(counts, ends[:-1]), strict=True)
    own = {name for name, piece in pieces if piece.any()}
    return Counted(once.found, tuple(log for log in once.copies if log not in own), once.repeated, once.renamed)
