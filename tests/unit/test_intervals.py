"""Intervals against published numbers and by exact enumeration."""

import math

import numpy as np
import pytest

from bench.operating_characteristics import (
    at_least,
    at_most,
    coverage,
    coverage_of_clusters,
    coverage_of_pairs,
    coverage_of_strata,
    coverage_of_two,
)
from offswitch_analysis.statistics.intervals import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    clustered,
    jeffreys,
    mantel_haenszel,
    mover_ratio,
    newcombe,
    newcombe_paired,
    ratio,
    wilson,
)


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
    for interval in (jeffreys, wilson):
        assert interval(0, 20)[0] == 0
        assert interval(20, 20)[1] == 1
        assert interval(0, 0) == (0, 1)


@pytest.mark.parametrize(("trials", "least"), [(5, 0.899), (20, 0.895), (100, 0.88)])
def test_mean_coverage_of_jeffreys_is_near_the_level_and_its_minimum_is_as_stated(trials: int, least: float) -> None:
    covered = coverage(jeffreys, trials)
    assert covered.mean() >= 0.945
    assert least <= covered.min() < 0.95


def test_the_score_interval_of_a_rate_covers_as_its_name_says() -> None:
    assert 0.945 <= coverage(wilson, 50).mean() <= 0.955


@pytest.mark.parametrize("trials", [1, 7, 60])
def test_an_exact_limit_holds_for_every_rate(trials: int) -> None:
    assert coverage(at_most, trials).min() >= 0.95
    assert coverage(at_least, trials).min() >= 0.95


def test_no_event_in_299_trials_shows_less_than_one_percent() -> None:
    assert clopper_pearson_upper(0, 299) < 0.01 < clopper_pearson_upper(0, 298)
    assert clopper_pearson_upper(0, 0) == 1
    assert clopper_pearson_lower(0, 0) == 0
    assert clopper_pearson_lower(299, 299) == pytest.approx(0.05 ** (1 / 299))


# The first example of Newcombe (1998), and the table of Bentur et al. in Fagerland, Lydersen and Laake (2014).
def test_published_differences_come_out_to_the_printed_digit() -> None:
    assert [f"{limit:.4f}" for limit in newcombe(56, 70, 48, 80)] == ["0.0524", "0.3339"]
    assert [f"{limit:.3f}" for limit in newcombe_paired(1, 1, 7, 12)] == ["-0.507", "-0.026"]


def test_a_difference_the_other_way_round_has_the_opposite_interval() -> None:
    low, high = newcombe(3, 10, 12, 30)
    assert newcombe(12, 30, 3, 10) == pytest.approx((-high, -low))
    low, high = newcombe_paired(5, 3, 9, 4)
    assert newcombe_paired(5, 9, 3, 4) == pytest.approx((-high, -low))


def test_pairs_that_agree_make_a_difference_more_certain() -> None:
    low, high = newcombe_paired(both=40, only_first=6, only_second=2, neither=52)
    alone = newcombe(46, 100, 42, 100)
    assert high - low < (alone[1] - alone[0]) * 0.6


def test_nothing_is_known_of_two_rates_where_one_has_no_trials() -> None:
    assert newcombe(0, 0, 3, 9) == (-1, 1)
    assert newcombe_paired(0, 0, 0, 0) == (-1, 1)
    assert ratio(3, 9, 0, 0) == (0, math.inf)
    assert mantel_haenszel([(0, 0, 3, 9)])[1:] == (-1, 1)


def test_a_ratio_over_a_rate_that_may_be_zero_has_no_upper_limit() -> None:
    low, high = ratio(3, 10, 0, 10)
    assert high == math.inf
    assert 0 < low < math.inf
    assert ratio(0, 10, 3, 10)[0] == 0


def test_a_ratio_the_other_way_round_has_the_reciprocal_interval() -> None:
    low, high = ratio(3, 10, 12, 30)
    assert ratio(12, 30, 3, 10) == pytest.approx((1 / high, 1 / low))


