"""Tests against scipy and published numbers, their size by enumeration, and Holm's promise by simulation."""

import math
import random
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import scipy.stats
from scipy.stats import binomtest, boschloo_exact, fisher_exact  # pyright: ignore[reportUnknownVariableType]

from bench.operating_characteristics import (
    coverage_of_two,
    family_wise_error,
    fisher,
    odds_ratio_limits,
    size_of_mcnemar,
    size_of_two,
)
from bench.operating_characteristics import odds_ratio as true_odds_ratio
from offswitch_analysis.statistics import boschloo, holm, mcnemar, odds_ratio

distributions: Any = scipy.stats  # it is only partly typed


def scipys(test, x1: int, n1: int, x2: int, n2: int) -> float:  # pyright: ignore
    return float(test([[x1, x2], [n1 - x1, n2 - x2]]).pvalue)  # pyright: ignore


@pytest.mark.parametrize(("n1", "n2"), [(1, 3), (3, 3), (4, 2)])
def test_boschloo_is_that_of_scipy_for_every_small_table(n1: int, n2: int) -> None:
    tables = [(x1, n1, x2, n2) for x1 in range(n1 + 1) for x2 in range(n2 + 1) if 0 < x1 + x2 < n1 + n2]
    for table in tables:
        assert boschloo(*table) == pytest.approx(scipys(boschloo_exact, *table), rel=1e-6)


def test_boschloo_is_that_of_scipy_for_larger_tables() -> None:
    for table in [(7, 8, 2, 7), (3, 40, 9, 31), (20, 25, 11, 33), (0, 37, 5, 40), (38, 39, 21, 24)]:
        assert boschloo(*table) == pytest.approx(scipys(boschloo_exact, *table), rel=1e-6)


# By scipy 1.17, which takes 20 s for each; of the last it finds 0.003388, a smaller maximum, and a grid of 1,500
# rates over a region from scipy's hypergeometric distribution this one.
@pytest.mark.parametrize(
    ("table", "p"),
    [
        ((500, 1000, 540, 1000), 0.0761018215199793),
        ((973, 994, 940, 987), 0.0014449454934464478),
        ((20, 1000, 5, 1000), 0.0034094557574522),
    ],
)
def test_boschloo_is_right_at_a_thousand_trials(table: tuple[int, int, int, int], p: float) -> None:
    assert boschloo(*table) == pytest.approx(p, rel=1e-6)


@pytest.mark.parametrize("table", [(2, 18, 20, 1909), (2, 718, 26, 272), (1, 5, 30, 1500), (4, 40, 2, 300)])
def test_the_largest_of_many_nearly_equal_maxima_is_found(table: tuple[int, int, int, int]) -> None:
    assert boschloo(*table) == pytest.approx(2 * by_dense_grid(*table), rel=1e-5)


def by_dense_grid(x1: int, n1: int, x2: int, n2: int) -> float:
    """Boschloo's one-sided p by scipy's distributions at 4,000 rates."""
    if x1 * n2 < x2 * n1:
        x1, n1, x2, n2 = x2, n2, x1, n1
    first, second = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]
    fishers = distributions.hypergeom.sf(first - 1, n1 + n2, n1, first + second)
    rates = np.sin(np.linspace(0, np.pi / 2, 4002)[1:-1]) ** 2
    # How many x2, from 0 on, are in the region for each x1.
    counts = (fishers <= fishers[x1, x2] * (1 + 1e-9)).sum(axis=1)
    return float(
        (distributions.binom.pmf(first, n1, rates) * distributions.binom.cdf(counts[:, None] - 1, n2, rates))
        .sum(axis=0)
        .max()
    )


def test_boschloo_is_the_same_for_either_order_and_for_no_events() -> None:
    assert boschloo(3, 20, 9, 25) == pytest.approx(boschloo(9, 25, 3, 20), rel=1e-8)
    assert boschloo(3, 20, 9, 25) == pytest.approx(boschloo(17, 20, 16, 25), rel=1e-8)


def test_boschloo_never_says_less_than_fisher() -> None:
    draw = random.Random(2)
    for _ in range(40):
        n1, n2 = draw.randint(1, 300), draw.randint(1, 300)
        table = (draw.randint(0, n1), n1, draw.randint(0, n2), n2)
        sides = [
            scipys(lambda counts, side=side: fisher_exact(counts, alternative=side), *table)  # pyright: ignore
            for side in ("less", "greater")
        ]
        assert boschloo(*table) <= min(1.0, 2 * min(sides)) * (1 + 1e-9)


