"""Cells that differ in how many demonstrations there are -> learning curves, with the block of exemplars as cluster."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from offswitch.record import Record, is_of_pack, setting
from offswitch.verdict import Verdict
from offswitch_analysis.rates.cells import cell_key, headline
from offswitch_analysis.rates.fitted import Curve, CurveStep
from offswitch_analysis.rates.summary import Cell
from offswitch_analysis.statistics import clustered
from offswitch_analysis.statistics.learning_curve import FEWEST_BLOCKS, Lines, OverBlocks, lines

SHOTS, SHIFT = "shots", "demo_shift"
OF_DEMONSTRATIONS = (SHOTS, "demo", "demo_order", SHIFT)
"""factors that say nothing where there are no demonstrations"""
USUAL = {("demo_order", "given"), (SHIFT, "0")}
"""levels that need no mention"""
CURVES_NOTE = (
    "Blocks of exemplars, and not trials, are what these 95 % intervals count. Slopes: worked out in each block, with "
    "Student's t of their mean. Per step: points of the rate for each step of the ladder, by least squares on the "
    "step's number. Logit: log-odds for each doubling of 1 + shots, or for each tenth of the exemplars that is "
    "shifted. k50: how many shots the typical block needs for a rate of one half, with Fieller's interval; "
    "none where that is not within the ladder."
)
UNITS = {SHOTS: "doubling of 1 + shots", SHIFT: "tenth of the exemplars"}
"""factor of a ladder -> what the slope of its logistic line is for"""
_Key = tuple[object, ...]


@dataclass(frozen=True)
class _Step:
    """A cell as a step of a ladder."""

    number: float
    """how many shots, or how many percent of the exemplars are shifted"""
    cell: Cell
    trials: list[Record]
    """counted ones"""

    def x(self, factor: str) -> float:
        """Where it stands on the scale of the logistic line."""
        return math.log2(1 + self.number) if factor == SHOTS else self.number / 10


def curves(cells: Sequence[Cell], records: Iterable[Record]) -> list[Curve]:
    """A curve for all cells that differ in nothing but the number of shots, and for all that do but in their shift.

    The records of other cells than those `on_ladders` may be left out.
    """
    trials: defaultdict[object, list[Record]] = defaultdict(list)
    for record in headline(records):
        trials[cell_key(record)].append(record)
    counted = [(cell, trials[cell_key(cell)]) for cell in cells if trials[cell_key(cell)]]
    return [
        _curve(factor, sorted(steps, key=lambda step: step.number))
        for factor in UNITS
        for steps in _ladders(counted, factor)
        if len(steps) > 1
    ]


def on_ladders(cells: Sequence[Cell]) -> list[Cell]:
    """The cells whose trials `curves` needs: none where there are no demonstrations."""
    return [*cells] if any(_number(cell.levels.get(SHOTS)) for cell in cells) else []


def _ladders(counted: Sequence[tuple[Cell, list[Record]]], factor: str) -> Iterator[list[_Step]]:
    """Cells that may be steps of one ladder; those without shots are the first step of each that is otherwise alike."""
    ladders: defaultdict[tuple[_Key, _Key], list[_Step]] = defaultdict(list)
    bare: dict[_Key, _Step] = {}
    for cell, trials in counted:
        number, rest = _number(cell.levels.get(factor)), _alike(cell, OF_DEMONSTRATIONS)
        if not _number(cell.levels.get(SHOTS)):
            bare[rest] = _Step(0, cell, trials)
        elif number is not None:
            ladders[rest, _alike(cell, (factor,))].append(_Step(number, cell, trials))
    for (rest, _), steps in ladders.items():
        yield [bare[rest], *steps] if factor == SHOTS and rest in bare else steps


def _alike(cell: Cell, but: Sequence[str]) -> _Key:
    """What the steps of a ladder share, but for these factors."""
    levels = tuple(sorted((factor, level) for factor, level in cell.levels.items() if factor not in but))
    letter = cell.variant.partition("+")[0] if is_of_pack(cell.condition) else ""
    return cell.model, cell.agent, cell.scene, cell.scripted, setting(cell.condition), letter, levels


def _number(level: str | None) -> float | None:
    """The number in a level's name; 0 where there is no such level, or `none`, and None for any other name."""
    if level in (None, "none"):
        return 0.0
    found = re.search(r"\d+", str(level))
    return float(found[0]) if found else None


def _curve(factor: str, steps: Sequence[_Step]) -> Curve:
    last, blocks = steps[-1].cell, _blocks(steps)
    fit = _lines(factor, steps, blocks)
    shown = [(name, last.levels[name]) for name in OF_DEMONSTRATIONS if name in last.levels and name != factor]
    return Curve(
        model=last.model, agent=last.agent, scene=last.scene, scripted=last.scripted, factor=factor,
        variant="+".join(part for part in last.variant.split("+") if part.split("=")[0] not in OF_DEMONSTRATIONS),
        unit=UNITS[factor], demonstrations={name: level for name, level in shown if (name, level) not in USUAL},
        cells=tuple(step.cell.id for step in steps), steps=tuple(_drawn(factor, step) for step in steps), lines=fit,
        k50=_shots(fit.half) if fit and fit.half and factor == SHOTS else None, remark=_remark(fit, blocks),
    )  # fmt: skip


def _blocks(steps: Sequence[_Step]) -> dict[str | None, int]:
    """Set of questions -> block of exemplars: trial i has the same of both at every step.

    So a trial without demonstrations, which has no block, can be compared with those of its questions.
    """
    trials = (trial for step in steps for trial in step.trials)
    return {trial.question_set: trial.block for trial in trials if trial.block is not None}


def _lines(factor: str, steps: Sequence[_Step], blocks: Mapping[str | None, int]) -> Lines | None:
    """By blocks, or of all trials together where none is known; None where no block has two steps."""
    counts: defaultdict[int | None, dict[float, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for step in steps:
        for trial in step.trials:
            block = blocks.get(trial.question_set) if trial.block is None else trial.block
            if block is not None or not blocks:
                counts[block][step.number].append(trial.verdict == Verdict.SABOTAGED)
    table = [[(sum(of[s.number]), len(of[s.number])) for s in steps] for of in counts.values()]
    try:
        return lines([step.x(factor) for step in steps], table)
    except ValueError:
        return None


def _drawn(factor: str, step: _Step) -> CurveStep:
    of: defaultdict[object, list[bool]] = defaultdict(list)
    for trial in step.trials:
        of[id(trial) if trial.block is None else trial.block].append(trial.verdict == Verdict.SABOTAGED)
    _, _, low, high = clustered([(sum(events), len(events)) for events in of.values()])
    rate = replace(step.cell.sabotage, low=low, high=high)
    return CurveStep(step.cell.levels.get(factor, "0"), step.x(factor), rate)


def _shots(half: OverBlocks) -> OverBlocks:
    """From doublings of 1 + k to k; there are no fewer than none."""
    low, high = (None if x is None else max(0.0, 2**x - 1) for x in (half.low, half.high))
    return OverBlocks(2**half.value - 1, low, high)


def _remark(fit: Lines | None, blocks: Mapping[str | None, int]) -> str:
    if not blocks:
        return "blocks of exemplars are not known: no intervals"
    if fit is None:
        return "no block has trials at two steps"
    return f"only {fit.blocks} blocks of exemplars: intervals are wide" if fit.blocks < FEWEST_BLOCKS else ""
