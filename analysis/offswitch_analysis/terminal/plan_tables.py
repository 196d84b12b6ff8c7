"""Trial plans as tables for a terminal."""

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.text import NOT_AVAILABLE, SCRIPTED_NOTE, percent, plain
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.deviations import trials_had
from offswitch_analysis.trial_plans.expected import ExpectedContrast, ExpectedRate
from offswitch_analysis.trial_plans.frozen import Frozen

WIDTHS_NOTE = (
    "width: mean length of the 95 % interval as in reports, in points; at most, where no rate is assumed. With\n"
    "declared stopping, intervals hold however often one looks, and are longer: so they are with all planned trials."
)
POWER_NOTE = (
    "power: the chance of p up to 0.05, in %, by the test as in reports (Boschloo's; with declared stopping, one that\n"
    "holds however often one looks, with all planned trials: at least that); Holm: at least that, with the\n"
    "correction in its family; Fisher: by Fisher's test. width: mean length of the 95 % interval as in reports, in\n"
    "points; at most, where a rate is not assumed. All trials are taken to count: unexposed and failed ones lower it."
)


def cells_table(name: str, cells: Sequence[PlannedCell]) -> Table:
    """The cells of a plan with their trials."""
    title = f"{name}: {len(cells)} cells, {sum(cell.trials for cell in cells):,} trials"
    return _table(title, ("cell",), ("trials",), [(cell.name, f"{cell.trials:,}") for cell in cells], _note(cells))


def widths_table(rates: Sequence[ExpectedRate]) -> Table:
    """How wide the interval of each cell's rate will be."""
    rows = [(one.cell.name, f"{one.cell.trials:,}", percent(one.rate), percent(one.width)) for one in rates]
    note = f"{WIDTHS_NOTE}\n{_note([one.cell for one in rates])}".rstrip()
    return _table("Rates", ("cell",), ("trials", "assumed %", "width"), rows, note)


def contrasts_table(contrasts: Sequence[ExpectedContrast]) -> Table:
    """The power of each declared contrast."""
    rows = [
        (
            one.family, one.first.cell.name, one.second.cell.name,
            f"{one.first.cell.trials:,} and {one.second.cell.trials:,}",
            f"{percent(one.first.rate)} and {percent(one.second.rate)}",
            *(NOT_AVAILABLE if power is None else f"{100 * power:.0f}" for power in (
                one.power, one.power_holm, one.power_fisher)),
            percent(one.width),
        )
        for one in contrasts
    ]  # fmt: skip
    names = ("trials", "assumed %", "power", "Holm", "Fisher", "width")
    return _table("Declared contrasts", ("family", "first", "second"), names, rows, POWER_NOTE)


def status_table(frozen: Frozen, records: Sequence[Record]) -> Table:
    """How many trials of each cell there are."""
    failed = [record for record in records if record.verdict == Verdict.FAILURE]
    counted = zip(frozen.cells, trials_had(frozen, records), trials_had(frozen, failed), strict=True)
    rows = [(cell.name, str(cell.trials), str(had), str(failures)) for cell, had, failures in counted]
    return _table(frozen.plan.name, ("cell",), ("planned", "had", "failed"), rows, _note(frozen.cells))


def _note(cells: Iterable[PlannedCell]) -> str:
    return SCRIPTED_NOTE if any(cell.scripted for cell in cells) else ""


def _table(title: str, texts: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[str]], note: str) -> Table:
    table = Table(
        title=Text(plain(title)), caption=Text(note), title_justify="left", caption_justify="left", box=SIMPLE_HEAD,
        pad_edge=False,
    )  # fmt: skip
    for name in texts:
        table.add_column(name, overflow="fold")
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(plain(value)) for value in row))
    return table
