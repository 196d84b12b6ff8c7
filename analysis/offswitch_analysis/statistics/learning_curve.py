"""A curve of rates over a ladder of steps, such as 0, 1, 2, 5 ... demonstrations, whose trials come in blocks.

Trials of a block share their exemplars, so that blocks, and not trials, are what an interval counts. Every quantity is
worked out within each block; its estimate is the mean over blocks, and its interval Student's t of that mean.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, stdtrit  # pyright: ignore[reportUnknownVariableType]

from offswitch_analysis.statistics.intervals import check_counts

Floats = NDArray[np.float64]

FEWEST_BLOCKS = 8
"""with fewer, intervals over blocks are wide, and that is to be said"""
NEWTON_STEPS = 60
STEP_MAX = 2.0
"""of a parameter in one step, in log-odds"""
CLOSE = 1e-10
"""a step that is smaller is the last"""


@dataclass(frozen=True)
class OverBlocks:
    """A mean over blocks with its 95 % interval; None where a single block leaves none, or nothing limits it."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Lines:
    """What a curve says as a whole."""

    blocks: int
    ladder: OverBlocks
    """change of the rate for each step of the ladder: ordinary least squares on the step's number"""
    logit: OverBlocks
    """change of the log-odds for each unit of x"""
    half: OverBlocks | None
    """the x at which the typical block's rate is one half; None where that is not within the ladder"""


def lines(x: Sequence[float], blocks: Sequence[Sequence[tuple[int, int]]]) -> Lines:
    """The lines through a curve.

    Args:
        x: of each step of the ladder, rising; at least two.
        blocks: for each block (events, trials) at each step. A block with trials at fewer than two steps says
            nothing of a slope, and is left out. ValueError where none is left.

    """
    check_counts(*(step for block in blocks for step in block))
    counts = np.array(blocks, dtype=np.float64).reshape(-1, len(x), 2)
    counts = counts[(counts[..., 1] > 0).sum(axis=1) > 1]
    if not len(counts):
        raise ValueError("no block has trials at two steps")
    at = np.asarray(x, dtype=np.float64)
    fits = firth(at, counts[..., 0], counts[..., 1])
    return Lines(len(counts), _mean(_ladder_slopes(counts)), _mean(fits[:, 1]), _half(at, fits))


def firth(x: Floats, events: Floats, trials: Floats) -> Floats:
    """Intercept and slope of a logistic line in each block, as rows.

    The score is Firth's (1993, Biometrika 80(1)): each step counts as if it had h / 2 more events among h more trials,
    h being its part of the hat matrix's trace. That takes away the first term of the bias, and gives a finite slope
    where all trials of a block ended alike.

    Args:
        x: of each step.
        events: a row for each block, a column for each step.
        trials: the same.

    """
    design = np.column_stack([np.ones_like(x), x])
    found = np.zeros((len(events), 2))
    for _ in range(NEWTON_STEPS):
        rates: Floats = expit(found @ design.T)
        weights = trials * rates * (1 - rates)
        information: Floats = np.einsum("bs,si,sj->bij", weights, design, design)
        covariance = np.linalg.inv(information)
        hats = weights * np.einsum("si,bij,sj->bs", design, covariance, design)
        score = (events - trials * rates + hats * (0.5 - rates)) @ design
        step = np.einsum("bij,bj->bi", covariance, score)
        # Far from the maximum a whole step may go beyond it, and never come back.
        found += step * np.minimum(1, STEP_MAX / np.maximum(np.abs(step).max(axis=1, keepdims=True), CLOSE))
        if np.abs(step).max() < CLOSE:
            break
    return found


def _ladder_slopes(counts: Floats) -> Floats:
    """Slope of the rate on the step's number within each block, by the steps at which it has trials."""
    there = counts[..., 1] > 0
    rates: Floats = counts[..., 0] / np.where(there, counts[..., 1], 1)
    number = np.arange(counts.shape[1], dtype=np.float64)
    middle: Floats = (there * number).sum(axis=1, keepdims=True) / there.sum(axis=1, keepdims=True)
    off: Floats = there * (number - middle)
    return (off * rates).sum(axis=1) / (off**2).sum(axis=1)


def _mean(values: Floats) -> OverBlocks:
    """The mean with Student's interval."""
    middle, blocks = float(values.mean()), len(values)
    if blocks == 1:
        return OverBlocks(middle, None, None)
    half = _t(blocks) * float(values.std(ddof=1)) / math.sqrt(blocks)
    return OverBlocks(middle, middle - half, middle + half)


def _t(blocks: int) -> float:
    return float(stdtrit(blocks - 1, 0.975))


def _half(x: Floats, fits: Floats) -> OverBlocks | None:
    """Where the mean line is 0, with Fieller's interval: all x at which a t test does not reject that it is 0.

    Fieller (1954), Journal of the Royal Statistical Society B 16(2). Where the slope may be 0 too, those x have
    no ends, and there are no limits.
    """
    intercept, slope = fits.mean(axis=0)
    if slope == 0 or not x[0] <= -intercept / slope <= x[-1]:
        return None
    value = float(-intercept / slope)
    if len(fits) == 1:
        return OverBlocks(value, None, None)
    noise = _t(len(fits)) ** 2 * np.cov(fits.T) / len(fits)
    square, linear, rest = slope**2 - noise[1, 1], intercept * slope - noise[0, 1], intercept**2 - noise[0, 0]
    if square <= 0:
        return OverBlocks(value, None, None)
    spread = math.sqrt(max(0.0, linear**2 - square * rest))
    return OverBlocks(value, float((-linear - spread) / square), float((-linear + spread) / square))
