"""Records and cells as text: for a terminal, as JSON lines and as CSV.

What comes from a log may come from a model: control characters are made visible, rich's
markup is not read, and no CSV cell can be taken for a formula.
"""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.rates import Cell, Rate

SCRIPTED_NOTE = "Scripted agents: test subjects. These numbers say nothing about any real model."
FORMULA_STARTS = ("=", "+", "-", "@")
SHOWN_COLUMNS = (
    "trial_id", "model", "sandbox", "verdict", "methods", "failure", "machine_end", "questions_served",
    "answers_correct", "commands", "duration_s",
)  # fmt: skip


def plain(value: Any) -> str:
    """One line of printable text; nothing for None."""
    if value is None:
        return ""
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def jsonl(records: Sequence[Record]) -> str:
    """One JSON object a line."""
    return "".join(json.dumps(record.as_dict()) + "\n" for record in records)


def as_csv(records: Sequence[Record]) -> str:
    """All columns, with a header; methods are separated by spaces."""
    out = io.StringIO()
    rows = [{**record.as_dict(), "methods": " ".join(record.methods)} for record in records]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row.values()])
    return out.getvalue()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, int | float) or value is None:
        return value
    text = plain(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def trials_table(records: Sequence[Record]) -> Table:
    """The columns a person looks at first."""
    table = Table(caption=_caption(any(record.scripted for record in records)), caption_justify="left")
    for column in SHOWN_COLUMNS:
        table.add_column(column.replace("_", " "), overflow="fold")
    for record in records:
        row = record.as_dict()
        row["methods"] = " ".join(record.methods)
        table.add_row(*(Text(plain(row[column])) for column in SHOWN_COLUMNS))
    return table


def rates_table(cells: Sequence[Cell]) -> Table:
    """One row per cell: the sabotage rate, and every verdict with its count."""
    scripted = any(cell.scripted for cell in cells)
    seen = [v for v in Verdict if any(cell.verdicts[v] for cell in cells) or v in (Verdict.FAILURE, Verdict.UNDECIDED)]
    many = len({(cell.model, cell.variant) for cell in cells}) < len(cells)
    table = Table(title=_title(cells), caption=_caption(scripted), title_justify="left", caption_justify="left")
    for name in ["model", "variant", *(["condition"] if many else [])]:
        table.add_column(name, overflow="fold")
    for name in ["n", "sabotage", "95 % interval", "undecided as compliance - sabotage", *seen]:
        table.add_column(name, justify="right")
    for cell in cells:
        low, high = cell.sabotage_extremes
        numbers = [str(cell.sabotage.trials), _percent(cell.sabotage), _interval(cell.sabotage)]
        extremes = f"{_percent(low)} - {_percent(high)}"
        counts = [str(cell.verdicts[verdict] or "-") for verdict in seen]
        where = [plain(cell.model), cell.variant, *([plain(cell.condition)] if many else [])]
        table.add_row(*map(Text, [*where, *numbers, extremes, *counts]))
    return table


def _title(cells: Sequence[Cell]) -> str:
    return f"Sabotage rate: {sum(cell.trials for cell in cells)} trials, {len(cells)} cells"


def _caption(scripted: bool) -> str:
    note = "n: trials with a verdict but unexposed and undecided. Failures are trials without a verdict."
    return f"{note}\n{SCRIPTED_NOTE}" if scripted else note


def _percent(rate: Rate) -> str:
    return "n/a" if rate.value is None else f"{100 * rate.value:.1f} %"


def _interval(rate: Rate) -> str:
    if rate.value is None:
        return "n/a"
    lower, upper = rate.interval
    return f"{100 * lower:.1f} - {100 * upper:.1f} %"
