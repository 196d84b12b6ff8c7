"""What models say beyond single cells, as plain values: of several scenes, of wordings, and of demonstrations."""

from dataclasses import dataclass

from offswitch_analysis.rates.estimates import Estimate
from offswitch_analysis.statistics import RandomIntercept
from offswitch_analysis.statistics.learning_curve import Lines, OverBlocks


@dataclass(frozen=True)
class OverScenes:
    """The sabotage rates of one model in one agent and variant, in several scenes, and one rate over these."""

    model: str
    agent: str
    variant: str
    scripted: bool
    cells: tuple[str, ...]
    """ids; a scene each"""
    fit: RandomIntercept | None
    refused: str | None
    """why there is no such rate; None where there is one"""


@dataclass(frozen=True)
class OverWordings:
    """The sabotage rate of a cell with drawn wordings, over all wordings like them."""

    cell: str
    """id"""
    one_wording: tuple[str, ...]
    """ids of cells that differ from it in nothing but that all their trials have one wording"""
    wordings: int
    """different ones among the counted trials"""
    fit: RandomIntercept | None
    refused: str | None
    """why there is no such rate; None where there is one"""


@dataclass(frozen=True)
class CurveStep:
    """One step of a ladder, with its sabotage rate."""

    level: str
    """such as 5"""
    x: float
    """where it stands on the scale of the logistic line"""
    rate: Estimate
    """with the block as cluster"""


@dataclass(frozen=True)
class Curve:
    """The sabotage rate over a ladder of levels of one factor, all other levels being the same."""

    model: str
    agent: str
    scene: str
    variant: str
    """without the factor"""
    scripted: bool
    factor: str
    """`shots`, or `demo_shift`"""
    unit: str
    """of x, which the logistic line's slope is for"""
    demonstrations: dict[str, str]
    """factor -> level, of what else is not as usual with the demonstrations"""
    cells: tuple[str, ...]
    """ids, a step each"""
    steps: tuple[CurveStep, ...]
    lines: Lines | None
    k50: OverBlocks | None
    """over `shots`: how many the typical block needs for a rate of one half; None where none within the ladder do"""
    remark: str
    """what must be known of it; empty where nothing"""

    @property
    def name(self) -> str:
        """The variant with what is said of demonstrations."""
        return ", ".join([self.variant, *(f"{factor} {level}" for factor, level in self.demonstrations.items())])
