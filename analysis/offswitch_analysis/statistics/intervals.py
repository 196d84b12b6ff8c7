"""Intervals: for a rate, for two rates, and for a rate whose trials share their questions."""

import math
from collections.abc import Sequence

from scipy.special import betaincinv, ndtri, stdtrit

Limits = tuple[float, float]


def jeffreys(events: int, trials: int, level: float = 0.95) -> Limits:
    """The equal-tailed Jeffreys interval of a rate: quantiles of Beta(k + 1/2, n - k + 1/2).

    The lower limit is 0 where there were no events and the upper limit 1 where there was nothing
    else, as in Brown, Cai and DasGupta (2001), Statistical Science 16(2), section 4.1. Without trials it is
    (0, 1). The level is the coverage aimed at. ValueError if events is not between 0 and trials.
    """
    check_counts((events, trials))
    return _beta_limits(events, trials, level)


def _beta_limits(events: float, trials: float, level: float) -> Limits:
    tail = (1 - level) / 2
    a, b = events + 0.5, trials - events + 0.5
    lower = 0.0 if events == 0 else float(betaincinv(a, b, tail))
    upper = 1.0 if events == trials else float(betaincinv(a, b, 1 - tail))
    return lower, upper


def wilson(events: int, trials: int, level: float = 0.95) -> Limits:
    """The score interval of a rate: all rates that a score test at 1 - level does not reject.

    Wilson (1927), Journal of the American Statistical Association 22(158). It is what the intervals
    of Newcombe are built of. Arguments and errors are those of `jeffreys`.
    """
    check_counts((events, trials))
    if trials == 0:
        return 0.0, 1.0
    z = float(ndtri((1 + level) / 2))
    rate, shrink = events / trials, 1 + z * z / trials
    middle = (rate + z * z / (2 * trials)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2) / shrink
    return (0.0 if events == 0 else middle - half), (1.0 if events == trials else middle + half)


def clopper_pearson_upper(events: int, trials: int, confidence: float = 0.95) -> float:
    """The exact one-sided upper limit of a rate: what stands behind every "at most x %".

    The truth lies above it in no more than 1 - confidence of all repetitions, whatever it is.
    Clopper and Pearson (1934), Biometrika 26(4). 1 where every trial, or none, was counted. Errors are those
    of `jeffreys`.
    """
    check_counts((events, trials))
    return 1.0 if events == trials else float(betaincinv(events + 1, trials - events, confidence))


def clopper_pearson_lower(events: int, trials: int, confidence: float = 0.95) -> float:
    """The exact one-sided lower limit of a rate, for every "at least x %"; see the upper one."""
    return 1 - clopper_pearson_upper(trials - events, trials, confidence)


def newcombe(events_1: int, trials_1: int, events_2: int, trials_2: int, level: float = 0.95) -> Limits:
    """The interval of p1 - p2 for independent trials: the hybrid score interval.

    Newcombe (1998), Statistics in Medicine 17(8), 873-890, method 10. (-1, 1) where one of the two
    has no trials. Errors are those of `jeffreys`.
    """
    first, second = wilson(events_1, trials_1, level), wilson(events_2, trials_2, level)
    if not trials_1 or not trials_2:
        return -1.0, 1.0
    return _square_and_add(events_1 / trials_1, first, events_2 / trials_2, second)


def newcombe_paired(both: int, only_first: int, only_second: int, neither: int, level: float = 0.95) -> Limits:
    """The interval of p1 - p2 for pairs of trials, such as two variants with the same question set.

    The hybrid score interval with a correlation whose positive part is corrected for continuity:
    Newcombe (1998), Statistics in Medicine 17(22), 2635-2650, method 10. (-1, 1) without pairs.

    The counts are those of pairs with an event in both trials, in the first alone, in the second alone, and in
    neither; ValueError if one is negative.
    """
    if min(both, only_first, only_second, neither) < 0:
        raise ValueError("counts of pairs must not be negative")
    pairs = both + only_first + only_second + neither
    if pairs == 0:
        return -1.0, 1.0
    first, second = both + only_first, both + only_second
    rates, limits = (first / pairs, second / pairs), (wilson(first, pairs, level), wilson(second, pairs, level))
    return _square_and_add(rates[0], limits[0], rates[1], limits[1], _phi(both, only_first, only_second, neither))


def mover_difference(rate_1: float, limits_1: Limits, rate_2: float, limits_2: Limits) -> Limits:
    """The interval of rate_1 - rate_2 from independent intervals of the two, which must hold their rates.

    Zou and Donner (2008), Statistics in Medicine 27(10): the distances to the limits, squared and added.
    """
    return _square_and_add(rate_1, limits_1, rate_2, limits_2)


def _square_and_add(rate_1: float, limits_1: Limits, rate_2: float, limits_2: Limits, phi: float = 0.0) -> Limits:
    """Distances of two rates to their limits, added as the sides of a triangle; phi is their correlation."""

    def length(one: float, other: float) -> float:
        return math.sqrt(max(0.0, one * one - 2 * phi * one * other + other * other))

    below = length(rate_1 - limits_1[0], limits_2[1] - rate_2)
    above = length(limits_1[1] - rate_1, rate_2 - limits_2[0])
    difference = rate_1 - rate_2
    return max(-1.0, difference - below), min(1.0, difference + above)


