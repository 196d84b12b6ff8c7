"""What trials will show, if rates are as assumed: power of the tests of two rates, and widths of intervals."""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from offswitch_analysis.statistics.equal_rates import Counts, fisher_region, largest_probability
from offswitch_analysis.statistics.intervals import Limits, jeffreys, newcombe

HALVINGS = 40
"""of the interval that the limit of Fisher's p is searched in: to 1e-12 of it"""
LEFT_OUT = 1e-6
"""probability of each tail of the numbers of events that widths are not averaged over"""


def boschloo_power(rate_1: float, trials_1: int, rate_2: float, trials_2: int, level: float = 0.05) -> float:
    """The probability that the two-sided `boschloo` is at most `level`, exact: the sum over all tables.

    Rates are fractions. ValueError if one is not from 0 to 1, or there are no trials.
    """
    region = boschloo_region(trials_1, trials_2, level / 2)
    other = boschloo_region(trials_2, trials_1, level / 2)
    return _probability(region, rate_1, rate_2, trials_2) + _probability(other, rate_2, rate_1, trials_1)


def fisher_power(rate_1: float, trials_1: int, rate_2: float, trials_2: int, level: float = 0.05) -> float:
    """The same of Fisher's exact test, two-sided as `boschloo`: twice the smaller of both one-sided p."""
    region, other = (fisher_region(*trials, math.log(level / 2)) for trials in _both_ways(trials_1, trials_2))
    return _probability(region, rate_1, rate_2, trials_2) + _probability(other, rate_2, rate_1, trials_1)


def _both_ways(trials_1: int, trials_2: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (trials_1, trials_2), (trials_2, trials_1)


@lru_cache(maxsize=256)
def boschloo_region(trials_1: int, trials_2: int, level: float) -> Counts:
    """For every x1, how many x2 from 0 on give a one-sided p of Boschloo's test of at most `level`.

    That p grows with Fisher's. So the region is the one of the largest limit of Fisher's p whose probability is at
    most `level` whatever the common rate is. No table with a Fisher p of up to `level` is outside of it.
    """
    low, high = math.log(level), 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if largest_probability(fisher_region(trials_1, trials_2, middle), trials_1, trials_2) <= level:
            low = middle
        else:
            high = middle
    return fisher_region(trials_1, trials_2, low)


def pairs_power(rejects: Callable[[int, int], bool], rate_1: float, rate_2: float, pairs: int) -> float:
    """The probability that a test of pairs rejects, exact: the sum over all numbers of pairs with one event.

    `rejects` takes the pairs with an event in the first trial alone, and those in the second alone; of pairs that are
    rejected, more to the side that has more are rejected too. Both trials of a pair are independent. Errors as of
    `boschloo_power`.
    """
    only_first, only_second = rate_1 * (1 - rate_2), rate_2 * (1 - rate_1)
    one = only_first + only_second
    total = 0.0
    for discordant, chance in enumerate(_chances(one, pairs)):
        of_first = _chances(only_first / one if one else 0.5, discordant) if discordant else np.ones(1)
        most = _first_not(lambda x, n=discordant: rejects(x, n - x), discordant // 2) - 1
        tail = float(of_first[: most + 1].sum() + of_first[discordant - most :].sum()) if most >= 0 else 0.0
        total += float(chance) * tail
    return min(1.0, total)


def _first_not(holds: Callable[[int], bool], most: int) -> int:
    """The first number from 0 on at which something does not hold; `most` + 1 where it holds up to there."""
    low, high = 0, most + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if holds(middle) else (low, middle)
    return low


def _probability(region: Counts, rate_1: float, rate_2: float, trials_2: int) -> float:
    """Of a region that says for every x1 how many x2 from 0 on are in it."""
    sums = bdtr(region - 1, trials_2, rate_2) if 0 < rate_2 < 1 else _sums_at_edge(region, rate_2, trials_2)
    return float(np.dot(_chances(rate_1, len(region) - 1), np.where(region > 0, sums, 0.0)))


def _sums_at_edge(region: Counts, rate: float, trials: int) -> NDArray[np.float64]:
    return (region > (trials if rate == 1 else 0)).astype(float)


def _chances(rate: float, trials: int) -> NDArray[np.float64]:
    """Binomial probabilities of 0 .. trials events."""
    if not 0 <= rate <= 1 or trials < 1:
        raise ValueError(f"a rate is from 0 to 1 and there is at least one trial, not {rate} and {trials}")
    if rate in (0, 1):
        return np.eye(trials + 1)[round(rate * trials)]
    return np.diff(bdtr(np.arange(trials + 1), trials, rate), prepend=0.0)


def rate_width(rate: float, trials: int, interval: Callable[[int, int], Limits] = jeffreys) -> float:
    """The mean length of an interval of a rate, as a fraction; errors as of `boschloo_power`."""
    chances = _chances(rate, trials)
    lengths = ((high - low) for low, high in (interval(int(events), trials) for events in _likely(chances)))
    return _mean(list(lengths), chances[_likely(chances)])


def newcombe_width(rate_1: float, trials_1: int, rate_2: float, trials_2: int) -> float:
    """The mean length of the 95 % `newcombe` interval of a difference, as `rate_width`."""
    one, other = _chances(rate_1, trials_1), _chances(rate_2, trials_2)
    tables = product(map(int, _likely(one)), map(int, _likely(other)))
    limits = (newcombe(events_1, trials_1, events_2, trials_2) for events_1, events_2 in tables)
    return _mean([high - low for low, high in limits], np.outer(one[_likely(one)], other[_likely(other)]).ravel())


def _likely(chances: NDArray[np.float64]) -> Counts:
    """The numbers of events but those in the tails."""
    sums = np.cumsum(chances)
    return np.flatnonzero((sums > LEFT_OUT) & (sums - chances < 1 - LEFT_OUT))


def _mean(values: list[float], weights: NDArray[np.float64]) -> float:
    return float(np.average(values, weights=weights))
