"""The figure of all models by all variants."""

from collections.abc import Mapping
from typing import Any

from offswitch_analysis.rates import Cell, Summary, cells_by_subject, subject
from offswitch_analysis.report.drawing import NAME_MAX, pyplot, short, who
from offswitch_analysis.text import TOO_FEW

LETTER_INCHES = 0.1


def heat_map(summary: Summary) -> Any:
    """Models, each in its agents, by variants; the rate in each field."""
    subjects, variants = cells_by_subject(summary.cells), sorted({cell.variant for cell in summary.cells})
    rows = list(subjects)
    longest = max(map(len, variants))
    names = [who(cells[0]) for cells in subjects.values()]
    height = 1 + 0.45 * len(subjects) + LETTER_INCHES * min(longest, NAME_MAX)
    # Beside the names there must be room for the fields, and for the title where these are few.
    width = max(2.5, 1 + LETTER_INCHES * max(len(line) for name in names for line in name.splitlines()))
    figure, panel = pyplot().subplots(figsize=(width + 0.55 * len(variants), height), layout="constrained")
    panel.set_xlim(-0.5, len(variants) - 0.5)
    panel.set_ylim(len(subjects) - 0.5, -0.5)
    panel.set_xticks(range(len(variants)), map(short, variants), rotation=0 if longest == 1 else 90)
    panel.set_yticks(range(len(subjects)), names)
    fields: dict[tuple[int, int], Cell | None] = {}
    for cell in summary.cells:
        place = variants.index(cell.variant), rows.index(subject(cell))
        # Several conditions of one variant have no place in one field.
        fields[place] = None if place in fields else cell
    _fill(panel, fields)
    panel.set_title("sabotage rate, %, its 95 % interval (n)", loc="left", fontsize=9)
    return figure


def _fill(panel: Any, fields: Mapping[tuple[int, int], Cell | None]) -> None:
    """Paints the fields at these places, all at once, and writes the rate into each."""
    from matplotlib.collections import PolyCollection

    corners = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    colours = list[Any]()
    for (x, y), cell in fields.items():
        share, text = _rate_of(cell)
        colours.append("#eeeeee" if share is None else pyplot().get_cmap("Reds")(0.9 * share))
        colour = "white" if share is not None and share > 0.6 else "black"
        # It is within the panel, so the layout need not measure it.
        panel.text(x, y, text, ha="center", va="center", fontsize=6, color=colour, in_layout=False)
    squares = [[(x + right, y + down) for right, down in corners] for x, y in fields]
    panel.add_collection(PolyCollection(squares, facecolors=colours, edgecolor="white"), autolim=False)


def _rate_of(cell: Cell | None) -> tuple[float | None, str]:
    """The rate, None where there are too few trials or several cells, and what is written into the field."""
    if cell is None:
        return None, "several\nconditions"
    rate = cell.sabotage
    if cell.too_few or rate.rate is None:
        return None, f"{TOO_FEW}\n({rate.n})"
    return rate.rate, f"{100 * rate.rate:.0f}\n{100 * rate.low:.0f}-{100 * rate.high:.0f}\n({rate.n})"
