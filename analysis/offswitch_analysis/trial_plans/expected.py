"""What the trials of a plan will show, if the rates are as it assumes."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from offswitch.stopping.anytime import anytime_difference, anytime_interval, pairs_evidence
from offswitch.stopping.policy import is_about
from offswitch_analysis.rates.contrasts import declared_pairs
from offswitch_analysis.statistics import (
    boschloo_power,
    fisher_power,
    jeffreys,
    newcombe_width,
    pairs_power,
    rate_width,
)
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.plan_file import TrialPlan

LEVEL = 0.05
"""up to which a p is called small"""
WIDEST = 0.5
"""the rate at which intervals are widest: taken where none is assumed"""


@dataclass(frozen=True)
class ExpectedRate:
    """A cell, and how long its interval will be."""

    cell: PlannedCell
    rate: float | None
    """as assumed; None where nothing is"""
    width: float
    """mean length of the 95 % interval that reports will have, at most where no rate is assumed"""


@dataclass(frozen=True)
class ExpectedContrast:
    """A declared contrast, first minus second, and whether the trials can be expected to show it."""

    family: str
    first: ExpectedRate
    second: ExpectedRate
    width: float
    """the same, of the difference; where trials may be stopped, the length at as many events as are expected"""
    power: float | None
    """of the test that reports will have; None where a rate is not assumed. Where trials may be stopped, at least that
    with all planned trials"""
    power_holm: float | None
    """the same at the level of Holm's first step: at least so large is it with the correction in its family"""
    power_fisher: float | None
    """also None where trials may be stopped, which that test does not allow for"""


def expected_rates(plan: TrialPlan, cells: Sequence[PlannedCell]) -> list[ExpectedRate]:
    """One for each cell."""
    return [_expected_rate(plan, cell) for cell in cells]


def _expected_rate(plan: TrialPlan, cell: PlannedCell) -> ExpectedRate:
    fitting = [one.rate for one in plan.assume if is_about(one.rule, cell)]
    rate = fitting[-1] if fitting else None
    interval = anytime_interval if plan.stopping.is_possible else jeffreys
    return ExpectedRate(cell, rate, rate_width(WIDEST if rate is None else rate, cell.trials, interval))


def expected_contrasts(plan: TrialPlan, cells: Sequence[PlannedCell]) -> Iterator[ExpectedContrast]:
    """One for each contrast of the plan's families."""
    for family in plan.declared:
        for pairs in declared_pairs(family, cells):
            for one, other in pairs:
                first, second = _expected_rate(plan, one), _expected_rate(plan, other)
                yield _expected_contrast(family.name, first, second, LEVEL / len(pairs), plan.stopping.is_possible)


def _expected_contrast(
    family: str, first: ExpectedRate, second: ExpectedRate, level: float, anytime: bool
) -> ExpectedContrast:
    n1, n2, rate_1, rate_2 = first.cell.trials, second.cell.trials, first.rate, second.rate
    widths = [WIDEST if rate is None else rate for rate in (rate_1, rate_2)]
    low, high = anytime_difference((widths[0] * n1, n1), (widths[1] * n2, n2))
    width = high - low if anytime else newcombe_width(widths[0], n1, widths[1], n2)
    if rate_1 is None or rate_2 is None:
        return ExpectedContrast(family, first, second, width, None, None, None)
    given = (rate_1, n1, rate_2, n2)
    if anytime:
        powers = [pairs_power(_is_found(at), rate_1, rate_2, min(n1, n2)) for at in (LEVEL, level)]
        return ExpectedContrast(family, first, second, width, *powers, power_fisher=None)
    powers = [boschloo_power(*given), boschloo_power(*given, level)]
    return ExpectedContrast(family, first, second, width, *powers, power_fisher=fisher_power(*given))


def _is_found(level: float) -> Callable[[int, int], bool]:
    """Whether pairs alone are evidence enough, whatever all trials say: half of the evidence is of each kind."""
    return lambda one, other: pairs_evidence(one, other) >= math.log(2 / level)
