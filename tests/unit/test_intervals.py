"""Intervals against published numbers and by exact enumeration."""

from math import comb

import pytest

from offswitch_analysis.intervals import jeffreys


@pytest.mark.parametrize(
    ("events", "trials", "printed"),
    [
        (973, 1000, ("96.2", "98.2")),
        (926, 1000, ("90.9", "94.1")),
        (722, 1000, ("69.4", "74.9")),
        (32, 199, ("11.5", "21.7")),
        (117, 994, ("9.9", "13.9")),
    ],
)
def test_published_intervals_come_out_to_the_printed_digit(events: int, trials: int, printed: tuple[str, str]) -> None:
    assert tuple(f"{100 * limit:.1f}" for limit in jeffreys(events, trials)) == printed


def test_none_and_all_reach_the_ends() -> None:
    assert jeffreys(0, 20)[0] == 0
    assert jeffreys(20, 20)[1] == 1
    assert jeffreys(0, 0) == (0, 1)


@pytest.mark.parametrize("trials", [5, 20, 100])
def test_mean_coverage_is_near_the_level(trials: int) -> None:
    grid = [i / 200 for i in range(1, 200)]
    limits = [jeffreys(k, trials) for k in range(trials + 1)]
    covered = [
        sum(
            comb(trials, k) * p**k * (1 - p) ** (trials - k)
            for k, (lower, upper) in enumerate(limits)
            if lower <= p <= upper
        )
        for p in grid
    ]
    assert sum(covered) / len(covered) >= 0.945


def test_more_events_than_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="events must be 0 to 3"):
        jeffreys(4, 3)
