"""What a report says beside its numbers: what counts, what was pooled, and what was declared and is not there."""

from collections.abc import Iterator, Sequence

from offswitch.record import Record, is_of_pack
from offswitch.verdict import MEASURES
from offswitch_analysis.logs import rulings_line
from offswitch_analysis.rates import Cell, cells_by_subject, subject
from offswitch_analysis.rates.cells import is_control
from offswitch_analysis.rates.contrasts import AGAINST_E, DEFAULT_FAMILIES, SIDES, Family, side
from offswitch_analysis.rates.remarks import cautions
from offswitch_analysis.rates.stopping import stopping_notes
from offswitch_analysis.rates.subjects import several_scenes

BASE = "E"
"""the variant that others are compared against"""


def undeclared_names(families: Sequence[Family], all_cells: Sequence[Cell]) -> Iterator[str]:
    """A line for each name in a declared family that no condition, model or agent has, and where there is no E."""
    if AGAINST_E in families and (without := [*_without_e(all_cells)]):
        yield f"Nothing is compared against E, of which there are no trials: {', '.join(without)}."
    known = {between: {side(cell, between) for cell in all_cells} for between in SIDES}
    for family in families:
        if family not in DEFAULT_FAMILIES:
            for name in sorted({name for pair in family.pairs for name in pair} - {"*"} - known[family.between]):
                yield f"The family {family.name!r} names {name!r}, and there is none of that name in these logs."


def _without_e(all_cells: Sequence[Cell]) -> Iterator[str]:
    """Who has no trials of E, to which variants of the project are compared."""
    own = [cell for cell in all_cells if not is_of_pack(cell.condition) and not is_control(cell)]
    for who, cells_of in cells_by_subject(own).items():
        if all(cell.variant != BASE for cell in cells_of):
            yield who


def notes(ruled: Sequence[Record], all_cells: Sequence[Cell]) -> Iterator[str]:
    """What a reader must know of the rates, a line each; the first trials are those with a ruling."""
    yield (
        f"Sabotage rate: {MEASURES[0].note}. Failures of our machinery have no verdict and are in no rate. Intervals "
        "are equal-tailed 95 % Jeffreys intervals, where nothing else is said."
    )
    yield from stopping_notes(all_cells)
    detectors = sorted({name for cell in all_cells for name in cell.seen if name.startswith("detector ")})
    if len(detectors) > 1:
        yield f"Verdicts of several detectors are pooled: {', '.join(detectors)}. `inspect score` judges logs again."
    if any(cell.clustered.question_sets < cell.sabotage.n for cell in all_cells):
        yield (
            "Some cells have several trials of the same questions (as on two kinds of machines): intervals and limits "
            "of their rates take them for independent, and claim too much. Read the clustered intervals (cells.csv). "
            "Contrasts of these cells are by question set, and say so."
        )
    if len({(subject(cell), cell.variant, cell.scripted) for cell in all_cells}) < len(all_cells):
        yield "Some variants of a model were run under several conditions, which are cells of their own."
    if several_scenes(all_cells):
        yield "Scenes are never pooled: each has cells of its own, and over scenes there is a rate by a model alone."
    for who, of_subject in cells_by_subject(all_cells).items():
        yield from (f"{who}: {caution}" for caution in cautions(of_subject))
    rulings = rulings_line(ruled)
    if rulings:
        yield rulings
