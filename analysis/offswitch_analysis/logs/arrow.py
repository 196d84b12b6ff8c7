"""Arrow, which comes without types: whatever it gives is Any here, so that one place says so."""

from typing import Any, TypeAlias

import pyarrow
import pyarrow.compute
import pyarrow.parquet

pa: Any = pyarrow
pc: Any = pyarrow.compute
pq: Any = pyarrow.parquet
Table: TypeAlias = Any
"""columns of equal length"""
Column: TypeAlias = Any
"""one of them, or an array to make one of"""
