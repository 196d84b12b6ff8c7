"""A test of pairs, the odds ratio of two rates, and what many tests cost."""

import math
from collections.abc import Sequence

from scipy.special import bdtr, ndtri

from offswitch_analysis.statistics.intervals import check_counts

HALVINGS = 60
"""of an interval, to its last digit"""


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p of McNemar's exact test for pairs of trials, from those in which just one had an event.

    Under equal rates either of the two is as likely: twice the smaller binomial tail, at most 1. Exact
    rather than mid-p, because Holm's promise needs tests that keep their level. McNemar (1947), Psychometrika 12(2).
    ValueError if a count is negative.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("counts of pairs must not be negative")
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))


def odds_ratio(
    events_1: int, trials_1: int, events_2: int, trials_2: int, level: float = 0.95
) -> tuple[float, float, float]:
    """The sample's odds ratio, p1 / (1 - p1) over p2 / (1 - p2), and the limits of its score interval.

    All ratios that a score test does not reject; Cornfield (1956), Third Berkeley Symposium 4, without a
    correction for continuity, and with the variance of Miettinen and Nurminen (1985), Statistics in Medicine 4(2).
    The estimate is 0 or inf at an empty cell and nan where both are without events, or without anything else:
    then the limits are 0 and inf. ValueError if events are not between 0 and trials.
    """
    check_counts((events_1, trials_1), (events_2, trials_2))
    estimate = _odds(events_1, trials_1, events_2, trials_2, events_1)
    if math.isnan(estimate):
        return estimate, 0.0, math.inf
    table, z = (events_1, trials_1, events_2, trials_2), float(ndtri((1 + level) / 2))
    low = 0.0 if estimate == 0 else _odds(*table, _fitted(*table, -z))
    high = math.inf if math.isinf(estimate) else _odds(*table, _fitted(*table, z))
    return estimate, low, high


def _odds(events_1: int, trials_1: int, events_2: int, trials_2: int, at: float) -> float:
    """The odds ratio of the table with the same margins and `at` events of the first."""
    other = events_1 + events_2 - at
    above, below = at * (trials_2 - other), other * (trials_1 - at)
    if below == 0:
        return math.nan if above == 0 else math.inf
    return above / below


def _fitted(events_1: int, trials_1: int, events_2: int, trials_2: int, z: float) -> float:
    """Expected events of the first under the odds ratio that the score test just does not reject at z."""
    both, trials = events_1 + events_2, trials_1 + trials_2
    edge = min(trials_1, both) if z > 0 else max(0, both - trials_2)

    def is_rejected(at: float) -> bool:
        a, b, c, d = at, trials_1 - at, both - at, trials_2 - both + at
        spread = 1 / (1 / a + 1 / b + 1 / c + 1 / d) if min(a, b, c, d) > 0 else 0.0
        return (at - events_1) ** 2 > z * z * spread * trials / (trials - 1)

    # The table itself is never rejected, and the edge always is, where there is no spread.
    kept, rejected = float(events_1), float(edge)
    for _ in range(HALVINGS):
        middle = (kept + rejected) / 2
        kept, rejected = (kept, middle) if is_rejected(middle) else (middle, rejected)
    return kept


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values adjusted for their number, in the same order: rejecting those up to 0.05 errs once in 20 families.

    Holm (1979), Scandinavian Journal of Statistics 6(2): the smallest times m, the next times m - 1 and so on,
    never below one before it, at most 1. It needs no independence.
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    for done, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - done) * p_values[index]))
        adjusted[index] = highest
    return adjusted
