"""Reads all logs of a place. Logs that were read before come from beside them or from the cache, without Inspect."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from offswitch.record import Record
from offswitch_analysis.logs.cache import Cache, Judged, Looked, file_name

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from offswitch_analysis.logs.arrow import Table
    from offswitch_analysis.logs.columnar import ReadColumns

Place = tuple[str | None, str]
"""the evaluation's id and the log's file name"""


@dataclass(frozen=True)
class Logs:
    """What a folder of logs holds."""

    table: "Table"
    """all trials: a column for each field of a record"""
    skipped: tuple[str, ...]
    """a line for each log that is broken, unfinished, changed or of another task, and for each broken ruling"""
    places: Mapping[Place, str] = field(default_factory=dict[Place, str])
    """log -> its path or URL"""
    unread: tuple[str, ...] = ()
    """those lines of `skipped` that are about a log that cannot be read"""
    digest: str = ""
    """sha256, in hex, of everything that the records depend on"""
    looks: tuple[Looked, ...] = ()
    """what rules that could stop a cell have seen of it"""
    judged: tuple[Judged, ...] = ()
    """what judges say of trials, and of cases with known answers; the first answer of each judge about each"""

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """The trials as records, which are made when they are first asked for."""
        from offswitch_analysis.logs.columns import records_of

        return tuple(records_of(self.table, ""))

    def place(self, record: Record) -> str:
        """Path or URL of a record's log."""
        return self.places[record.eval_id, record.log]


def read_logs(place: str, cache: Cache | None = None) -> Logs:
    """All logs at a path or URL, oldest log first; InputError if there are no trials."""
    from offswitch_analysis.logs.columnar import as_it_is, read_columns  # load Arrow
    from offswitch_analysis.logs.columns import COLUMNS

    read = read_columns(place, [*COLUMNS], as_it_is, cache, lambda table: table)
    judged: dict[tuple[object, ...], Judged] = {}
    for one in (answer for log in read.whole for answer in log.judged):
        judged.setdefault(one.key, one)  # the first answer counts, as the first result of a trial does
    looks = tuple(look for log in read.whole for look in log.looks)
    return Logs(
        _table(read), read.skipped, dict(_places(read)), read.unread, _digest(read), looks, tuple(judged.values())
    )


def _table(read: "ReadColumns[Table]") -> "Table":
    """The trials that count, in the order in which they were found."""
    import numpy as np

    from offswitch_analysis.logs.arrow import from_numpy
    from offswitch_analysis.logs.tables import table_of, together, with_log

    table = together([with_log(made, file_name(name)) for name, made in zip(read.digests, read.made, strict=True)])
    if read.counts.all():
        return table
    # Records that count in place of others come after all, and from there to where the others were.
    places: NDArray[np.int64] = np.arange(len(read.counts))
    places[[*read.instead]] = len(places) + np.arange(len(read.instead))
    counts = read.counts.copy()
    counts[[*read.instead]] = True
    return together([table, table_of(read.instead.values())]).take(from_numpy(places[counts]))


def _places(read: "ReadColumns[Table]") -> Iterator[tuple[Place, str]]:
    """Log -> its path or URL, for those with trials that count."""
    counts, begins = read.counts.copy(), 0
    counts[[*read.instead]] = True
    for name, made in zip(read.digests, read.made, strict=True):
        ends = begins + made.num_rows
        if counts[begins:ends].any():
            yield from (((eval_id, file_name(name)), name) for eval_id in made["eval_id"].unique().to_pylist())
        begins = ends


def _digest(read: "ReadColumns[Table]") -> str:
    logs = [(file_name(name), of_log) for name, of_log in read.digests.items()]
    ruled = [record for _, record in sorted(read.instead.items()) if record.ruling]
    rulings = [(record.log, record.trial_id, record.ruling) for record in ruled]
    return hashlib.sha256(json.dumps([logs, rulings]).encode()).hexdigest()


def frame(records: Sequence[Record]) -> "pd.DataFrame":
    """One row per trial, one column per field: texts as categories, methods separated by spaces, NA for None."""
    from offswitch_analysis.logs.tables import frame_of, table_of

    return frame_of(table_of(records))
