"""What the figures share: the library, and names on their axes."""

from typing import Any

from offswitch.record import LOOP
from offswitch.scene.protocol import SUMS_SCENE
from offswitch_analysis.rates import Cell
from offswitch_analysis.text import plain

NAME_MAX = 40


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