def test_the_limits_of_a_ratio_solve_what_defines_them() -> None:
    # At the true ratio r the interval of p1 - r p2, made of the same parts, ends at 0.
    one, two = jeffreys(7, 20), jeffreys(11, 25)
    low, high = mover_ratio(7 / 20, one, 11 / 25, two)
    for r, near, far in ((low, one[0], two[1]), (high, one[1], two[0])):
        assert (7 / 20 - r * 11 / 25) ** 2 == pytest.approx((7 / 20 - near) ** 2 + r * r * (11 / 25 - far) ** 2)


def test_intervals_of_two_rates_cover_as_their_names_say() -> None:
    differences = coverage_of_two(newcombe, lambda p, q: p - q, 15, 10)
    ratios = coverage_of_two(ratio, lambda p, q: p / q, 15, 10)
    for covered in (differences, ratios):
        assert 0.945 <= covered.mean() <= 0.97
        assert covered.min() >= 0.89
    assert coverage_of_pairs(8, 0.3).min() >= 0.91


def test_one_stratum_is_a_plain_difference_and_equal_ones_narrow_it() -> None:
    low, high = newcombe(30, 100, 20, 100)
    assert mantel_haenszel([(30, 100, 20, 100)]) == pytest.approx((0.1, low, high))
    difference, *limits = mantel_haenszel([(30, 100, 20, 100)] * 4)
    assert [difference, *limits] == pytest.approx([0.1, 0.1 - (0.1 - low) / 2, 0.1 + (high - 0.1) / 2])


def test_the_mean_difference_over_strata_covers_as_its_name_says() -> None:
    assert min(coverage_of_strata(5, 20, repeats=300)) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 300)


def test_strata_weigh_by_what_they_tell() -> None:
    # Weights 50 and 10 x 90 / 100 = 9.
    assert mantel_haenszel([(50, 100, 0, 100), (0, 10, 90, 90)])[0] == pytest.approx((50 * 0.5 - 9) / 59)


def test_clusters_of_one_trial_change_nothing() -> None:
    assert clustered([(1, 1)] * 3 + [(0, 1)] * 7) == pytest.approx((1, 10, *jeffreys(3, 10)))


def test_copies_of_a_trial_count_about_once() -> None:
    design_effect, effective_trials, _, _ = clustered([(5, 5)] * 30 + [(0, 5)] * 70)
    assert design_effect == pytest.approx(5, rel=0.02)
    assert effective_trials == pytest.approx(100, rel=0.03)


def test_clusters_that_are_too_alike_by_chance_do_not_narrow_an_interval() -> None:
    design_effect, *_ = clustered([(5, 10)] * 40)
    assert design_effect == 1


def test_without_events_clusters_tell_nothing() -> None:
    design_effect, _, low, _ = clustered([(0, 10)] * 50)
    *_, high = clustered([(10, 10)])
    assert (design_effect, low, high) == (1, 0, 1)
    assert clustered([])[-2:] == (0, 1)


def test_a_single_cluster_counts_as_one_trial() -> None:
    _, effective_trials, _, _ = clustered([(3, 10)])
    assert effective_trials == 1


def test_the_clustered_interval_covers_where_the_plain_one_does_not() -> None:
    found, plain = coverage_of_clusters(30, 10, 0.3, 0.3, repeats=400)
    error = math.sqrt(0.95 * 0.05 / 400)
    assert found >= 0.95 - 3 * error
    assert 0.5 < plain < 0.8


def test_more_events_than_trials_are_refused() -> None:
    for attempt in (
        lambda: jeffreys(4, 3),
        lambda: wilson(-1, 3),
        lambda: clopper_pearson_upper(4, 3),
        lambda: newcombe(1, 3, 4, 3),
        lambda: ratio(4, 3, 1, 3),
        lambda: clustered([(1, 3), (4, 3)]),
    ):
        with pytest.raises(ValueError, match="events must be 0 to 3"):
            attempt()
    with pytest.raises(ValueError, match="must not be negative"):
        newcombe_paired(1, 1, -1, 1)


def test_limits_enclose_the_rate() -> None:
    for k, n in [(0, 1), (1, 1), (1, 1000), (999, 1000), (7, 13)]:
        for low, high in (jeffreys(k, n), wilson(k, n)):
            assert 0 <= low <= k / n <= high <= 1 + np.finfo(float).eps
