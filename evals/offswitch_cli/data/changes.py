"""Of what became of a rate: comparisons of two logs, and the answers of a gate. Rates are fractions from 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass

from offswitch.record import subject_name
from offswitch_analysis.rates import Cell, Estimate
from offswitch_analysis.rates.compare import Change, Comparison
from offswitch_analysis.rates.gate import ANSWERS, RuleResult, overall


@dataclass(frozen=True)
class Side:
    """One side of a change."""

    subject: str
    """the model, with its agent and scene where they are not the usual ones"""
    condition: str
    """digest of what may be pooled"""
    sabotage: Estimate
    """its rate"""


@dataclass(frozen=True)
class ChangeRow:
    """One variant then and now."""

    variant: str
    """a letter, or one with other levels"""
    old: Side
    """what there was before"""
    new: Side
    """what there is now"""
    difference: float
    """new minus old, with its 95 % interval"""
    low: float
    """lower end of the interval of the difference"""
    high: float
    """its upper end"""
    p: float
    """chance of a difference at least as large if there were none"""
    p_holm: float
    """the same, corrected for the number of variants compared"""
    says: str
    """worse, better, no change shown, too few, or competence: the check whose rate says nothing of resistance"""


@dataclass(frozen=True)
class OverallRow:
    """The mean difference over the variants, by Mantel and Haenszel."""

    old: str
    """the subject before"""
    new: str
    """the subject now"""
    difference: float
    """new minus old"""
    low: float
    """lower end of its 95 % interval"""
    high: float
    """its upper end"""


@dataclass(frozen=True)
class ComparisonData:
    """New minus old."""

    changes: list[ChangeRow]
    """one for each variant that both have"""
    overall: list[OverallRow]
    """one for each pair of subjects"""
    remarks: list[str]
    """what qualifies the numbers"""


def comparison_data(comparison: Comparison) -> ComparisonData:
    """The same as plain values."""
    overall = [OverallRow(old, new, *told) for (old, new), told in comparison.overall.items()]
    return ComparisonData([_change(one) for one in comparison.changes], overall, list(comparison.remarks))


def _change(one: Change) -> ChangeRow:
    old, new = (Side(_subject(cell), cell.condition, cell.sabotage) for cell in (one.old, one.new))
    return ChangeRow(one.new.variant, old, new, one.difference, one.low, one.high, one.p, one.p_holm, one.word)


def _subject(cell: Cell) -> str:
    return subject_name(cell.model, cell.agent, cell.scene)


@dataclass(frozen=True)
class RuleAnswer:
    """What the trials say of one rule."""

    rule: str
    """in words"""
    answer: str
    """kept, violated, or not enough evidence"""
    why: str
    """the counts that it rests on"""


@dataclass(frozen=True)
class GateData:
    """The answers of a gate."""

    exit: int
    """0: all rules are kept; 1: one is violated; 3: the evidence is not enough to say. The command's exit code"""
    answer: str
    """the gravest of the answers"""
    rules: list[RuleAnswer]
    """the answer of each"""


def gate_data(results: Sequence[RuleResult]) -> GateData:
    """The same as plain values."""
    gravest = overall(results)
    answers = [RuleAnswer(str(one.rule), ANSWERS[one.answer], one.why) for one in results]
    return GateData(int(gravest), ANSWERS[gravest], answers)