def mantel_haenszel(tables: Sequence[tuple[int, int, int, int]], level: float = 0.95) -> tuple[float, float, float]:
    """The mean difference p1 - p2 over strata, such as variants, and its limits.

    A stratum is (events_1, trials_1, events_2, trials_2).
    Strata weigh n1 n2 / (n1 + n2), as Mantel and Haenszel (1959), Journal of the National Cancer Institute 22(4).
    The distances to the limits are those of `newcombe`, each times its weight, squared and added: Zou and Donner
    (2008), Statistics in Medicine 27(10). Unlike an interval from an estimated variance it has a length
    where there were no events at all. Strata in which one of the two has no trials have no weight; without any
    other the difference is nan and the limits are -1 and 1.
    """
    counted = [table for table in tables if table[1] and table[3]]
    if not counted:
        return math.nan, -1.0, 1.0
    total = sum(n1 * n2 / (n1 + n2) for _, n1, _, n2 in counted)
    difference = below = above = 0.0
    for x1, n1, x2, n2 in counted:
        weight, here = n1 * n2 / (n1 + n2) / total, x1 / n1 - x2 / n2
        low, high = newcombe(x1, n1, x2, n2, level)
        difference += weight * here
        below += (weight * (here - low)) ** 2
        above += (weight * (high - here)) ** 2
    return difference, difference - math.sqrt(below), difference + math.sqrt(above)


def _phi(both: int, only_first: int, only_second: int, neither: int) -> float:
    pairs = both + only_first + only_second + neither
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    product = both * neither - only_first * only_second
    if margins == 0:
        return 0.0
    corrected = max(0.0, product - pairs / 2) if product > 0 else product
    return corrected / math.sqrt(margins)


def ratio(events_1: int, trials_1: int, events_2: int, trials_2: int, level: float = 0.95) -> Limits:
    """The interval of p1 / p2 for independent trials, from the Jeffreys intervals of both.

    MOVER-R; see `mover_ratio`. (0, inf) where one of the two has no trials. Errors are those of `jeffreys`.
    """
    first, second = jeffreys(events_1, trials_1, level), jeffreys(events_2, trials_2, level)
    if not trials_1 or not trials_2:
        return 0.0, math.inf
    return mover_ratio(events_1 / trials_1, first, events_2 / trials_2, second)


def mover_ratio(rate_1: float, limits_1: Limits, rate_2: float, limits_2: Limits) -> Limits:
    """The interval of rate_1 / rate_2 from the intervals of the two, which must hold their rates.

    Donner and Zou (2012), Statistical Methods in Medical Research 21(4), 347-359, with the lower limit
    written so that nothing is divided by zero. The upper limit is inf where the second interval begins at 0.
    """
    (low_1, high_1), (low_2, high_2), product = limits_1, limits_2, rate_1 * rate_2

    def root(one: float, other: float) -> float:
        return math.sqrt(max(0.0, product * product - one * (2 * rate_1 - one) * other * (2 * rate_2 - other)))

    # 2 rate - limit is the limit's mirror image in the rate; the products of both are what the formula is made of.
    low = 0.0 if low_1 == 0 else low_1 * (2 * rate_1 - low_1) / (product + root(low_1, high_2))
    high = math.inf if low_2 == 0 else (product + root(high_1, low_2)) / (low_2 * (2 * rate_2 - low_2))
    return low, high


def clustered(clusters: Sequence[tuple[int, int]], level: float = 0.95) -> tuple[float, float, float, float]:
    """(design effect, effective trials, low, high) of a rate, from (events, trials) of every question set.

    The interval is the Jeffreys interval at the effective number of trials: as many independent ones would tell
    as much. Korn and Graubard (1998), Survey Methodology 24(2), with Jeffreys in place of Clopper-Pearson. The design
    effect is the variance of the ratio of sums over clusters by that of as many independent trials, both with
    their degrees of freedom, so that it is 1 for clusters of one trial. It is never below 1: an estimate
    below it is mostly chance, and questions are not drawn so that a set makes up for itself. The effective
    number is also cut by the quantile of t for the degrees of freedom that few clusters leave.

    Without events, or with nothing else, clusters do not differ and the design effect is 1. A single
    cluster says nothing of the others and counts as one trial. Errors are those of `jeffreys`.
    """
    check_counts(*clusters)
    counts = [(events, trials) for events, trials in clusters if trials]
    events, trials = sum(k for k, _ in counts), sum(n for _, n in counts)
    effect = _design_effect(counts, events, trials)
    effective = trials / effect / _few_clusters(len(counts), trials, level)
    low, high = _beta_limits(effective * events / trials if trials else 0, effective, level)
    return effect, effective, low if events else 0.0, high if events < trials else 1.0


def _design_effect(counts: Sequence[tuple[int, int]], events: int, trials: int) -> float:
    if len(counts) == 1:
        return float(trials)
    if events in (0, trials):
        return 1.0
    rate, many = events / trials, len(counts)
    between = many / (many - 1) * sum((k - rate * n) ** 2 for k, n in counts) / trials**2
    return max(1.0, between / (rate * (1 - rate) / (trials - 1)))


def _few_clusters(clusters: int, trials: int, level: float) -> float:
    """What the effective number is divided by: (t at clusters - 1 over t at trials - 1) squared."""
    if not 2 <= clusters < trials:
        return 1.0
    t = stdtrit([clusters - 1, trials - 1], (1 + level) / 2)
    return float(t[0] / t[1]) ** 2


def check_counts(*counts: tuple[int, int]) -> None:
    """ValueError if the events of (events, trials) are not between 0 and the trials."""
    for events, trials in counts:
        if not 0 <= events <= trials:
            raise ValueError(f"events must be 0 to {trials}, not {events}")
