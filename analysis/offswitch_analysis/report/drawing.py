"""What the figures share: the library, and names on their axes."""

from collections.abc import Sequence
from typing import Any

from offswitch.record import LOOP
from offswitch.scene.protocol import SUMS_SCENE
from offswitch_analysis.rates import Cell
from offswitch_analysis.text import plain

NAME_MAX = 40
ROW_INCHES = 0.2
IN_SIGHT = 40
"""rows of a panel beside which one still sees the numbers below it"""


def pyplot() -> Any:
    """Only partly typed, and takes a second to load."""
    import matplotlib.pyplot as plt

    return plt


def who(cell: Cell, gap: str = "\n") -> str:
    """The model, and on lines of their own the agent and the scene, where they are not the loop and sums."""
    agent = "" if cell.agent == LOOP else f"{gap}in {short(cell.agent)}"
    scene = "" if cell.scene == SUMS_SCENE else f"{gap}scene {short(cell.scene)}"
    return f"{short(cell.model)}{agent}{scene}"


def short(text: str) -> str:
    """On one line, cut, and with nothing that matplotlib would take for a formula."""
    text = plain(text).replace("$", r"\$")
    return text if len(text) <= NAME_MAX else text[: NAME_MAX - 1] + "…"


def stacked(count: int, rows: int) -> tuple[Any, Sequence[Any]]:
    """A figure with so many panels, one below the other, each as high as so many rows."""
    size = (7.0, ROW_INCHES * rows * count + 0.5)
    figure, panels = pyplot().subplots(count, 1, sharex=True, squeeze=False, figsize=size, layout="constrained")
    for panel in panels[:-1, 0]:
        panel.xaxis.set_label_coords(0.5, 0)  # only the last one has a label there
    return figure, list(panels[:, 0])


def listed(groups: Sequence[tuple[str, Sequence[str]]]) -> tuple[Any, Any, list[float]]:
    """A figure with one panel that has a row for each name, below the title of its group; and where these rows are.

    Texts in one panel are drawn in a third of the time that a panel for each group takes, with a tick for each name.
    """
    figure, panel = _empty(sum(_height(title) + len(names) for title, names in groups))
    beside, rows, end = panel.get_yaxis_transform(), list[float](), 0.0
    for title, names in groups:
        begin = end + _height(title)
        end = begin + len(names)
        panel.text(0, begin - 0.6, title, fontsize=9, va="bottom", transform=beside)
        for place, name in enumerate(names):
            rows.append(begin + place)
            panel.text(-0.012, rows[-1], name, ha="right", va="center_baseline", transform=beside)
    return figure, panel, rows


def _height(title: str) -> float:
    """Rows that the title of a group takes, with some room above it."""
    return 1.3 * len(title.splitlines())


def _empty(rows: float) -> tuple[Any, Any]:
    """A figure and its panel with room for so many rows, and lines to read values at."""
    size = (7.0, max(1.2, ROW_INCHES * (rows + 1)) + 0.5)
    figure, panel = pyplot().subplots(figsize=size, layout="constrained")
    panel.set_ylim(rows - 0.4, -0.6)
    panel.set_yticks([])
    panel.tick_params(axis="x", labeltop=rows > IN_SIGHT)
    panel.grid(axis="x", color="#dddddd", lw=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right", "left"]].set_visible(False)
    return figure, panel
