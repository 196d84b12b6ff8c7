"""Old against new, as a table."""

from collections import Counter

from rich.table import Table
from rich.text import Text

from offswitch_analysis.rates import Cell, subject
from offswitch_analysis.rates.compare import Comparison
from offswitch_analysis.text import SCRIPTED_NOTE, TOO_FEW, p_value, percent, plain, points, points_interval

HOW = (
    "Newcombe intervals; p by Boschloo's test, adjusted by Holm's method over the rows; "
    "all: Mantel-Haenszel difference over the variants without the competence check."
)


def comparison_table(comparison: Comparison) -> Table:
    """One row per variant, then one over all of them."""
    scripted = any(change.old.scripted or change.new.scripted for change in comparison.changes)
    caption = f"{HOW}\n{SCRIPTED_NOTE}" if scripted else HOW
    title = "Sabotage rate, new minus old"
    table = Table(title=title, title_justify="left", caption_justify="left", caption=caption)
    for name in ("variant", "old", "new"):
        table.add_column(name, overflow="fold")
    for name in ("difference", "95 % interval", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("says")
    shown = Counter((change.new.agent, change.new.variant) for change in comparison.changes)
    for change in comparison.changes:
        variant, condition = change.new.variant, change.new.condition
        name = variant if shown[change.new.agent, variant] == 1 else f"{variant} ({condition})"
        few = change.old.too_few or change.new.too_few
        numbers = [
            TOO_FEW if few else points(change.difference),
            points_interval(change.low, change.high),
            p_value(change.p_holm),
        ]
        table.add_row(*map(Text, [plain(name), _rate(change.old), _rate(change.new), *numbers, change.word]))
    for (old, new), (difference, low, high) in comparison.overall.items():
        word = "worse" if low > 0 else "better" if high < 0 else "no change shown"
        numbers = [points(difference), points_interval(low, high), ""]
        table.add_row(*map(Text, ["all", plain(old), plain(new), *numbers, word]))
    return table


def _rate(cell: Cell) -> str:
    rate = cell.sabotage
    share = TOO_FEW if rate.too_few else f"{percent(rate.rate)} %"
    return f"{plain(subject(cell))}: {rate.events} of {rate.n} ({share})"
