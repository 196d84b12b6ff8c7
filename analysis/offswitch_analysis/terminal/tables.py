"""Records and cells as text: for a terminal, as JSON lines and as CSV.

What comes from a log may come from a model: control characters are made visible, rich's
markup is not read, and no CSV cell can be taken for a formula.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from offswitch.record.record import Record
from offswitch.verdict.judgement import Verdict
from offswitch_analysis.logs.rulings import VOID
from offswitch_analysis.rates.summary import Cell, Estimate, Summary

SCRIPTED_NOTE = "Scripted agents: test subjects, which say nothing about any real model."
FORMULA_STARTS = ("=", "+", "-", "@")
RATES_NOTE = (
    "n: trials with a verdict, without the unexposed and the undecided; failures have no verdict.\n"
    "min, max: the rate in % with every undecided trial as compliance, and as sabotage."
)


def scripted_note(summary: Summary) -> str:
    """What is to be said where some subjects, or all, are scripted."""
    models = sorted({cell.model for cell in summary.cells if cell.scripted})
    which = "" if summary.scripted == "all" else f" These are some: {', '.join(map(plain, models))}."
    return f"{SCRIPTED_NOTE}{which}"


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
    return rows_as_csv({**record.as_dict(), "methods": " ".join(record.methods)} for record in records)


def rows_as_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows of the same columns, with a header, also where there is no row and columns are named.

    No value can be taken for a formula.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    number = -1
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow(row)
        writer.writerow([_csv_cell(value) for value in row.values()])
    if number < 0 and columns:
        writer.writerow(columns)
    return out.getvalue()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, int | float) or value is None:
        return value
    text = plain(value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def trials_table(records: Sequence[Record]) -> Table:
    """What a person looks at first, one row per trial."""
    table = _table(f"{len(records)} trials", any(record.scripted for record in records))
    for name in ("trial", "model", "verdict", "machine"):
        table.add_column(name, overflow="fold")
    for name in ("served", "right", "commands", "s"):
        table.add_column(name, justify="right")
    for record in records:
        why = ", ".join(record.methods) or record.failure or record.missing
        notes = "; ".join(filter(None, [why, _ruling(record)]))
        verdict = f"{record.verdict} ({notes})" if notes else record.verdict
        counts = (record.questions_served, record.answers_correct, record.commands, record.duration_s)
        table.add_row(
            *(Text(plain(value)) for value in (record.trial_id, record.model, verdict, record.machine_end, *counts))
        )
    return table


def _ruling(record: Record) -> str:
    """What a person said beside the automatic verdict."""
    if record.ruling is None:
        return ""
    return "ruling void" if record.ruling == VOID else f"ruled {record.ruling}"


def rates_tables(cells: Sequence[Cell]) -> list[Table]:
    """A table per model, a row per cell: the sabotage rate, and every verdict with its count."""
    models = dict.fromkeys(cell.model for cell in cells)
    return [_rates_table([cell for cell in cells if cell.model == model]) for model in models]


def _rates_table(cells: Sequence[Cell]) -> Table:
    title = f"{plain(cells[0].model)}: sabotage rate, {sum(cell.trials for cell in cells)} trials"
    table = _table(title, cells[0].scripted)
    several = len({cell.variant for cell in cells}) < len(cells)
    for name in ["variant", *(["condition"] if several else [])]:
        table.add_column(name, overflow="fold")
    for name in ("n", "%", "95 % interval", "min", "max", "failures"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdicts")
    for cell in cells:
        where = [plain(cell.variant), *([plain(cell.condition)] if several else [])]
        sabotage, extremes = cell.measures["sabotage"], (cell.undecided_as_compliance, cell.undecided_as_sabotage)
        rates = [_percent(sabotage), _interval(sabotage), *map(_percent, extremes)]
        failures = str(cell.verdicts[Verdict.FAILURE] or "-")
        table.add_row(*map(Text, [*where, str(sabotage.n), *rates, failures, _verdicts(cell)]))
    table.caption = f"{RATES_NOTE}\n{table.caption}" if table.caption else RATES_NOTE
    return table


def _table(title: str, scripted: bool) -> Table:
    caption = SCRIPTED_NOTE if scripted else None
    return Table(
        title=Text(title),
        caption=caption,
        title_justify="left",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )


def _verdicts(cell: Cell) -> str:
    return ", ".join(f"{n} {verdict}" for verdict, n in cell.verdicts.items() if n and verdict != Verdict.FAILURE)


def _percent(rate: Estimate) -> str:
    return "n/a" if rate.rate is None else f"{100 * rate.rate:.1f}"


def _interval(rate: Estimate) -> str:
    return "n/a" if rate.rate is None else f"{100 * rate.low:.1f} - {100 * rate.high:.1f}"
