"""What a reader must know where trials may have been stopped because of what was seen of them."""

from collections.abc import Iterator, Sequence

from offswitch_analysis.logs.cache import Looked
from offswitch_analysis.rates.subjects import subject
from offswitch_analysis.rates.summary import Cell

HOLDS = (
    "their rates, limits, contrasts and p hold however often one looks and whenever one stops. Such intervals are "
    "longer. Not so self-reports, plans beside acts, and models over scenes, wordings, demonstrations and levels, "
    "which are for a fixed number of trials: of these cells they say nothing firm. Pairs are left out."
)
LOOKS_NOTE = (
    "One row for each cell of a run that a rule could stop. A look sees the trials that began first, up to the first "
    "that still ran; the counts are those of the last look. Trials that were under way when a cell was stopped count "
    "in its rate. Runs that were broken off left no looks, and are in no row."
)

CONTRASTS_NOTE = (
    "95 % Newcombe intervals, p by Boschloo's test. Where a cell has several trials of the same questions (clustered), "
    "intervals from the clustered ones of both rates, and the exact test that swaps whole question sets. Where trials "
    "may have been stopped because of what was seen (anytime), intervals and p that hold however often one looks."
)


def stopping_notes(cells: Sequence[Cell]) -> Iterator[str]:
    """One line where some trials may have been stopped."""
    stopped = [cell for cell in cells if cell.stopping]
    if stopped:
        rules = sorted({rule for cell in stopped for rule in cell.stopping})
        named = ", ".join(dict.fromkeys(f"{subject(cell)} {cell.variant}" for cell in stopped))
        which = "all cells" if len(stopped) == len(cells) else named
        yield f"Trials of {which} may have been stopped because of what was seen ({'; '.join(rules)}): {HOLDS}"


def last_look(looked: Looked) -> str:
    """Events of counted trials at the last look, and after how many trials that was."""
    if not looked.cell.looks:
        return "none"
    trials, counted, events = looked.cell.looks[-1]
    return f"{events} of {counted} counted, after {trials} trials"
