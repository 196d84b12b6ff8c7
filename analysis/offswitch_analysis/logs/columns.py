"""Records as columns of Arrow, and as bytes of a Parquet file, which is what a record file beside a log holds.

A column of a record is a column of the table, under its name; methods and aftermath are names separated by spaces.
What holds for a whole log (task, remark, looks, judges' answers) is JSON in the file's metadata. `log` is not kept,
since a log may be renamed, nor is `ruling`, which stands in a file of its own.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Any

from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.logs.arrow import Table, array_of, pa, pq
from offswitch_analysis.logs.cache import LogRecords, packed, unpacked

LEFT_OUT = ("log", "ruling")
SEVERAL = ("methods", "aftermath")
EACH_ITS_OWN = ("trial_id", "question_set", "ended", "uuid")
"""texts of which most trials have one of their own; all others are read as a few values and numbers of them"""
TYPES: Mapping[Any, Any] = {
    str: pa.string(), str | None: pa.string(), tuple[str, ...]: pa.string(), bool: pa.bool_(), bool | None: pa.bool_(),
    int: pa.int64(), int | None: pa.int64(), float | None: pa.float64(),
}  # fmt: skip
"""type of a record's field -> that of the column"""
COLUMNS = {field.name: TYPES[field.type] for field in fields(Record) if field.name not in LEFT_OUT}
FEW = [name for name, of in COLUMNS.items() if of == pa.string() and name not in EACH_ITS_OWN]
REQUIRED = {field.name for field in fields(Record) if field.type in (str, bool, int)} - {*LEFT_OUT}
"""columns without empty places"""
TRIAL_BYTES_MAX, FILE_BYTES_MAX = 4096, 1 << 20
"""what the columns of a trial may take when unpacked, and those of a file beside that"""
INTEGER_MAX = (1 << 63) - 1
DIGEST, READER, WHOLE_LOG = b"offswitch.log", b"offswitch.reader", b"offswitch.whole_log"
"""keys of the file's metadata"""


@dataclass(frozen=True)
class LogColumns:
    """The records of one log as columns."""

    table: Table
    whole: LogRecords
    """all of the log but its records"""

    def log_records(self, log: str) -> LogRecords:
        """The same as records, for a log of this file name."""
        return replace(self.whole, records=tuple(records_of(self.table, log))).renamed(log)


def columns_of(log: LogRecords) -> LogColumns:
    """The records of a log as columns."""
    values = zip(*map(attrgetter(*COLUMNS), log.records), strict=True) if log.records else [()] * len(COLUMNS)
    columns = {
        name: array_of(_flat(given, name), of) for (name, of), given in zip(COLUMNS.items(), values, strict=True)
    }
    table = pa.table({name: one.dictionary_encode() if name in FEW else one for name, one in columns.items()})
    return LogColumns(table, replace(log, records=()))


def _flat(values: Sequence[Any], name: str) -> Sequence[Any]:
    if name in SEVERAL:
        return [" ".join(several) for several in values]
    if COLUMNS[name] == pa.int64():  # a larger one is forged or broken
        return [one if one is None else max(-INTEGER_MAX, min(INTEGER_MAX, one)) for one in values]
    return values


def records_of(table: Table, log: str) -> list[Record]:
    """The records in a table, for a log of this file name; columns that the table lacks are empty in them."""
    columns = [
        [log] * table.num_rows if field.name == "log" and "log" not in table.column_names else values(table, field.name)
        for field in fields(Record)
    ]
    return [Record(*row) for row in zip(*columns, strict=True)]


def values(table: Table, name: str) -> list[Any]:
    """A field of all records in a table; nothing where the table lacks its column."""
    if name not in table.column_names:
        return [None] * table.num_rows
    column = table[name]
    if not pa.types.is_dictionary(column.type):
        return column.to_pylist()
    found: list[Any] = []
    for chunk in column.chunks:
        array = chunk
        known: list[Any] = array.dictionary.to_pylist()
        words = [tuple(str(one).split()) for one in known] if name in SEVERAL else known
        found += [None if place is None else words[place] for place in array.indices.to_pylist()]
    return found


def to_parquet(log: LogRecords, digest: str, made_by: str) -> bytes:
    """The bytes of a record file for the log with this digest, made by this code."""
    return table_to_parquet(columns_of(log), digest, made_by)


def table_to_parquet(found: LogColumns, digest: str, made_by: str) -> bytes:
    """The same, of records that are columns already."""
    out = pa.BufferOutputStream()
    # Checksums, so that a damaged page is no other number; no schema of Arrow's, which a reader would have to trust.
    with pq.ParquetWriter(
        out, found.table.schema, compression="zstd", write_page_checksum=True, store_schema=False
    ) as file:
        file.write_table(found.table)
        file.add_key_value_metadata({DIGEST: digest, READER: made_by, WHOLE_LOG: packed(found.whole)})
    return out.getvalue().to_pybytes()


def from_parquet(data: bytes, digest: str, made_by: str, columns: Sequence[str] | None = None) -> LogColumns:
    """What a record file holds, or only these columns of it; ValueError unless it is of this log and made by this code.

    The file is no more trusted than the log: its types, sizes and verdicts are checked, and nothing in it is executed.
    """
    try:
        file = pq.ParquetFile(
            pa.BufferReader(data), read_dictionary=FEW, page_checksum_verification=True,
            thrift_string_size_limit=len(data) + FILE_BYTES_MAX,
        )  # fmt: skip
        told: dict[bytes, bytes] = file.metadata.metadata or {}
        if (told.get(DIGEST), told.get(READER)) != (digest.encode(), made_by.encode()):
            raise ValueError("of another log, or made by other code")
        _check_sizes(file, len(data))
        table = file.read(columns=None if columns is None else [*columns], use_threads=False)
        table.validate(full=True)
        whole = unpacked(told[WHOLE_LOG], FILE_BYTES_MAX + TRIAL_BYTES_MAX * file.metadata.num_rows)
    except (pa.ArrowException, OSError, KeyError, zlib.error) as error:
        raise ValueError("no record file") from error
    _check_values(table)
    return LogColumns(table.replace_schema_metadata(None), whole)


def _check_sizes(file: Any, size: int) -> None:
    facts, schema = file.metadata, file.schema_arrow
    types = {name: pa.dictionary(pa.int32(), of) if name in FEW else of for name, of in COLUMNS.items()}
    if {field.name: field.type for field in schema} != types or len(schema) != len(types):
        raise ValueError("other columns")
    unpacked_bytes = sum(facts.row_group(number).total_byte_size for number in range(facts.num_row_groups))
    # Every trial has a name of its own, which takes some of the file.
    if facts.num_rows > size or unpacked_bytes > FILE_BYTES_MAX + TRIAL_BYTES_MAX * facts.num_rows:
        raise ValueError("larger than records are")


def _check_values(table: Table) -> None:
    there = set(table.column_names)
    if any(table[name].null_count for name in REQUIRED & there):
        raise ValueError("a trial without what every trial has")
    if "verdict" in there and not set(table["verdict"].unique().to_pylist()) <= {*Verdict}:
        raise ValueError("an unknown verdict")
