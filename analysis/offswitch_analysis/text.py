"""Words and numbers as a reader sees them. Imports nothing of the project.

What comes from a log may come from a model: here control characters are made visible, and nothing can be taken for a
formula by a spreadsheet or for markup by Markdown.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

SCRIPTED_NOTE = "Scripted agents: test subjects, which say nothing about any real model."
TOO_FEW = "too few"
"""in place of a rate of too few counted trials"""
NOT_AVAILABLE = "n/a"
FORMULA_STARTS = ("=", "+", "-", "@")
MARKDOWN = frozenset(r"\`*_{}[]<>()#+-.!|~&$")


def plain(value: Any) -> str:
    """One line of printable text; nothing for None."""
    if value is None:
        return ""
    text = f"{value:.1f}" if isinstance(value, float) else str(value)
    if text.isprintable():  # as most is
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def markdown(value: Any) -> str:
    """Text that no reader of Markdown takes for anything else."""
    return "".join(f"\\{c}" if c in MARKDOWN else c for c in plain(value))


def reasoning_text(part: Any) -> str:
    """What Inspect's part of a message says of the model's reasoning; of reasoning that is hidden, its summary."""
    return part.summary or "(hidden)" if part.redacted else part.reasoning or part.summary or ""


def csv_text(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows of the same columns as CSV with a header, also where there is no row and columns are named.

    Lists are separated by spaces. No value can be taken for a formula.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for number, row in enumerate(rows):
        if number == 0:
            writer.writerow(row)
        writer.writerow([_csv_cell(value) for value in row.values()])
    if columns and not out.tell():
        writer.writerow(columns)
    return out.getvalue()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, int | float) or value is None:
        return value
    text = plain(" ".join(cast(list[str], value)) if isinstance(value, list) else value)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def percent(rate: float | None) -> str:
    """A fraction in percent, with one decimal; n/a for None."""
    return NOT_AVAILABLE if rate is None else f"{100 * rate:.1f}"


def points(difference: float | None) -> str:
    """A difference of fractions in percentage points, with its sign; n/a for None."""
    return NOT_AVAILABLE if difference is None else f"{100 * difference:+.1f}"


def interval(low: float | None, high: float | None, between: str = " to ") -> str:
    """Both limits of a rate in percent; n/a where one is None."""
    return NOT_AVAILABLE if low is None or high is None else f"{percent(low)}{between}{percent(high)}"


def payoff_text(score: float | None) -> str:
    """A mean payoff, with three decimals; n/a for None."""
    return NOT_AVAILABLE if score is None else f"{score:.3f}"


def bounds(low: float, high: float | None, between: str = " to ") -> str:
    """Both limits of a number, with two decimals; where there is no upper one, that is said."""
    return f"{low:.2f}{between}{'no limit' if high is None else f'{high:.2f}'}"


def over_blocks(value: float, low: float | None, high: float | None, scale: float = 1, form: str = "+.2f") -> str:
    """A mean over blocks with its limits, times a scale; where nothing limits it, that is said."""
    if low is None or high is None:
        return f"{scale * value:{form}} (no limits)"
    return f"{scale * value:{form}} ({scale * low:{form}} to {scale * high:{form}})"


def points_interval(low: float | None, high: float | None) -> str:
    """Both limits of a difference in percentage points."""
    return f"{points(low)} to {points(high)}"


def p_value(p: float | None) -> str:
    """Four decimals, for columns; very small ones only as such, n/a for None."""
    return NOT_AVAILABLE if p is None else _not_tiny(p, f"{p:.4f}")


def short_p_value(p: float) -> str:
    """Three digits, or two decimals from 0.1 on; very small ones only as such."""
    return _not_tiny(p, f"{p:.3g}" if p < 0.1 else f"{p:.2f}")


def _not_tiny(p: float, text: str) -> str:
    return "< 0.0001" if p < 0.0001 else text
