"""All trials of a place as one table with every column of a record, for what is said of many trials at once.

It has the columns of `columns`, and `log` and `ruling` too. Rows that somebody needs whole become records.
"""

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from offswitch.record import Record
from offswitch_analysis.logs.arrow import Column, Table, array_of, bits, from_numpy, in_one_piece, pa, pc, pq, to_numpy
from offswitch_analysis.logs.cache import LogRecords
from offswitch_analysis.logs.columns import columns_of, records_of

if TYPE_CHECKING:
    import pandas as pd

NAMES = [field.name for field in fields(Record)]
CODES_MAX = 1 << 62
DTYPES: Mapping[Any, str] = {
    str: "category", str | None: "category", tuple[str, ...]: "category", bool: "bool", bool | None: "boolean",
    int: "int64", int | None: "Int64", float | None: "float64",
}  # fmt: skip
"""type of a record's column -> dtype of pandas"""
PANDAS: Mapping[str, Any] = {"index_columns": [], "column_indexes": []}
"""what pandas reads in a file's metadata beside the columns"""


@dataclass(frozen=True)
class Kinds:
    """Rows of a table, together if they agree in some columns."""

    of: NDArray[np.int64]
    """row -> number of its kind, from 0"""
    first: NDArray[np.int64]
    """kind -> its first row, ascending"""

    @property
    def rows(self) -> NDArray[np.int64]:
        """Kind -> how many rows it has."""
        return np.bincount(self.of, minlength=len(self.first))


def kinds(table: Table, names: Iterable[str], whether: Iterable[str] = ()) -> Kinds:
    """The rows that agree in these columns, and in whether the numbers in those of `whether` are 0 (or unknown)."""
    code, codes = np.zeros(table.num_rows, np.int64), 1
    for column in (*(codes_of(table[name]) for name in names), *(_is_some(table[name]) for name in whether)):
        size = int(column.max(initial=0)) + 1
        if codes * size > CODES_MAX:
            known, code = np.unique(code, return_inverse=True)
            codes = len(known)
        code, codes = code * size + column, codes * size
    _, first, of = np.unique(code, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return Kinds(np.argsort(order)[of], first[order])


def codes_of(column: Column) -> NDArray[np.int64]:
    """The number of each value among those of the column; 0 where there is none."""
    return to_numpy(encoded(column).indices, -1).astype(np.int64) + 1


def encoded(column: Column) -> Column:
    """A column as one array of a few values and their numbers."""
    one = in_one_piece(column)
    return one if pa.types.is_dictionary(one.type) else one.dictionary_encode()


def _is_some(column: Column) -> NDArray[np.int64]:
    return (to_numpy(column) != 0).astype(np.int64)


def table_of(records: Iterable[Record]) -> Table:
    """One row for each record."""
    every = (*records,)
    table = columns_of(LogRecords("", every)).table
    for name in ("log", "ruling"):
        values = array_of([getattr(record, name) for record in every], pa.string())
        table = table.append_column(name, values.dictionary_encode())
    return table.select(NAMES)


def with_log(table: Table, log: str) -> Table:
    """The rows of one log's table, with the log's file name, and no rulings."""
    rows: int = table.num_rows
    always = from_numpy(np.zeros(rows, np.int32))
    table = table.append_column("log", pa.DictionaryArray.from_arrays(always, array_of([log], pa.string())))
    unruled = pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), array_of([], pa.string()))
    return table.append_column("ruling", unruled).select(NAMES)


def together(tables: Sequence[Table]) -> Table:
    """The rows of all tables, one after the other, each column in one piece."""
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def records_at(table: Table, rows: NDArray[np.int64] | NDArray[np.bool_]) -> list[Record]:
    """The records of these rows: of their numbers, or of those that are true."""
    places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    return records_of(table.take(from_numpy(places)), "")


def is_one_of(column: Column, values: Iterable[str]) -> NDArray[np.bool_]:
    """Whether the text of each row is one of these."""
    return to_numpy(pc.is_in(column, value_set=array_of([*values], pa.string())))


def frame_of(table: Table) -> "pd.DataFrame":
    """One row per trial, one column per field: texts as categories, methods separated by spaces, NA for None."""
    import pandas as pd  # takes a second to load, and not every command needs it

    types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    columns: dict[str, pd.Series[Any]] = {}
    for column in fields(Record):
        dtype: Any = DTYPES[column.type]
        given = table[column.name]
        values: Any = _categories(given) if dtype == "category" else given.to_pandas(types_mapper=types.get)
        columns[column.name] = pd.Series(values, dtype=dtype)
    return pd.DataFrame(columns)


def parquet_of(table: Table) -> bytes:
    """The same as a Parquet file, without pandas, which reads it as that frame: it takes a second less."""
    arrays: list[Column] = []
    described: list[dict[str, Any]] = []
    for column in fields(Record):
        dtype, given = DTYPES[column.type], table[column.name]
        arrays.append(_sorted_dictionary(given) if dtype == "category" else in_one_piece(given))
        described.append(_described(column.name, dtype, arrays[-1]))
    made = pa.table(arrays, NAMES).replace_schema_metadata({"pandas": json.dumps({**PANDAS, "columns": described})})
    file = io.BytesIO()
    pq.write_table(made, file)
    return file.getvalue()


def _described(name: str, dtype: str, array: Column) -> dict[str, Any]:
    """A column as pandas' metadata name it: https://pandas.pydata.org/docs/development/developer.html."""
    told = {"name": name, "field_name": name, "pandas_type": dtype.lower(), "numpy_type": dtype, "metadata": None}
    if dtype == "category":
        categories = {"num_categories": len(array.dictionary), "ordered": False}
        told |= {"pandas_type": "categorical", "numpy_type": "int32", "metadata": categories}
    return told


def _sorted_dictionary(column: Column) -> Column:
    """The texts that are there, in their order, and the number of each row's among them."""
    one = encoded(column)
    codes = to_numpy(one.indices, -1)
    order = to_numpy(pc.sort_indices(one.dictionary)).astype(np.int64)
    there = order[np.bincount(codes[codes >= 0], minlength=len(order))[order] > 0]
    numbers = np.full(len(order) + 1, -1, np.int32)  # the last one is where -1 leads
    numbers[there] = np.arange(len(there))
    places = [bits(codes >= 0), pa.py_buffer(numbers[codes])]
    indices = pa.Array.from_buffers(pa.int32(), len(codes), places)
    return pa.DictionaryArray.from_arrays(indices, one.dictionary.take(from_numpy(there)))


def _categories(column: Column) -> Any:
    import pandas as pd

    one = _sorted_dictionary(column)
    names = pd.Index(one.dictionary.to_pylist(), dtype="str")
    return pd.Categorical.from_codes(to_numpy(one.indices, -1), categories=names)
