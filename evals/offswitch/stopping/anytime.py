"""Intervals and tests that hold however often one looks, and whenever one stops because of what was seen.

Each rests on a mixture of likelihood ratios: how likely the trials are when the rate is drawn from Beta(1/2, 1/2),
over how likely they are at a rate p. At the true p it is a martingale that begins at 1, and so exceeds 1 / (1 - level)
ever in no more than 1 - level of all repetitions (Ville 1939). The interval is all p at which it does not: Robbins
1970, Annals of Mathematical Statistics 41(5); with the beta distribution Howard, Ramdas, McAuliffe and Sekhon 2021,
Annals of Statistics 49(2). Rates and differences are fractions. Counts may be fractions too, such as effective
numbers of trials.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import betainc, betaln

Limits = tuple[float, float]
Counted = tuple[float, float]
"""(events, trials)"""

PRIOR = 0.5
"""both parameters of the beta distribution: near 0 and 1, where most rates are, it costs the least"""
NODES_MAX = 1_024
HALVINGS = 50
"""of the stretch that a limit is searched in"""


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
    first: Counted, second: Counted, differences: Sequence[float] = (), level: float = 0.95
) -> Limits:
    """The interval of p1 - p2 for independent trials: all differences against which there is too little evidence.

    Args:
        first: events and trials.
        second: the same.
        differences: first minus second in each set of questions that both have, from -1 to 1; these trials are among
            those that are counted. Empty where there are no such sets.
        level: the coverage that is promised, at all looks together.

    The evidence is the mean of two kinds, so that it is evidence too: of all trials, and of what is common.
    (-1, 1) where one of the two has no trials. Errors as of `anytime_interval`.

    """
    _check(*first)
    _check(*second)
    if not first[1] or not second[1]:
        return -1.0, 1.0
    evidence, cut = _Difference(first, second, differences), -math.log(1 - level)

    def beyond(delta: float) -> bool:
        return evidence.against(delta) > cut

    likely = min(evidence.likely, key=evidence.against)
    return _edge(beyond, likely, -1.0), _edge(beyond, likely, 1.0)


def anytime_p(first: Counted, second: Counted, differences: Sequence[float] = ()) -> float:
    """The p that two rates are equal: it is ever as small as a with a probability of at most a; 1 without trials.

    Arguments and errors are those of `anytime_difference`.
    """
    _check(*first)
    _check(*second)
    if not first[1] or not second[1]:
        return 1.0
    return min(1.0, math.exp(-_Difference(first, second, differences).against(0.0)))


def pairs_evidence(only_first: int, only_second: int) -> float:
    """Logarithm of what pairs with one event are as evidence that both rates are not equal."""
    return _log_mixture(only_first, only_first + only_second) + (only_first + only_second) * math.log(2)


class _Difference:
    """Evidence against differences of two rates."""

    def __init__(self, first: Counted, second: Counted, differences: Sequence[float]) -> None:
        self._first, self._second = first, second
        self._values, self._counts = np.unique(np.array(differences, dtype=float), return_counts=True)
        nodes = min(NODES_MAX, len(differences) // 2 + 1)
        self._shares = np.sin((np.arange(nodes) + 0.5) * math.pi / (2 * nodes)) ** 2
        self._mixture = _log_mixture(*first) + _log_mixture(*second)
        overall = first[0] / first[1] - second[0] / second[1]
        self.likely = (overall, float(np.mean(differences)) if len(differences) else overall)
        """differences of which the true one cannot be far"""

    def against(self, delta: float) -> float:
        """Logarithm of the evidence that p1 - p2 is another."""
        if abs(delta) >= 1:
            return math.inf
        return float(np.logaddexp(self._of_all(delta), self._of_sets(delta))) - math.log(2)

    def _of_all(self, delta: float) -> float:
        """By the product of both rates' mixtures, over the most likely pair of rates with this difference.

        Universal inference: Wasserman, Ramdas and Balakrishnan 2020, PNAS 117(29).
        """
        low, high = max(0.0, -delta), min(1.0, 1 - delta)  # of p2
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if _slope(*self._first, middle + delta) + _slope(*self._second, middle) > 0:
                low = middle
            else:
                high = middle
        fitted = (low + high) / 2
        best = _log_likelihood(*self._first, min(1.0, max(0.0, fitted + delta))) + _log_likelihood(
            *self._second, fitted
        )
        return self._mixture - best

    def _of_sets(self, delta: float) -> float:
        """By bets on the sets' differences, whose mean is delta: the product of 1 + stake (difference - delta).

        Waudby-Smith and Ramdas 2024, JRSS B 86(1). Stakes are drawn from Beta(1/2, 1/2) over all that cannot lose more
        than there is. At delta = 0, with one trial on each side, this is McNemar's test with the mixture above. The
        mean over the nodes is Gauss's and Chebyshev's, exact for as many sets as twice their number.
        """
        lowest, highest = -1 / (1 - delta), 1 / (1 + delta)
        stakes = lowest + (highest - lowest) * self._shares
        gains = np.log1p(np.outer(stakes, self._values - delta)) @ self._counts
        return float(np.logaddexp.reduce(gains)) - math.log(len(stakes))


def _slope(events: float, trials: float, p: float) -> float:
    """Of the logarithm of the likelihood, which is concave."""
    above, below = trials * p - events, p * (1 - p)
    return -above / below if below > 0 else -above * math.inf if above else 0.0


def anytime_ratio(events_1: float, trials_1: float, events_2: float, trials_2: float, level: float = 0.95) -> Limits:
    """The interval of p1 / p2: both rates' intervals, each at half of what the level leaves (Bonferroni).

    The upper limit is inf where the second interval begins at 0. Errors as of `anytime_interval`.
    """
    both = (1 + level) / 2
    (low_1, high_1), (low_2, high_2) = (
        anytime_interval(*one, both) for one in ((events_1, trials_1), (events_2, trials_2))
    )
    return low_1 / high_2, high_1 / low_2 if low_2 else math.inf


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
