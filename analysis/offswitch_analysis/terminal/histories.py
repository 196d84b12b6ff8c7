"""Rates over time, as a table."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from offswitch_analysis.rates.history import HISTORY_NOTE, MARKED, History, Point
from offswitch_analysis.text import SCRIPTED_NOTE, TOO_FEW, interval, percent, plain


def history_table(histories: Sequence[History]) -> Table:
    """One row for each point, the points of a history below each other."""
    scripted = any(history.scripted for history in histories)
    caption = f"{HISTORY_NOTE}\n{SCRIPTED_NOTE}" if scripted else HISTORY_NOTE
    table = Table(title="Sabotage rate over time", title_justify="left", caption=caption, caption_justify="left")
    for name in ("model", "variant", "day"):
        table.add_column(name, overflow="fold")
    for name in ("rate, %", "95 % interval", "n", "failures"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what changed", overflow="fold")
    for history in histories:
        for number, point in enumerate(history.points):
            named = ["", ""] if number else [_named(history), plain(history.variant)]
            table.add_row(*map(Text, [*named, point.day, *_numbers(point), change_words(point)]))
        table.add_section()
    return table


def change_words(point: Point) -> str:
    """What differs from the point before, with what it is now."""
    return "; ".join(f"{MARKED[name]}: {plain(point.facts[name])}" for name in point.changed)


def _named(history: History) -> str:
    return plain(history.subject) + (" (scripted)" if history.scripted else "")


def _numbers(point: Point) -> list[str]:
    rate = point.sabotage
    shown = [TOO_FEW, ""] if rate.too_few else [percent(rate.rate), interval(rate.low, rate.high)]
    return [*shown, f"{rate.events} of {rate.n}", str(point.failures)]
