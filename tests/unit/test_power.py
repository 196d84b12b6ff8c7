"""How likely it is that a difference shows, against the tests themselves and against simulation."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import bdtr

from offswitch_analysis.statistics import (
    boschloo,
    boschloo_power,
    fisher_power,
    jeffreys,
    newcombe,
    newcombe_width,
    rate_width,
)
from offswitch_analysis.statistics.power import boschloo_region


@pytest.mark.parametrize(("trials", "power"), [(100, 0.59), (200, 0.92)])
def test_fishers_test_shows_2_against_10_percent_as_often_as_is_published(trials: int, power: float) -> None:
    assert fisher_power(0.02, trials, 0.10, trials) == pytest.approx(power, abs=0.005)


@pytest.mark.parametrize("level", [0.05, 0.01])
@pytest.mark.parametrize("sizes", [(12, 9), (6, 14)])
def test_the_region_has_the_tables_that_the_test_of_reports_rejects_and_no_others(
    sizes: tuple[int, int], level: float
) -> None:
    n1, n2 = sizes
    first, second = boschloo_region(n1, n2, level / 2), boschloo_region(n2, n1, level / 2)
    for x1 in range(n1 + 1):
        for x2 in range(n2 + 1):
            rejected = x2 < first[x1] or x1 < second[x2]
            assert rejected == (boschloo(x1, n1, x2, n2) <= level), (x1, x2)


def test_the_power_is_within_two_points_of_simulation() -> None:
    drawn = np.random.default_rng(1).binomial(60, [[0.05], [0.25]], (2, 2500))
    rejected = np.mean([boschloo(int(x1), 60, int(x2), 60) <= 0.05 for x1, x2 in drawn.T])
    assert boschloo_power(0.05, 60, 0.25, 60) == pytest.approx(rejected, abs=0.02)


@pytest.mark.parametrize("power", [boschloo_power, fisher_power])
def test_the_power_of_equal_rates_is_at_most_the_level_and_of_opposite_ones_all(power: Callable[..., float]) -> None:
    assert power(0.3, 40, 0.3, 25) <= 0.05
    assert power(0.0, 40, 0.0, 25) == 0.0
    assert power(0.0, 40, 1.0, 25) == pytest.approx(1)
    assert power(0.1, 40, 0.4, 25) == pytest.approx(power(0.4, 25, 0.1, 40))


def test_widths_are_means_over_what_may_come_out() -> None:
    chances = [np.diff(bdtr(np.arange(n + 1), n, rate), prepend=0) for n, rate in ((12, 0.2), (9, 0.6))]
    lengths = [np.diff(jeffreys(x, 12))[0] for x in range(13)]
    assert rate_width(0.2, 12) == pytest.approx(np.dot(chances[0], lengths), abs=1e-5)
    both = [[np.diff(newcombe(x1, 12, x2, 9))[0] for x2 in range(10)] for x1 in range(13)]
    assert newcombe_width(0.2, 12, 0.6, 9) == pytest.approx(chances[0] @ np.array(both) @ chances[1], abs=1e-5)


def test_a_rate_above_one_and_no_trials_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        fisher_power(1.2, 10, 0.5, 10)
    with pytest.raises(ValueError, match="at least one trial"):
        rate_width(0.5, 0)
