"""One rate over groups, such as scenes or wordings: a logistic model with a normal random intercept for each."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, expit, log_expit, stdtrit  # pyright: ignore[reportUnknownVariableType]

from offswitch_analysis.statistics.intervals import check_counts

Floats = NDArray[np.float64]

FEWEST_GROUPS = 2
SPREAD_MAX = 8.0
"""the standard deviation between groups, in log-odds, is looked for up to this"""
LOG_ODDS_MAX = 40.0
SPREADS = SPREAD_MAX * np.linspace(0, 1, 64) ** 2
ROOTS, WEIGHTS = np.polynomial.hermite.hermgauss(25)
NEWTON_STEPS, HALVINGS, ZOOMS = 15, 38, 3
DEVIATIONS = np.arange(-8.5, 8.55, 0.1)
DENSITY = np.exp(-(DEVIATIONS**2) / 2) / np.exp(-(DEVIATIONS**2) / 2).sum()


@dataclass(frozen=True)
class Bounded:
    """An estimate with the limits of its 95 % interval."""

    value: float
    low: float
    high: float | None
    """None where nothing limits it"""


@dataclass(frozen=True)
class RandomIntercept:
    """What the rates of several groups say of groups like these."""

    groups: int
    typical: Bounded
    """the rate of a group in the middle: half of all groups have a higher one"""
    mean: Bounded
    """the mean rate over all groups"""
    spread: Bounded | None
    """standard deviation between groups, in log-odds; None where nothing can be said of it, for want of events"""
    correlation: Bounded | None
    """of two trials of one group, on the latent scale: the part of the variance that is between groups"""


@lru_cache(maxsize=1024)
def random_intercept_model(counts: tuple[tuple[int, int], ...]) -> RandomIntercept:
    """The model of (events, trials) of every group; ValueError with fewer than two groups that have trials.

    Log-odds of a group = log-odds of the typical one + a normal deviation. The likelihood is maximised, with the
    integral over the deviations by adaptive Gauss-Hermite quadrature (Liu and Pierce 1994, Biometrika 81(3)). The
    intervals are those of its profile, cut where `_cut_of_middle` and `_cut_of_spread` say. That is further down than
    the usual quantile of chi squared, which promises too much with few groups.
    """
    check_counts(*counts)
    known = [one for one in counts if one[1]]
    if len(known) < FEWEST_GROUPS:
        raise ValueError(f"{len(known)} groups with trials; at least {FEWEST_GROUPS} are needed")
    likelihood = _Likelihood(Counter(known))
    peaks, heights = likelihood.peaks(SPREADS)
    middle, spread, height = _maximum(likelihood)
    deep = height - _cut_of_middle(len(known)) / 2
    rows = heights >= deep
    lows, highs = (likelihood.edges(SPREADS[rows], peaks[rows], deep, toward) for toward in (-1.0, 1.0))
    typical = _bounded(expit(middle), expit(lows).min(), expit(highs).max())
    means = [_mean_rates(edges, SPREADS[rows]) for edges in (lows, highs)]
    mean = _bounded(_mean_rates(np.array([middle]), np.array([spread]))[0], means[0].min(), means[1].max())
    varies = 0 < sum(events for events, _ in known) < sum(trials for _, trials in known)
    between = _of_spread(spread, height, heights, len(known)) if varies else None
    return RandomIntercept(len(known), typical, mean, between, between and _correlation(between))


def _correlation(spread: Bounded) -> Bounded:
    """SD squared / (SD squared + pi squared / 3).

    The latter is the variance of the logistic distribution, which an outcome is then cut from: Snijders and Bosker
    2012, Multilevel Analysis, section 17.3.2.
    """
    low, value = (one**2 / (one**2 + math.pi**2 / 3) for one in (spread.low, spread.value))
    return Bounded(value, low, None if spread.high is None else spread.high**2 / (spread.high**2 + math.pi**2 / 3))


def _bounded(value: float, low: float, high: float) -> Bounded:
    # A rate of 0 or 1 is sought at log-odds far out.
    return Bounded(*(round(float(rate), 12) for rate in (value, low, high)))


class _Likelihood:
    """Logarithms of the likelihood, for the log-odds of the typical group and the spread in arrays of one length."""

    def __init__(self, counts: Counter[tuple[int, int]]) -> None:
        """From how many groups have so many (events, trials): of a thousand groups most are alike."""
        self.events, self.trials = np.array([*counts], dtype=np.float64).T
        self.times = np.array([*counts.values()], dtype=np.float64)
        rates = (self.events + 0.5) / (self.trials + 1)
        self.near = np.log(rates / (1 - rates))
        self.precision = self.trials * rates * (1 - rates)

    def at(self, middle: Floats, spread: Floats) -> tuple[Floats, Floats]:
        """The logarithm, and its slope in the typical log-odds."""
        middle, spread = middle[:, None], spread[:, None]
        centre, width = self._summit(middle, spread)
        deviation = centre[..., None] + math.sqrt(2) * width[..., None] * ROOTS
        log_odds = middle[..., None] + spread[..., None] * deviation
        told = self.events[:, None] * log_odds + self.trials[:, None] * log_expit(-log_odds)
        weighted = told - deviation**2 / 2 + ROOTS**2 + np.log(WEIGHTS)
        highest = weighted.max(axis=-1, keepdims=True)
        parts = np.exp(weighted - highest)
        whole = parts.sum(axis=-1)
        logs = np.log(whole * width / math.sqrt(math.pi)) + highest[..., 0]
        excess = self.events[:, None] - self.trials[:, None] * expit(log_odds)
        return logs @ self.times, ((parts * excess).sum(axis=-1) / whole) @ self.times

    def _summit(self, middle: Floats, spread: Floats) -> tuple[Floats, Floats]:
        """The deviation at which each group's integrand is largest, and its width there."""
        deviation = spread * (self.near - middle) * self.precision / (spread**2 * self.precision + 1)
        for _ in range(NEWTON_STEPS):
            rates = expit(middle + spread * deviation)
            slope = spread * (self.events - self.trials * rates) - deviation
            deviation = deviation + np.clip(slope / self._curvature(spread, rates), -2, 2)
        return deviation, 1 / np.sqrt(self._curvature(spread, expit(middle + spread * deviation)))

    def _curvature(self, spread: Floats, rates: Floats) -> Floats:
        return spread**2 * self.trials * rates * (1 - rates) + 1

    def peaks(self, spread: Floats) -> tuple[Floats, Floats]:
        """The typical log-odds at which the likelihood is largest for each spread, and its logarithm there.

        It is log-concave in them, so that its slope changes its sign once.
        """
        ends = np.full(len(spread), LOG_ODDS_MAX)
        found = _halved(-ends, ends, lambda at: self.at(at, spread)[1] > 0)
        return found, self.at(found, spread)[0]

    def edges(self, spread: Floats, peaks: Floats, deep: float, toward: float) -> Floats:
        """Where the logarithm has fallen to `deep` on one side of the peaks."""
        ends = np.full(len(spread), toward * LOG_ODDS_MAX)
        return _halved(peaks, ends, lambda at: self.at(at, spread)[0] > deep)


