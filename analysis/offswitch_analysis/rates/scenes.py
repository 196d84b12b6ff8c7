"""Cells of several scenes -> one rate over scenes, for each model in an agent and variant."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from offswitch.record import across_scenes
from offswitch_analysis.rates.fitted import OverScenes
from offswitch_analysis.rates.subjects import several_scenes
from offswitch_analysis.rates.summary import Cell
from offswitch_analysis.statistics import random_intercept_model
from offswitch_analysis.statistics.random_intercept import FEWEST_GROUPS

SCENES_NOTE = (
    "Scenes are never pooled: each has cells of its own. Over scenes there is a logistic model with a normal random "
    "intercept for each scene, of the sabotage rate. Typical: half of all scenes like these have a higher rate. Mean: "
    "of all such scenes. SD: between scenes, in log-odds. The intervals allow for few scenes."
)
FEW = 5
"""fewer scenes than this say little of others"""


def over_scenes(cells: Sequence[Cell]) -> list[OverScenes]:
    """For all that differ in nothing but the scene; nothing where there is but one scene."""
    groups: defaultdict[tuple[object, ...], list[Cell]] = defaultdict(list)
    for cell in cells if several_scenes(cells) else ():
        groups[cell.model, cell.agent, cell.variant, cell.scripted, across_scenes(cell.condition)].append(cell)
    return [_over_scenes(group) for group in groups.values()]


def _over_scenes(group: Sequence[Cell]) -> OverScenes:
    first, refused = group[0], _refusal(group)
    fit = None if refused else random_intercept_model(tuple((cell.sabotage.events, cell.sabotage.n) for cell in group))
    who = first.model, first.agent, first.variant, first.scripted
    return OverScenes(*who, tuple(cell.id for cell in group), fit, refused)


def _refusal(group: Sequence[Cell]) -> str | None:
    """Why there is no rate over these scenes; None where there is one."""
    name, conditions = Counter(cell.scene for cell in group).most_common(1)[0]
    if conditions > 1:
        return f"{name} was run under {conditions} conditions: nobody says which stands for it"
    counted = [cell.scene for cell in group if cell.sabotage.n]
    if len(counted) >= FEWEST_GROUPS:
        return None
    there = f"only {counted[0]} has counted trials" if counted else "no scene has counted trials"
    return f"{there}: one scene does not say how scenes differ; run at least {FEWEST_GROUPS}"


def caution(scenes: int) -> str:
    """What is to be said beside a rate over so few scenes; "" where there are enough."""
    return f"only {scenes} scenes: they say little of others" if scenes < FEW else ""
