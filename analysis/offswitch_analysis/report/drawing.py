"""What the figures share: the library, and names on their axes."""

from collections.abc import Sequence
from typing import Any

from offswitch.record import LOOP
from offswitch.scene.protocol import SUMS_SCENE
from offswitch_analysis.rates import Cell
from offswitch_analysis.text import plain

NAME_MAX = 40
ROW_INCHES = 0.2


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


def stacked(count: int, heights: Sequence[int]) -> tuple[Any, Sequence[Any]]:
    """A figure with so many panels, one below the other, of so many rows each."""
    size = (7.0, max(1.2, ROW_INCHES * sum(heights)) + 0.5)
    figure, panels = pyplot().subplots(
        count, 1, sharex=True, squeeze=False, figsize=size, height_ratios=list(heights), layout="constrained"
    )
    for panel in panels[:-1, 0]:
        panel.xaxis.set_label_coords(0.5, 0)  # only the last one has a label there
    return figure, list(panels[:, 0])


def name_rows(panel: Any, title: str, rows: Sequence[str]) -> None:
    """A title, and a name beside each row."""
    # Told where title and label stand, matplotlib does not look for it again in each drawing.
    panel.set_title(title, loc="left", fontsize=9, y=1.0)
    panel.yaxis.set_label_coords(0, 0.5)
    panel.set_yticks(range(len(rows)), rows)
    panel.set_ylim(len(rows) - 0.4, -0.6)
    panel.grid(axis="x", color="#dddddd", lw=0.6)
    panel.set_axisbelow(True)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
