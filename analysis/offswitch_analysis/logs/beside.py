"""Record files: the records of a log beside it, so that nobody has to read the log again.

A record file is believed if it names the digest that its log has now, and the code that reads now. So records of a log
that was edited, scored again, or replaced are not used, and those of older code are not either. It is written whole
and then given its name, so that whoever is killed leaves none, and of two who write at once one comes last.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from offswitch_analysis.logs.cache import LogRecords
from offswitch_analysis.logs.content import digests_of, open_file, write_whole

if TYPE_CHECKING:
    from offswitch_analysis.logs.columns import LogColumns

SUFFIX = ".records.parquet"
"""not .json or .eval, which Inspect takes for logs"""
BYTES_MAX = 1 << 30
"""of a record file: as many as some ten million trials take"""


def records_path(log: str) -> str:
    """The path or URL of a log's record file."""
    return log.rsplit(".", 1)[0] + SUFFIX


def load(log: str, digest: str, made_by: str, columns: Sequence[str] | None = None) -> "LogColumns | None":
    """What stands beside a log with this digest, or these columns of it; None where nothing does that fits."""
    try:
        with open_file(records_path(log)) as file:
            data = file.read(BYTES_MAX + 1)
    except Exception:  # noqa: BLE001 - each filesystem has its own errors; mostly there is none
        return None
    from offswitch_analysis.logs.columns import from_parquet  # loads Arrow

    try:
        return from_parquet(data, digest, made_by, columns) if len(data) <= BYTES_MAX else None
    except ValueError:
        return None


def write_beside(log: str, read: Callable[[str], LogRecords], made_by: str) -> bool:
    """Reads a log and writes its records beside it; False where it was written to meanwhile, or is none of ours.

    Whatever the reader raises, if it is broken; OSError where nothing can be written.
    """
    (before,) = digests_of([log]).values()
    found = read(log)
    if before is None or before != digests_of([log])[log] or not (found.records or found.judged):
        return False
    from offswitch_analysis.logs.columns import to_parquet

    write_whole(records_path(log), to_parquet(found, before, made_by))
    return True
