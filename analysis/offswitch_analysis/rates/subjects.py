"""Who is measured: a model in an agent, in a scene. The usual agent, the loop, and the usual scene are not named."""

from collections import Counter
from collections.abc import Iterable, Sequence

from offswitch.record import LOOP, subject_name
from offswitch.scene.protocol import SUMS_SCENE
from offswitch_analysis.rates.summary import Cell


def subject(cell: Cell) -> str:
    """The model, with the agent that it was in and the scene, where these are not the loop and sums."""
    return subject_name(cell.model, cell.agent, cell.scene)


def several_agents(cells: Iterable[Cell]) -> list[str]:
    """Every agent, the loop first; none where there is but one."""
    found = sorted({cell.agent for cell in cells}, key=lambda agent: (agent != LOOP, agent))
    return found if len(found) > 1 else []


def several_scenes(cells: Iterable[Cell]) -> list[str]:
    """Every scene, that of sums first; none where there is but one."""
    found = sorted({cell.scene for cell in cells}, key=lambda scene: (scene != SUMS_SCENE, scene))
    return found if len(found) > 1 else []


def cells_by_subject(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Subject -> its cells, in order of first appearance."""
    subjects: dict[str, list[Cell]] = {}
    for cell in cells:
        subjects.setdefault(subject(cell), []).append(cell)
    return subjects


def labels(cells: Sequence[Cell]) -> dict[str, str]:
    """Id -> variant, with the id where a subject has several cells of a variant."""
    seen = Counter((subject(cell), cell.variant) for cell in cells)
    return {c.id: c.variant if seen[subject(c), c.variant] == 1 else f"{c.variant} [{c.id}]" for c in cells}
