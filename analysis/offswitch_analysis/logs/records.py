"""Reads all logs of a place as records. Logs that were read before come from the cache, without loading Inspect."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch.record.digests import TASK
from offswitch.record.trial_id import sample_and_epoch
from offswitch_analysis.logs.cache import Cache, Judged, Looked, file_name
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.logs.counted import Counted, Found, counted
from offswitch_analysis.logs.names import forget_json_log, log_names, read_all
from offswitch_analysis.logs.rulings import VOID, Rulings, evidence_digest, read_rulings
from offswitch_analysis.logs.samples import evidence_text

if TYPE_CHECKING:
    import pandas as pd

DTYPES: Mapping[Any, str] = {
    str: "category", str | None: "category", tuple[str, ...]: "category", bool: "bool", bool | None: "boolean",
    int: "int64", int | None: "Int64", float | None: "float64",
}  # fmt: skip
"""type of a record's column -> dtype of pandas"""

Place = tuple[str | None, str]
"""the evaluation's id and the log's file name"""


@dataclass(frozen=True)
class Logs:
    """What a folder of logs holds."""

    records: tuple[Record, ...]
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

    def place(self, record: Record) -> str:
        """Path or URL of a record's log."""
        return self.places[_place(record)]


def read_logs(place: str, cache: Cache | None = None) -> Logs:
    """The records of all logs at a path or URL, oldest log first; InputError if there are none."""
    names = log_names(place)
    forget_json_log()
    digests = digests_of(names)
    every: list[Found] = []
    skipped: list[str] = []
    looks: list[Looked] = []
    judged: dict[tuple[object, ...], Judged] = {}
    for name, log in zip(names, read_all(digests, cache or Cache()), strict=True):
        for one in log.judged:  # the first answer counts, as the first result of a trial does
            judged.setdefault(one.key, one)
        every += [Found(record, name, log.task_id) for record in log.records]
        looks += log.looks
        skipped += [f"{file_name(name)}: {log.remark}"] if log.remark else []
    unread = tuple(line for line in skipped if "it cannot be read" in line)
    if not every:
        raise InputError(f"{place}: no trials of {TASK} here" + "".join(f"; {line}" for line in skipped[:3]))
    once = counted(every)
    skipped += told_several_times(once)
    rulings = all_rulings(names)
    skipped += rulings.skipped
    places = {_place(one.record): one.log for one in once.found}
    records = tuple(ruled(once.found, rulings))
    return Logs(
        records, tuple(skipped), places, unread, _digest(digests, records), tuple(looks), tuple(judged.values())
    )


def told_several_times(once: Counted) -> Iterator[str]:
    """A line for everything that does not count because it is there already."""
    yield from (f"{file_name(log)}: all its trials are in other logs too, and count once" for log in once.copies)
    if once.repeated:
        yield (
            f"{once.repeated} results are of trials that other runs had already: the first result of a trial counts; "
            "for more trials, use more --trials, epochs or another seed"
        )
    if once.renamed:
        yield f"{once.renamed} results are copies of trials under another name, seed or condition, and do not count"


def _place(record: Record) -> Place:
    return record.eval_id, record.log


def _digest(digests: Mapping[str, str | None], records: Iterable[Record]) -> str:
    logs = [(file_name(name), of_log) for name, of_log in digests.items()]
    rulings = [(record.log, record.trial_id, record.ruling) for record in records if record.ruling]
    return hashlib.sha256(json.dumps([logs, rulings]).encode()).hexdigest()


def frame(records: Sequence[Record]) -> "pd.DataFrame":
    """One row per trial, one column per field: texts as categories, methods separated by spaces, NA for None."""
    import pandas as pd  # takes a second to load, and not every command needs it

    names = [column.name for column in fields(Record)]
    values = list(zip(*map(attrgetter(*names), records), strict=True)) or [()] * len(names)
    columns: dict[str, pd.Series[Any]] = {}
    for column, given in zip(fields(Record), values, strict=True):
        flat = [" ".join(methods) for methods in given] if column.type == tuple[str, ...] else given
        dtype: Any = DTYPES[column.type]
        # First as "str", so that a column without any value is also one of text.
        columns[column.name] = pd.Series(flat, dtype="str" if dtype == "category" else dtype).astype(dtype)
    return pd.DataFrame(columns)


def all_rulings(names: Iterable[str]) -> Rulings:
    """The rulings of all the logs' directories: a ruling belongs to its evidence, and applies to every copy of it."""
    beside = [read_rulings(log) for log in {_directory(name): name for name in names}.values()]
    return Rulings(
        tuple(ruling for there in beside for ruling in there.made),
        tuple(line for there in beside for line in there.skipped),
    )


def ruled(found: Iterable[Found], rulings: Rulings) -> Iterator[Record]:
    """The records with their rulings; reads the evidence of ruled trials only."""
    named = {sample_and_epoch(ruling.trial_id) for ruling in rulings.made}
    for record, log, _ in found:
        if not named or sample_and_epoch(record.trial_id) not in named:
            yield record
            continue
        evidence_sha256 = _evidence_sha256(log, record.trial_id)
        ruling = rulings.ruling_on(record.trial_id, record.log, evidence_sha256)
        void = ruling is not None and ruling.evidence_sha256 != evidence_sha256
        yield replace(record, ruling=VOID if void else ruling and ruling.verdict.value)


def _evidence_sha256(log: str, trial_id: str) -> str | None:
    try:
        text = evidence_text(log, trial_id)
    except InputError:
        return None  # so no ruling is known to be on this evidence
    return evidence_digest(text) if text is not None else None


def _directory(name: str) -> str:
    return name.rpartition("/")[0]
