"""Intervals that hold however often one looks: closed forms, exact enumeration, and simulation with fixed seeds."""

import math

import numpy as np
import pytest

from bench.stopping import anytime_by_sets, covered_differences, covering, ever, false_differences, not_below, streams
from offswitch.stopping.anytime import (
    anytime_difference,
    anytime_interval,
    anytime_lower,
    anytime_p,
    anytime_ratio,
    anytime_upper,
    below_limit,
    pairs_evidence,
)
from offswitch_analysis.statistics import clopper_pearson_upper, jeffreys

CELLS = 2_000
TRIALS = 200


def test_without_an_event_the_upper_limit_is_that_of_the_formula() -> None:
    """(1 - p) ** n is as likely as the limit says: B(1/2, n + 1/2) / B(1/2, 1/2) = (2n choose n) / 4 ** n."""
    for n in (5, 50, 300):
        mixture = math.comb(2 * n, n) / 4**n
        assert anytime_interval(0, n)[1] == pytest.approx(1 - (0.05 * mixture) ** (1 / n))


def test_a_martingale_has_the_mean_one_at_the_true_rate_after_any_number_of_trials() -> None:
    """The sum over all sequences; one-sided at the limit itself, and less than one above it."""
    n, limit = 12, 0.3
    for rate, mean in ((0.3, 1.0), (0.5, None)):
        total = sum(math.comb(n, x) * rate**x * (1 - rate) ** (n - x) * _evidence(x, n, limit) for x in range(n + 1))
        assert total == pytest.approx(mean) if mean else total < 1


def _evidence(events: int, trials: int, limit: float) -> float:
    """The mixture over rates below a limit by numerical integration, over the likelihood at the limit."""
    rates = limit * np.sin((np.arange(4_000) + 0.5) / 4_000 * math.pi / 2) ** 2
    steps = np.sin((np.arange(4_000) + 0.5) / 4_000 * math.pi) * limit * math.pi / 2 / 4_000
    weights = steps / np.sqrt(rates * (1 - rates))
    likely = rates**events * (1 - rates) ** (trials - events)
    return float(np.average(likely, weights=weights) / (limit**events * (1 - limit) ** (trials - events)))


def test_evidence_below_a_limit_is_the_mixture_over_rates_below_it() -> None:
    for events, trials in ((0, 20), (3, 40)):
        assert math.exp(below_limit(events, trials, 0.2)) == pytest.approx(_evidence(events, trials, 0.2), rel=1e-3)
    assert below_limit(10, 40, 0.2) == 0


def test_at_most_one_percent_is_said_after_377_trials_without_an_event() -> None:
    """Clopper and Pearson's limit needs 299, and holds at one look."""
    assert anytime_upper(0, 376) > 0.01 >= anytime_upper(0, 377)


def test_limits_are_mirrored_and_lie_outside_of_those_for_one_look() -> None:
    for events, trials in ((0, 10), (3, 30), (30, 30), (50, 400)):
        low, high = anytime_interval(events, trials)
        assert (1 - high, 1 - low) == pytest.approx(anytime_interval(trials - events, trials))
        assert low <= jeffreys(events, trials)[0] <= events / trials <= jeffreys(events, trials)[1] <= high
        assert anytime_lower(events, trials) == pytest.approx(1 - anytime_upper(trials - events, trials))
        assert anytime_upper(events, trials) >= clopper_pearson_upper(events, trials) - 1e-12


def test_without_trials_nothing_is_known_and_impossible_counts_are_refused() -> None:
    assert anytime_interval(0, 0) == (0.0, 1.0)
    assert anytime_difference((0, 0), (3, 9)) == (-1.0, 1.0)
    assert anytime_p((0, 0), (3, 9)) == 1.0
    assert anytime_ratio(3, 9, 0, 9)[1] == math.inf
    for wrong in (
        lambda: anytime_interval(3, 2),
        lambda: anytime_difference((1, 2), (4, 3)),
        lambda: anytime_p((4, 3), (1, 2)),
    ):
        with pytest.raises(ValueError, match="events must be"):
            wrong()


def test_evidence_against_a_difference_is_the_mean_of_that_of_all_trials_and_of_pairs() -> None:
    """Of all trials by brute force over pairs of rates; of pairs by the sum of the beta-binomial mixture."""
    first, second, grid = (5, 30), (17, 30), np.linspace(1e-4, 1 - 1e-4, 4_000)
    of_all = math.exp(min(_log_evidence(*first, p) + _log_evidence(*second, p) for p in grid))
    assert 1 / anytime_p(first, second) == pytest.approx((of_all + 1) / 2, rel=1e-3)
    pairs = [1.0] * 2 + [-1.0] * 14 + [0.0] * 14
    of_pairs = math.comb(4, 2) * math.comb(28, 14) / math.comb(16, 2) / 4**16 * 2**16
    assert 1 / anytime_p(first, second, pairs) == pytest.approx((of_all + of_pairs) / 2, rel=1e-3)
    assert pairs_evidence(2, 14) == pytest.approx(math.log(of_pairs))


def test_the_difference_of_rates_is_mirrored_and_shorter_with_pairs() -> None:
    pairs = [1.0] * 2 + [-1.0] * 14 + [0.0] * 14
    low, high = anytime_difference((5, 30), (17, 30), pairs)
    assert anytime_difference((17, 30), (5, 30), [-one for one in pairs]) == pytest.approx((-high, -low), abs=1e-9)
    wide = anytime_difference((5, 30), (17, 30))
    assert wide[0] < low < -0.4 < high < wide[1]
    assert (anytime_p((5, 30), (17, 30), pairs) < 0.05) is (high < 0)


def _log_evidence(events: int, trials: int, rate: float) -> float:
    mixture = (
        math.lgamma(events + 0.5) + math.lgamma(trials - events + 0.5) - math.lgamma(trials + 1) - math.log(math.pi)
    )
    return mixture - events * math.log(rate) - (trials - events) * math.log1p(-rate)


@pytest.mark.parametrize("rate", [0.02, 0.5])
def test_the_interval_holds_the_rate_at_every_look_in_95_of_100_cells(rate: float) -> None:
    found = streams(rate, CELLS, TRIALS)
    assert ever(found, covering(anytime_interval, rate)) <= 0.05
    assert ever(found, covering(jeffreys, rate)) > 0.2, "one for a fixed number does not"


@pytest.mark.parametrize("limit", [0.05, 0.6])
def test_a_limit_that_is_just_not_kept_is_said_to_be_in_5_of_100_cells_at_most(limit: float) -> None:
    found = streams(limit, CELLS, TRIALS)
    assert ever(found, not_below(anytime_upper, limit)) <= 0.05
    assert ever(found, not_below(clopper_pearson_upper, limit)) > 0.08, "one for a fixed number does not"


def test_equal_rates_are_called_different_in_5_of_100_pairs_of_cells_at_most() -> None:
    assert false_differences(0.3, 400, anytime_by_sets, range(10, 101, 10)) <= 0.05


def test_the_interval_of_a_difference_holds_it_at_every_look() -> None:
    assert covered_differences((0.6, 0.2), 30, range(20, 81, 20)) >= 0.95
