"""Intervals and tests that hold however often one looks, and whenever one stops because of what was seen.

Each rests on a mixture of likelihood ratios: how likely the trials are when the rate is drawn from Beta(1/2, 1/2),
over how likely they are at a rate p. At the true p it is a martingale that begins at 1, and so exceeds 1 / (1 - level)
ever in no more than 1 - level of all repetitions (Ville 1939). The interval is all p at which it does not: Robbins
1970, Annals of Mathematical Statistics 41(5); with the beta distribution Howard, Ramdas, McAuliffe and Sekhon 2021,
Annals of Statistics 49(2). Rates and differences are fractions. Counts may be fractions too, such as effective
numbers of trials.
"""

import math
from collections.abc import Callable

from scipy.special import betainc, betaln

Limits = tuple[float, float]

PRIOR = 0.5
"""both parameters of the beta distribution: near 0 and 1, where most rates are, it costs the least"""
HALVINGS = 60
"""of the stretch that a limit is searched in, to the precision of a float"""


def anytime_interval(events: float, trials: float, level: float = 0.95) -> Limits:
    """The two-sided interval of a rate; (0, 1) without trials. ValueError if events is not between 0 and trials."""
    _check(events, trials)
    if not trials:
        return 0.0, 1.0
    cut, rate = _log_mixture(events, trials) + math.log(1 - level), events / trials

    def beyond(p: float) -> bool:
        return _log_likelihood(events, trials, p) < cut

    low = _edge(beyond, rate, 0.0) if beyond(0.0) else 0.0
    return low, _edge(beyond, rate, 1.0) if beyond(1.0) else 1.0


def anytime_upper(events: float, trials: float, confidence: float = 0.95) -> float:
    """The one-sided upper limit of a rate: all limits at which `below_limit` does not reach 1 / (1 - confidence).

    1 where every trial, or none, was counted. Errors are those of `anytime_interval`.
    """
    _check(events, trials)
    if events == trials:
        return 1.0
    cut = -math.log(1 - confidence)
    return _edge(lambda p: below_limit(events, trials, p) >= cut, events / trials, 1.0)


def anytime_lower(events: float, trials: float, confidence: float = 0.95) -> float:
    """The one-sided lower limit of a rate; see the upper one."""
    return 1 - anytime_upper(trials - events, trials, confidence)


def below_limit(events: float, trials: float, limit: float) -> float:
    """Logarithm of the evidence that the rate lies below a limit, against all rates from the limit on.

    The mixture's rates are drawn from below the limit alone. At any rate from the limit on it is a supermartingale, so
    that it ever exceeds 1 / a with a probability of at most a. The limit is more than 0; 0 or less where the sample's
    rate is not below it.
    """
    if events >= limit * trials:
        return 0.0
    if limit >= 1:
        return math.inf
    within = math.log(betainc(events + PRIOR, trials - events + PRIOR, limit) / betainc(PRIOR, PRIOR, limit))
    return _log_mixture(events, trials) + within - _log_likelihood(events, trials, limit)


def anytime_difference(
    events_1: float, trials_1: float, events_2: float, trials_2: float, level: float = 0.95
) -> Limits:
    """The interval of p1 - p2 for independent trials: all differences for which some pair of rates is not rejected.

    The product of both mixtures is a martingale at the true pair, however the trials come and whenever either
    stops, and the best pair with a difference stands for it: universal inference, Wasserman, Ramdas and
    Balakrishnan 2020, PNAS 117(29). (-1, 1) where one of the two has no trials. Errors as of `anytime_interval`.
    """
    _check(events_1, trials_1)
    _check(events_2, trials_2)
    if not trials_1 or not trials_2:
        return -1.0, 1.0
    first, second = (events_1, trials_1), (events_2, trials_2)
    low, high = _lowest_difference(*second, *first, level), _lowest_difference(*first, *second, level)
    return low, -high


def anytime_ratio(events_1: float, trials_1: float, events_2: float, trials_2: float, level: float = 0.95) -> Limits:
    """The interval of p1 / p2: both rates' intervals, each at half of what the level leaves (Bonferroni).

    The upper limit is inf where the second interval begins at 0. Errors as of `anytime_interval`.
    """
    both = (1 + level) / 2
    (low_1, high_1), (low_2, high_2) = (
        anytime_interval(*one, both) for one in ((events_1, trials_1), (events_2, trials_2))
    )
    return low_1 / high_2, high_1 / low_2 if low_2 else math.inf


def anytime_p(events_1: float, trials_1: float, events_2: float, trials_2: float) -> float:
    """The p that two rates are equal; it is ever as small as a with a probability of at most a; 1 without trials."""
    _check(events_1, trials_1)
    _check(events_2, trials_2)
    if not trials_1 or not trials_2:
        return 1.0
    pooled = (events_1 + events_2) / (trials_1 + trials_2)
    mixture = _log_mixture(events_1, trials_1) + _log_mixture(events_2, trials_2)
    return min(1.0, math.exp(_log_likelihood(events_1 + events_2, trials_1 + trials_2, pooled) - mixture))


def _lowest_difference(events_1: float, trials_1: float, events_2: float, trials_2: float, level: float) -> float:
    """The least p2 - p1 that is not rejected.

    On the way there the pair of rates that fits best moves along a curve: of all pairs with their difference they are
    the most likely, so that the slopes of both log-likelihoods are opposite. The search is along that slope.
    """
    cut = _log_mixture(events_1, trials_1) + _log_mixture(events_2, trials_2) + math.log(1 - level)

    def pair(share: float) -> tuple[float, float]:
        slope = math.inf if share >= 1 else (trials_1 + trials_2) * share / (1 - share)
        return _rate_at(events_1, trials_1, slope), 1 - _rate_at(trials_2 - events_2, trials_2, slope)

    def beyond(share: float) -> bool:
        first, second = pair(share)
        return _log_likelihood(events_1, trials_1, first) + _log_likelihood(events_2, trials_2, second) < cut

    first, second = pair(_edge(beyond, 0.0, 1.0) if beyond(1.0) else 1.0)
    return second - first


def _rate_at(events: float, trials: float, slope: float) -> float:
    """The rate above the sample's at which the log-likelihood falls with this slope: n p - x = slope p (1 - p)."""
    if math.isinf(slope):
        return 1.0
    if not slope:
        return events / trials
    half = (trials - slope) / (2 * slope)
    root = math.sqrt(half * half + events / slope)
    # Of the two forms of the quadratic's root, the one that subtracts nothing.
    return min(1.0, root - half if half < 0 else events / slope / (root + half) if events else 0.0)


def _log_mixture(events: float, trials: float) -> float:
    """Logarithm of the mean likelihood of a sequence over rates from the prior."""
    return float(betaln(events + PRIOR, trials - events + PRIOR) - betaln(PRIOR, PRIOR))


def _log_likelihood(events: float, trials: float, p: float) -> float:
    """Logarithm of the probability of a sequence with so many events."""
    others = trials - events
    if (events and p <= 0) or (others and p >= 1):
        return -math.inf
    return (events * math.log(p) if events else 0.0) + (others * math.log1p(-p) if others else 0.0)


def _edge(beyond: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where `beyond` begins to hold on the way from a point at which it does not to one at which it may."""
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2
        if beyond(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _check(events: float, trials: float) -> None:
    if not 0 <= events <= trials:
        raise ValueError(f"events must be 0 to {trials}, not {events}")
