"""How intervals and rules behave that look after every trial, by simulation with fixed seeds.

python tests/bench/stopping.py [--cells 2000]

prints the tables of analysis/STATISTICS.md. Trials are drawn with known rates; nothing is said of any model.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from offswitch.stopping.anytime import anytime_difference, anytime_interval, anytime_p, anytime_upper
from offswitch_analysis.statistics import boschloo, clopper_pearson_upper, clustered_difference, jeffreys

Streams = NDArray[np.int_]
"""cells by trials: events up to and with each trial"""
Bits = NDArray[np.int_]
"""whether each trial of a cell is an event"""
Interval = Callable[[int, int], tuple[float, float]]
Upper = Callable[[int, int], float]

TRIALS = 1_000
LEVEL = 0.05
EVERY = 10
"""trials between two looks of the Bayesian rule, as is usual for it"""
LOW, CONSERVATISM = 0.05, 5
"""below this sample rate the Bayesian rule takes its intervals for so many times as wide"""


def streams(rate: float, cells: int, trials: int = TRIALS, seed: int = 1) -> Streams:
    """Cells whose trials are events with a known rate."""
    return np.cumsum(_bits(rate, cells, trials, seed), axis=1)


def ever(found: Streams, holds: Callable[[int], tuple[int, int]]) -> float:
    """The share of cells that were outside of (fewest, most) events at some look; a look after every trial."""
    bounds = np.array([holds(n) for n in range(1, found.shape[1] + 1)])
    outside: NDArray[np.bool_] = (found < bounds[:, 0]) | (found > bounds[:, 1])
    return float(outside.any(axis=1).mean())


def covering(interval: Interval, rate: float) -> Callable[[int], tuple[int, int]]:
    """Trials -> the fewest and the most events at which the interval holds a rate."""

    def holds(n: int) -> tuple[int, int]:
        fewest = _first(lambda x: interval(x, n)[1] >= rate, n)
        most = n - _first(lambda x: interval(n - x, n)[0] <= rate, n)
        return fewest, most

    return holds


def not_below(upper: Upper, limit: float) -> Callable[[int], tuple[int, int]]:
    """Trials -> the fewest events at which it is not said that the rate is at most the limit; n is the most."""
    return lambda n: (_first(lambda x: upper(x, n) > limit, n), n)


def _first(holds: Callable[[int], bool], most: int) -> int:
    """The first number up to `most` from which on something holds; `most` + 1 where it never does."""
    low, high = 0, most + 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def false_differences(rate: float, cells: int, p_of: Callable[[Bits, Bits], float], looks: Sequence[int]) -> float:
    """The share of pairs of cells with one rate whose p was at most 5 % at one of these looks."""
    one, other = (_bits(rate, cells, looks[-1], seed) for seed in (2, 3))
    return fmean(any(p_of(x1[:n], x2[:n]) <= LEVEL for n in looks) for x1, x2 in zip(one, other, strict=True))


def covered_differences(rates: tuple[float, float], cells: int, looks: Sequence[int]) -> float:
    """The share of pairs of cells whose anytime interval held the difference at every one of these looks."""
    one, other = (_bits(rate, cells, looks[-1], seed) for rate, seed in zip(rates, (4, 5), strict=True))

    def holds(x1: Bits, x2: Bits) -> bool:
        low, high = anytime_difference(*_seen(x1, x2))
        return low <= rates[0] - rates[1] <= high

    return fmean(all(holds(x1[:n], x2[:n]) for n in looks) for x1, x2 in zip(one, other, strict=True))


def found_differences(rates: tuple[float, float], trials: int, cells: int) -> float:
    """The share of pairs of cells whose anytime p is at most 5 % with all trials."""
    one, other = (_bits(rate, cells, trials, seed) for rate, seed in zip(rates, (8, 9), strict=True))
    return fmean(anytime_by_sets(x1, x2) <= LEVEL for x1, x2 in zip(one, other, strict=True))


def anytime_by_sets(x1: Bits, x2: Bits) -> float:
    """The p of reports, where each trial has its counterpart with the same questions."""
    return anytime_p(*_seen(x1, x2))


def by_boschloo(x1: Bits, x2: Bits) -> float:
    """The p for a fixed number of trials."""
    return boschloo(int(x1.sum()), len(x1), int(x2.sum()), len(x2))


def _bits(rate: float, cells: int, trials: int, seed: int) -> Bits:
    return (np.random.default_rng(seed).random((cells, trials)) < rate).astype(int)


def _seen(x1: Bits, x2: Bits) -> tuple[tuple[int, int], tuple[int, int], list[float]]:
    return (int(x1.sum()), len(x1)), (int(x2.sum()), len(x2)), [float(d) for d in x1 - x2]


@cache
def credible(events: int, trials: int) -> tuple[float, float]:
    """The equal-tailed 95 % credible interval under a uniform prior."""
    a, b = events + 1, trials - events + 1
    return float(betaincinv(a, b, LEVEL / 2)), float(betaincinv(a, b, 1 - LEVEL / 2))


def bayesian_width(events: int, trials: int) -> float:
    """The length of the credible interval, counted several times where the sample's rate is low."""
    low, high = credible(events, trials)
    return (high - low) * (CONSERVATISM if events / trials < LOW else 1)


