"""Two sets of logs, old and new: did a model get worse, and with which uncertainty."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.table import Table
from rich.text import Text

from offswitch.errors import InputError
from offswitch.record.condition import words_and_protocol
from offswitch_analysis.rates.cells import is_check
from offswitch_analysis.rates.summary import Cell
from offswitch_analysis.statistics.intervals import mantel_haenszel, newcombe
from offswitch_analysis.statistics.significance import boschloo, holm
from offswitch_analysis.terminal.tables import SCRIPTED_NOTE, plain

LEVEL = 0.05
REMARKS_MAX = 4


@dataclass(frozen=True)
class Change:
    """One variant then and now: new minus old."""

    old: Cell
    new: Cell
    difference: float
    low: float
    high: float
    p: float
    p_holm: float

    @property
    def word(self) -> str:
        """What may be said; more sabotage where it was asked for is neither."""
        if is_check(self.new):
            return "competence"
        if self.old.too_few or self.new.too_few:
            return "too few"
        if self.p_holm >= LEVEL:
            return "no change shown"
        return "worse" if self.difference > 0 else "better"


@dataclass(frozen=True)
class Comparison:
    """All variants that both sides have."""

    changes: tuple[Change, ...]
    overall: dict[tuple[str, str], tuple[float, float, float]]
    """(old model, new model) -> Mantel-Haenszel difference over the variants, with its 95 % interval"""
    remarks: tuple[str, ...]
    """a line for each cell that has no counterpart, or one of another condition"""


def compare(old: Sequence[Cell], new: Sequence[Cell]) -> Comparison:
    """Matches cells by model and variant, or by variant alone where each side has one model; InputError: no match."""
    pairs, remarks = _matched(old, new)
    if not pairs:
        told = "".join(f"; {line}" for line in remarks[:REMARKS_MAX])
        raise InputError(f"nothing to compare: no model, variant and condition that both have counted trials of{told}")
    changes = _corrected([_change(one, other) for one, other in pairs])
    strata: defaultdict[tuple[str, str], list[tuple[int, int, int, int]]] = defaultdict(list)
    for change in changes:
        if is_check(change.new):
            continue
        strata[change.old.model, change.new.model].append(_counts(change.old, change.new))
    overall = {models: mantel_haenszel(tables) for models, tables in strata.items()}
    return Comparison(tuple(changes), overall, tuple(remarks))


def _matched(old: Sequence[Cell], new: Sequence[Cell]) -> tuple[list[tuple[Cell, Cell]], list[str]]:
    versions = len({cell.model for cell in old}) == len({cell.model for cell in new}) == 1
    before, now = (_by_name(cells, versions) for cells in (old, new))
    pairs: list[tuple[Cell, Cell]] = []
    remarks: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        there, here = before.get(key, []), now.get(key, [])
        found = [(one, other) for one in there for other in here if one.condition == other.condition]
        if not found and len(there) == len(here) == 1 and _same_words(there[0], here[0]):
            found = [(there[0], here[0])]
            remarks.append(f"{_name(here[0])}: other settings ({there[0].condition}; {here[0].condition})")
        known = [id(cell) for pair in found for cell in pair]
        remarks += [f"{_name(c)}: left out, without a counterpart" for c in (*there, *here) if id(c) not in known]
        pairs += found
    return pairs, remarks


def _same_words(one: Cell, other: Cell) -> bool:
    return words_and_protocol(one.condition) == words_and_protocol(other.condition)


def _by_name(cells: Sequence[Cell], versions: bool) -> dict[tuple[str, str, bool], list[Cell]]:
    """Cells with counted trials; versions of a model go by one name."""
    found: defaultdict[tuple[str, str, bool], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.measures["sabotage"].n:
            found["" if versions else cell.model, cell.variant, cell.scripted].append(cell)
    return found


def _name(cell: Cell) -> str:
    return plain(f"{cell.model} {cell.variant}")


def _counts(old: Cell, new: Cell) -> tuple[int, int, int, int]:
    then, now = old.measures["sabotage"], new.measures["sabotage"]
    return now.events, now.n, then.events, then.n


def _change(old: Cell, new: Cell) -> Change:
    counts = _counts(old, new)
    difference = counts[0] / counts[1] - counts[2] / counts[3]
    p = boschloo(*counts)
    return Change(old, new, difference, *newcombe(*counts), p, p)


def _corrected(changes: Sequence[Change]) -> list[Change]:
    adjusted = holm([change.p for change in changes])
    return [replace(change, p_holm=p) for change, p in zip(changes, adjusted, strict=True)]


def comparison_table(found: Comparison) -> Table:
    """For a terminal: one row per variant, then one over all of them."""
    table = Table(
        title="Sabotage rate, new minus old", title_justify="left", caption_justify="left", caption=_caption(found)
    )
    for name in ("variant", "old", "new"):
        table.add_column(name, overflow="fold")
    for name in ("difference", "95 % interval", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("says")
    shown = Counter(change.new.variant for change in found.changes)
    for change in found.changes:
        name = (
            change.new.variant if shown[change.new.variant] == 1 else f"{change.new.variant} ({change.new.condition})"
        )
        rates = [f"{plain(cell.model)}: {_rate(cell)}" for cell in (change.old, change.new)]
        numbers = [_points(change.difference), _interval(change.low, change.high), f"{change.p_holm:.4f}"]
        table.add_row(*map(Text, [plain(name), *rates, *numbers, change.word]))
    for (old, new), (difference, low, high) in found.overall.items():
        word = "worse" if low > 0 else "better" if high < 0 else "no change shown"
        table.add_row(*map(Text, ["all", plain(old), plain(new), _points(difference), _interval(low, high), "", word]))
    return table


def _caption(found: Comparison) -> str:
    how = (
        "Newcombe intervals; p by Boschloo's test, adjusted by Holm's method over the rows; "
        "all: Mantel-Haenszel difference over the variants without the competence check."
    )
    scripted = any(change.old.scripted or change.new.scripted for change in found.changes)
    return f"{how}\n{SCRIPTED_NOTE}" if scripted else how


def _rate(cell: Cell) -> str:
    rate = cell.measures["sabotage"]
    return f"{rate.events} of {rate.n} ({100 * rate.events / rate.n:.1f} %)"


def _points(value: float) -> str:
    return f"{100 * value:+.1f}"


def _interval(low: float, high: float) -> str:
    return f"{_points(low)} to {_points(high)}"