def _halved(inside: Floats, outside: Floats, is_inside: Callable[[Floats], NDArray[np.bool_]]) -> Floats:
    for _ in range(HALVINGS):
        half = (inside + outside) / 2
        there = is_inside(half)
        inside, outside = np.where(there, half, inside), np.where(there, outside, half)
    return inside


def _maximum(likelihood: _Likelihood) -> tuple[float, float, float]:
    """Typical log-odds, spread and logarithm at the maximum: of a grid, then of finer ones around the best of each."""
    spreads: Floats = SPREADS
    peaks, heights = likelihood.peaks(spreads)
    for _ in range(ZOOMS):
        best = int(np.argmax(heights))
        low, high = float(spreads[max(best - 1, 0)]), float(spreads[min(best + 1, len(spreads) - 1)])
        spreads = np.linspace(low, high, 33)
        peaks, heights = likelihood.peaks(spreads)
    best = int(np.argmax(heights))
    return float(peaks[best]), float(spreads[best]), float(heights[best])


def _mean_rates(middle: Floats, spread: Floats) -> Floats:
    """The mean rate over all groups, for each typical log-odds with its spread; by the trapezoidal rule."""
    return expit(middle[:, None] + spread[:, None] * DEVIATIONS) @ DENSITY


def _of_spread(spread: float, height: float, heights: Floats, groups: int) -> Bounded:
    """With the spreads at which the likelihood, at its best for them, has fallen to the cut."""
    beyond = 2 * (height - heights) - _cut_of_spread(groups)
    inside = np.flatnonzero(beyond <= 0)
    first, last = int(inside[0]), int(inside[-1])
    low = 0.0 if first == 0 else _crossing(beyond, first - 1)
    return Bounded(spread, low, None if last == len(SPREADS) - 1 else _crossing(beyond, last))


def _crossing(beyond: Floats, at: int) -> float:
    """Where what stands at the spreads of this index and the next passes 0."""
    here, there = beyond[at], beyond[at + 1]
    return float(SPREADS[at] + (SPREADS[at + 1] - SPREADS[at]) * np.clip(here / (here - there), 0, 1))


@lru_cache(maxsize=64)
def _cut_of_middle(groups: int, level: float = 0.95) -> float:
    """How far twice the logarithm may fall for a rate.

    Where groups differ by far more than their trials let them, the model is that of a normal sample, and this gives
    Student's t interval of its mean. Where they differ by less, the interval is wider than it needs to be.
    """
    t = float(stdtrit(groups - 1, (1 + level) / 2))
    return groups * math.log1p(t * t / (groups - 1))


@lru_cache(maxsize=64)
def _cut_of_spread(groups: int, level: float = 0.95) -> float:
    """The same for the spread: what a normal sample's sum of squares, chi squared, leaves as likely as that."""
    from scipy.optimize import brentq  # pyright: ignore[reportUnknownVariableType] - takes long to load

    free = groups - 1

    def fall(squares: float) -> float:
        return squares - groups - groups * math.log(squares / groups)

    def excess(squares: float) -> float:
        def below(other: float) -> float:
            return fall(other) - fall(squares)

        other = float(cast(Any, brentq)(below, groups, 100 * groups))
        return float(chdtr(free, other) - chdtr(free, squares)) - level

    return fall(float(cast(Any, brentq)(excess, 1e-9 * groups, groups * (1 - 1e-6), xtol=1e-14)))
