"""Checks that a record file says what its log says: its digest tells one log from another, and is no seal."""

from collections.abc import Iterator

from offswitch.record.digests import Discrepancy, log_name
from offswitch_analysis.logs.beside import load
from offswitch_analysis.logs.cache import file_name, reader
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.logs.reading import read_log


def other_records(log: str) -> Iterator[Discrepancy]:
    """A line where reports of a log, at this path or URL, would believe a record file that says otherwise."""
    (digest,) = digests_of([log]).values()
    beside = load(log, digest, reader()) if digest else None
    if beside and beside.log_records(file_name(log)) != read_log(log):
        yield Discrepancy(log_name(log), None, "the records beside it are not those of the log")
