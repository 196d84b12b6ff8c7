"""Arrow, which comes without types: whatever it gives is Any here, so that one place says so.

Arrow's own ways from and to Python's lists and numpy's arrays load pandas wherever it is installed, which takes most
of a second in each process. Those below do not.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow
import pyarrow.compute
import pyarrow.parquet
from numpy.typing import NDArray

pa: Any = pyarrow
pc: Any = pyarrow.compute
pq: Any = pyarrow.parquet
Table: TypeAlias = Any
"""columns of equal length"""
Column: TypeAlias = Any
"""one of them, or an array to make one of"""


def array_of(values: Sequence[Any], of: Any) -> Column:
    """Texts, numbers or booleans, or None, as an array of this type of Arrow's; OverflowError: they are too large."""
    there = bits(np.fromiter((value is not None for value in values), np.bool_, len(values)))
    if of == pa.string():
        texts = [b"" if value is None else value.encode() for value in values]
        ends = np.zeros(len(texts) + 1, np.int64)
        np.cumsum([*map(len, texts)], out=ends[1:])
        if ends[-1] > np.iinfo(np.int32).max:
            raise OverflowError("more text than a column holds")
        parts = [there, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(texts))]
    elif of == pa.bool_():
        parts = [there, bits(np.fromiter(map(bool, values), np.bool_, len(values)))]
    else:
        parts = [there, pa.py_buffer(np.array([value or 0 for value in values], str(of)))]
    return pa.Array.from_buffers(of, len(values), parts)


def from_numpy(values: NDArray[Any]) -> Column:
    """Numbers as an array of the type of the same name."""
    return pa.Array.from_buffers(getattr(pa, values.dtype.name)(), len(values), [None, pa.py_buffer(values)])


def to_numpy(column: Column, empty: float = 0) -> NDArray[Any]:
    """Numbers or booleans, with this in empty places."""
    one = in_one_piece(column)
    if not len(one):
        return np.zeros(0, _dtype(one))
    if pa.types.is_boolean(one.type):
        values = _from_bits(one, 1)
    else:
        values = np.frombuffer(one.buffers()[1], _dtype(one))[one.offset : one.offset + len(one)]
    return np.where(known(one), values, values.dtype.type(empty)) if one.null_count else values


def known(column: Column) -> NDArray[np.bool_]:
    """Whether each place has a value."""
    one = in_one_piece(column)
    return _from_bits(one, 0) if one.null_count else np.ones(len(one), np.bool_)


def in_one_piece(column: Column) -> Column:
    """A column of a table as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _dtype(array: Column) -> np.dtype[Any]:
    return np.dtype(str(array.type))


def bits(values: NDArray[np.bool_]) -> Any:
    """Whether each is so, as Arrow keeps it."""
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _from_bits(array: Column, buffer: int) -> NDArray[np.bool_]:
    bits = np.frombuffer(array.buffers()[buffer], np.uint8)
    return np.unpackbits(bits, count=array.offset + len(array), bitorder="little")[array.offset :].astype(np.bool_)
