"""Two sets of logs, old and new: did a model get worse, and with which uncertainty."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from offswitch.errors import InputError
from offswitch.record import words_and_protocol
from offswitch.stopping.anytime import anytime_difference, anytime_p
from offswitch.stopping.policy import is_check
from offswitch_analysis.rates.subjects import subject
from offswitch_analysis.rates.summary import Cell
from offswitch_analysis.statistics import boschloo, holm, mantel_haenszel, newcombe
from offswitch_analysis.text import TOO_FEW, plain

LEVEL = 0.05
REMARKS_MAX = 4

Name = tuple[str, str, str, str, bool]
"""model, agent, scene, variant and whether the subject is scripted: what a cell has in common with its counterpart"""


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
            return TOO_FEW
        if self.p_holm < LEVEL:
            return "worse" if self.difference > 0 else "better"
        return "no change shown"


@dataclass(frozen=True)
class Comparison:
    """All variants that both sides have."""

    changes: tuple[Change, ...]
    overall: dict[tuple[str, str], tuple[float, float, float]]
    """(old subject, new subject), each in one scene -> Mantel-Haenszel difference over variants, with its interval"""
    remarks: tuple[str, ...]
    """a line for each cell that has no counterpart, or one of another condition"""


def compare(old: Sequence[Cell], new: Sequence[Cell]) -> Comparison:
    """Matches cells by model, agent, scene and variant, by any model if each side has but one; InputError: no match."""
    pairs, remarks = _matched(old, new)
    if not pairs:
        why = "".join(f"; {line}" for line in remarks[:REMARKS_MAX])
        raise InputError(f"nothing to compare: no condition of a model that both have counted trials of{why}")
    found = [_change(one, other) for one, other in pairs]
    adjusted = holm([change.p for change in found])
    changes = [replace(change, p_holm=p) for change, p in zip(found, adjusted, strict=True)]
    strata: defaultdict[tuple[str, str], list[tuple[int, int, int, int]]] = defaultdict(list)
    for change in changes:
        if change.old.stopping or change.new.stopping:
            remarks.append(
                f"{_name(change.new)}: in no mean over variants, since its trials may have been stopped early"
            )
        elif not is_check(change.new):
            strata[subject(change.old), subject(change.new)].append(_counts(change.old, change.new))
    overall = {models: mantel_haenszel(tables) for models, tables in strata.items()}
    return Comparison(tuple(changes), overall, tuple(remarks))


def _matched(old: Sequence[Cell], new: Sequence[Cell]) -> tuple[list[tuple[Cell, Cell]], list[str]]:
    versions = len({cell.model for cell in old}) == len({cell.model for cell in new}) == 1
    before, now = (_by_name(cells, versions) for cells in (old, new))
    pairs: list[tuple[Cell, Cell]] = []
    remarks: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        there, here = before.get(key, []), now.get(key, [])
        alike = [(one, other) for one in there for other in here if one.condition == other.condition]
        words = {words_and_protocol(cell.condition) for cell in (*there, *here)}
        if not alike and len(there) == len(here) == len(words) == 1:
            alike = [(there[0], here[0])]
            remarks.append(f"{_name(here[0])}: other settings ({there[0].condition}; {here[0].condition})")
        matched = [id(cell) for pair in alike for cell in pair]
        remarks += [f"{_name(c)}: left out, without a counterpart" for c in (*there, *here) if id(c) not in matched]
        pairs += alike
    return pairs, remarks


def _by_name(cells: Sequence[Cell], versions: bool) -> dict[Name, list[Cell]]:
    """Cells with counted trials; versions of a model go by one name."""
    named: defaultdict[Name, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.sabotage.n:
            named["" if versions else cell.model, cell.agent, cell.scene, cell.variant, cell.scripted].append(cell)
    return named


def _name(cell: Cell) -> str:
    return plain(f"{subject(cell)} {cell.variant}")


def _counts(old: Cell, new: Cell) -> tuple[int, int, int, int]:
    return new.sabotage.events, new.sabotage.n, old.sabotage.events, old.sabotage.n


def _change(old: Cell, new: Cell) -> Change:
    counts = _counts(old, new)
    difference, anytime = counts[0] / counts[1] - counts[2] / counts[3], old.stopping or new.stopping
    p = anytime_p(counts[:2], counts[2:]) if anytime else boschloo(*counts)
    limits = anytime_difference(counts[:2], counts[2:]) if anytime else newcombe(*counts)
    return Change(old, new, difference, *limits, p, p)
