"""How good stated probabilities are: the Brier score with its parts, and a reliability diagram."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

BINS = 10
"""of equal width, from 0 to 1; the last holds 1"""
Forecast = tuple[float, bool]
"""(stated probability, whether it came so)"""


@dataclass(frozen=True)
class ReliabilityBin:
    """The forecasts that lie from low to below high, and what came of them."""

    low: float
    high: float
    n: int
    events: int
    mean_forecast: float
    """of the forecasts in it"""


@dataclass(frozen=True)
class Brier:
    """The mean squared difference of forecasts and outcomes (0 is perfect), and what it is made of.

    score = reliability - resolution + uncertainty + within_bins.
    """

    n: int
    score: float
    reliability: float
    """how far forecasts are from the rates of their bins; 0 is perfect"""
    resolution: float
    """how far the rates of the bins are from the rate of all; the more, the better"""
    uncertainty: float
    """the score of who always states the rate of all"""
    within_bins: float
    """what forecasts that differ within a bin add; 0 where those of a bin are the same"""
    mean_forecast: float
    rate: float


def brier(forecasts: Sequence[Forecast]) -> Brier | None:
    """The score and its parts; None without forecasts. ValueError if one is not from 0 to 1.

    Brier (1950), Monthly Weather Review 78(1); the parts of Murphy (1973), Journal of Applied Meteorology 12(4), over
    bins; what is left within bins as in Stephenson, Coelho and Jolliffe (2008), Weather and Forecasting 23(4), so that
    the parts add up exactly.
    """
    if not forecasts:
        return None
    n, rate, groups = len(forecasts), fmean(came for _, came in forecasts), _groups(forecasts)
    reliability = sum(len(group) * (_mean(group) - _rate(group)) ** 2 for group in groups.values()) / n
    resolution = sum(len(group) * (_rate(group) - rate) ** 2 for group in groups.values()) / n
    return Brier(
        n=n, score=fmean((stated - came) ** 2 for stated, came in forecasts),
        reliability=reliability, resolution=resolution, uncertainty=rate * (1 - rate),
        within_bins=sum(map(_within, groups.values())) / n,
        mean_forecast=fmean(stated for stated, _ in forecasts), rate=rate,
    )  # fmt: skip


def reliability_bins(forecasts: Sequence[Forecast]) -> tuple[ReliabilityBin, ...]:
    """The bins that hold a forecast, from low to high; errors are those of `brier`."""
    return tuple(
        ReliabilityBin(place / BINS, (place + 1) / BINS, len(group), sum(came for _, came in group), _mean(group))
        for place, group in sorted(_groups(forecasts).items())
    )


def _groups(forecasts: Sequence[Forecast]) -> dict[int, list[Forecast]]:
    """Number of the bin, from 0 -> its forecasts."""
    groups: dict[int, list[Forecast]] = {}
    for stated, came in forecasts:
        if not 0 <= stated <= 1:
            raise ValueError(f"a probability lies from 0 to 1, not {stated}")
        groups.setdefault(min(int(stated * BINS), BINS - 1), []).append((stated, came))
    return groups


def _within(group: Sequence[Forecast]) -> float:
    """The variance of a bin's forecasts minus twice their covariance with the outcomes, times their number."""
    mean, rate = _mean(group), _rate(group)
    return sum((stated - mean) ** 2 - 2 * (came - rate) * (stated - mean) for stated, came in group)


def _mean(group: Sequence[Forecast]) -> float:
    return fmean(stated for stated, _ in group)


def _rate(group: Sequence[Forecast]) -> float:
    return fmean(came for _, came in group)
