"""Two rates whose trials share questions: the difference over question sets, and its exact test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

Table = tuple[int, int, int, int]
"""of a question set: events and trials of the first, events and trials of the second"""

SUMS_MAX = 1_000_000
"""different sums up to which their distribution is exact; beyond, it is normal"""


@dataclass(frozen=True)
class ClusteredDifference:
    """First minus second, over the question sets that both have."""

    sets: int
    difference: float | None
    """mean over sets, with Mantel-Haenszel weights; None without common sets"""
    p: float
    """two-sided; 1 without common sets"""


def clustered_difference(tables: Sequence[Table]) -> ClusteredDifference:
    """The difference of two rates by question set, and the test that swaps all trials of a set between both.

    Where both rates are equal whatever the questions, what a set gives is as likely with both sides swapped. So the
    sign of each set's difference is a fair coin: Fisher 1935, The Design of Experiments, section 21. The statistic
    is the sum of the sets' differences with the weights of Mantel and Haenszel, n1 n2 / (n1 + n2); p is twice the
    smaller tail, at most 1. With one trial on each side of a set this is McNemar's exact test. It is exact where a
    set has as many trials on both sides. Sets that lack one side do not enter. ValueError if events are not 0 to
    trials.
    """
    if any(not (0 <= x1 <= n1 and 0 <= x2 <= n2) for x1, n1, x2, n2 in tables):
        raise ValueError("events must be from 0 to the trials of a set")
    common = [table for table in tables if table[1] and table[3]]
    if not common:
        return ClusteredDifference(0, None, 1.0)
    weights = sum(n1 * n2 / (n1 + n2) for _, n1, _, n2 in common)
    signed = sum((x1 * n2 - x2 * n1) / (n1 + n2) for x1, n1, x2, n2 in common)
    return ClusteredDifference(len(common), signed / weights, _sign_flips(common))


def _sign_flips(tables: Sequence[Table]) -> float:
    """The two-sided p, from the distribution of all sums of the sets' differences with either sign."""
    unit = math.lcm(*(n1 + n2 for _, n1, _, n2 in tables))
    parts = [(x1 * n2 - x2 * n1) * (unit // (n1 + n2)) for x1, n1, x2, n2 in tables]
    divisor = math.gcd(*parts) or 1
    sizes = [abs(part) // divisor for part in parts if part]
    reached, most = abs(sum(parts)) // divisor, sum(sizes)
    if not sizes:
        return 1.0
    if most > SUMS_MAX:
        return min(1.0, 2 * float(ndtr(-reached / math.sqrt(sum(size * size for size in sizes)))))
    chances = np.ones(1)
    for size in sizes:  # sums from -most to most; each set adds or takes away its size
        wider = np.zeros(len(chances) + 2 * size)
        wider[: len(chances)] += chances / 2
        wider[2 * size :] += chances / 2
        chances = wider
    return min(1.0, 2 * float(chances[most + reached :].sum()))