@pytest.mark.parametrize("table", [(300, 400, 100, 400), (60, 900, 300, 960), (0, 500, 90, 450)])
def test_where_fishers_p_is_below_1e_15_it_stands_for_boschloos(table: tuple[int, int, int, int]) -> None:
    side = "greater" if table[0] * table[3] > table[2] * table[1] else "less"
    fishers = scipys(lambda counts: fisher_exact(counts, alternative=side), *table)  # pyright: ignore
    assert 0 < fishers < 1e-15
    assert boschloo(*table) == pytest.approx(2 * fishers, rel=1e-9)


def test_where_nothing_differs_or_nothing_was_tried_p_is_1() -> None:
    for table in [(0, 9, 0, 7), (9, 9, 7, 7), (0, 0, 3, 7), (0, 0, 0, 0), (5, 10, 5, 10)]:
        assert boschloo(*table) == pytest.approx(1, abs=0.3)
    assert boschloo(0, 9, 0, 7) == boschloo(0, 0, 3, 7) == 1


def test_a_p_value_below_every_float_is_0() -> None:
    assert boschloo(1000, 1000, 0, 1000) == 0


def test_a_thousand_trials_each_take_milliseconds() -> None:
    boschloo(500, 1000, 501, 1000)
    start = time.process_time()
    found = [boschloo(400 + x, 1000, 450, 1000) for x in range(20)]
    assert (time.process_time() - start) / 20 < 0.04  # 5 ms, with room for a busy machine
    assert all(0 < smaller < larger < 1 for smaller, larger in pairwise(found))


@pytest.mark.parametrize(("n1", "n2"), [(6, 6), (12, 7), (15, 15)])
def test_boschloo_keeps_its_level(n1: int, n2: int) -> None:
    assert 0 < size_of_two(fisher, n1, n2) <= size_of_two(boschloo, n1, n2) <= 0.05


def test_mcnemar_is_a_binomial_test_of_the_pairs_that_differ() -> None:
    for b, c in [(0, 0), (1, 7), (4, 4), (60, 31)]:
        assert mcnemar(b, c) == pytest.approx(float(binomtest(b, b + c).pvalue) if b + c else 1)  # pyright: ignore


def test_mcnemar_keeps_its_level() -> None:
    assert 0.02 < size_of_mcnemar(30) <= 0.05


def test_an_odds_ratio_is_that_of_the_sample() -> None:
    assert odds_ratio(10, 30, 5, 25)[0] == pytest.approx((10 * 20) / (20 * 5))
    assert odds_ratio(0, 30, 5, 25)[:2] == (0, 0)
    assert odds_ratio(30, 30, 5, 25)[::2] == (math.inf, math.inf)
    estimate, *limits = odds_ratio(0, 30, 0, 25)
    assert math.isnan(estimate)
    assert limits == [0, math.inf]


def test_the_limits_of_an_odds_ratio_are_those_that_a_score_test_just_rejects() -> None:
    x1, n1, x2, n2 = 10, 30, 5, 25
    for limit in odds_ratio(x1, n1, x2, n2)[1:]:
        low, at, high = 0.0, 7.5, 15.0
        for _ in range(100):  # expected events of the first with the same margins, by halves
            low, high = (at, high) if at * (n2 - 15 + at) < limit * (n1 - at) * (15 - at) else (low, at)
            at = (low + high) / 2
        spread = 1 / (1 / at + 1 / (n1 - at) + 1 / (15 - at) + 1 / (n2 - 15 + at)) * 55 / 54
        assert abs(x1 - at) / math.sqrt(spread) == pytest.approx(1.959964)


def test_the_interval_of_an_odds_ratio_covers_as_its_name_says() -> None:
    covered = coverage_of_two(odds_ratio_limits, true_odds_ratio, 15, 10)
    assert covered.mean() >= 0.945
    assert covered.min() >= 0.9


def test_holm_adjusts_by_rank_and_keeps_the_order() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1, 1]
    assert holm([]) == []


def test_holm_errs_in_no_more_than_one_of_twenty_families() -> None:
    share, error = family_wise_error(0.5, 40, variants=10, families=200)
    assert 0 < share <= 0.05 + 3 * error


def test_impossible_counts_are_refused() -> None:
    for test in (boschloo, odds_ratio):
        with pytest.raises(ValueError, match="events must be 0 to 3"):
            test(1, 3, 4, 3)
    with pytest.raises(ValueError, match="must not be negative"):
        mcnemar(-1, 2)
