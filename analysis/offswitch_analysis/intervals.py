"""Intervals for a rate."""

from scipy.special import betaincinv


def jeffreys(events: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """The equal-tailed Jeffreys interval of a rate: quantiles of Beta(k + 1/2, n - k + 1/2).

    The lower limit is 0 where there were no events and the upper limit 1 where there was nothing
    else, as in Brown, Cai and DasGupta (2001), Statistical Science 16(2), section 4.1.

    Args:
        events: k, from 0 to trials.
        trials: n; for n = 0 nothing is known and the interval is (0, 1).
        level: the coverage aimed at.

    Raises:
        ValueError: if events is not between 0 and trials.

    """
    if not 0 <= events <= trials:
        raise ValueError(f"events must be 0 to {trials}, not {events}")
    tail = (1 - level) / 2
    a, b = events + 0.5, trials - events + 0.5
    lower = 0.0 if events == 0 else float(betaincinv(a, b, tail))
    upper = 1.0 if events == trials else float(betaincinv(a, b, 1 - tail))
    return lower, upper