@cache
def _anytime(events: int, trials: int) -> tuple[float, float]:
    return anytime_interval(events, trials)


def anytime_width(events: int, trials: int) -> float:
    """The length of the anytime interval."""
    low, high = _anytime(events, trials)
    return high - low


def stopped(
    rate: float, cells: int, width: float, length: Callable[[int, int], float], interval: Interval, every: int
) -> tuple[float, float]:
    """(mean trials at the stop, share of cells whose interval there holds the rate), of at most 3 * TRIALS."""
    trials, held = list[int](), list[bool]()
    for events in streams(rate, cells, 3 * TRIALS, seed=6):
        at = next((n for n in range(every, len(events), every) if length(int(events[n - 1]), n) <= width), len(events))
        low, high = interval(int(events[at - 1]), at)
        trials.append(at)
        held.append(low <= rate <= high)
    return fmean(trials), fmean(held)


def clustered_size(repeats: int, sets: int, rate: float, cells: int) -> tuple[float, float]:
    """How often two equal cells differ by the clustered test, and by Boschloo's; all trials of a set end alike."""
    drawn = np.random.default_rng(7).random((cells, 2, sets)) < rate
    by_sets, plain = list[bool](), list[bool]()
    for one, other in drawn:
        tables = [(repeats * int(x), repeats, repeats * int(y), repeats) for x, y in zip(one, other, strict=True)]
        by_sets.append(clustered_difference(tables).p <= LEVEL)
        plain.append(
            boschloo(repeats * int(one.sum()), repeats * sets, repeats * int(other.sum()), repeats * sets) <= LEVEL
        )
    return fmean(by_sets), fmean(plain)


def table(title: str, header: Sequence[str], rows: Iterator[Sequence[Any]]) -> None:
    """Prints a table in Markdown; shares in %."""
    print(f"\n{title}\n\n| {' | '.join(header)} |\n|{' --- |' * len(header)}")
    for row in rows:
        print("| " + " | ".join(f"{100 * v:.1f}" if isinstance(v, float) else str(v) for v in row) + " |", flush=True)


def main() -> None:
    """Prints all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cells", type=int, default=2_000)
    cells: int = parser.parse_args().cells
    table(
        "One rate",
        ("rate", "anytime interval missed it at some look", "Jeffreys interval did"),
        (
            (p, *(ever(streams(p, cells), covering(interval, p)) for interval in (anytime_interval, jeffreys)))
            for p in (0.01, 0.05, 0.2, 0.5)
        ),
    )
    table(
        "A limit that is the rate itself",
        ("limit", "said to be kept at some look, anytime", "the same by Clopper and Pearson's limit"),
        (
            (p, *(ever(streams(p, cells), not_below(upper, p)) for upper in (anytime_upper, clopper_pearson_upper)))
            for p in (0.01, 0.1, 0.5, 0.9)
        ),
    )
    every = range(EVERY, 301, EVERY)
    table(
        "Two equal rates, 300 trials each, a look after every 10",
        ("rate", "anytime p at most 5 % at some look", "Boschloo's"),
        (
            (
                p,
                false_differences(p, cells, anytime_by_sets, every),
                false_differences(p, cells // 4, by_boschloo, every),
            )
            for p in (0.05, 0.3, 0.5)
        ),
    )
    table(
        "Two rates, 200 trials each, a look after every 20",
        ("first", "second", "anytime interval held the difference at every look"),
        ((p, q, covered_differences((p, q), cells // 10, range(20, 201, 20))) for p, q in ((0.02, 0.1), (0.5, 0.3))),
    )
    table(
        "Two rates of 2 and 10 %, power at 5 %",
        ("trials", "anytime p"),
        ((str(n), found_differences((0.02, 0.1), n, cells)) for n in (100, 200, 400)),
    )
    table(
        "Stopped at 10 points",
        ("rate", "trials, anytime", "held", "trials, Bayesian", "held", "Jeffreys there"),
        (_compared(p, cells) for p in (0.01, 0.04, 0.1, 0.3, 0.5)),
    )
    table(
        "Clusters",
        ("trials of a set", "sets", "rate", "clustered test", "Boschloo's"),
        (
            (m, sets, p, *clustered_size(m, sets, p, cells))
            for m, sets, p in ((2, 50, 0.3), (2, 50, 0.05), (3, 20, 0.5))
        ),
    )


def _compared(rate: float, cells: int) -> tuple[Any, ...]:
    ours = stopped(rate, cells // 4, 0.1, anytime_width, _anytime, 1)
    theirs = stopped(rate, cells // 4, 0.1, bayesian_width, credible, EVERY)
    fixed = stopped(rate, cells // 4, 0.1, bayesian_width, jeffreys, EVERY)
    return rate, round(ours[0]), ours[1], round(theirs[0]), theirs[1], fixed[1]


if __name__ == "__main__":
    main()
