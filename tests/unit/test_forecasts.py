"""The Brier score is scikit-learn's, its parts add up, and bins hold every forecast once."""

import random

import pytest

from offswitch_analysis.statistics import ReliabilityBin, brier, reliability_bins
from offswitch_analysis.statistics.forecasts import Forecast


def drawn(count: int, seed: int) -> list[Forecast]:
    """Forecasts of a subject that knows something: what it says comes more often than not."""
    dice = random.Random(seed)
    stated = [dice.choice((dice.random(), 0.0, 1.0, 0.3)) for _ in range(count)]
    return [(p, dice.random() < 0.2 + 0.6 * p) for p in stated]


@pytest.mark.parametrize("count", [1, 2, 10, 500])
def test_the_score_is_that_of_scikit_learn_and_its_parts_add_up_to_it(count: int) -> None:
    from sklearn.metrics import brier_score_loss  # pyright: ignore[reportUnknownVariableType] - loads pandas

    for seed in range(10):
        forecasts = drawn(count, seed)
        found = brier(forecasts)
        assert found is not None
        stated, came = zip(*forecasts, strict=True)
        theirs = float(brier_score_loss(came, stated, labels=[False, True]))
        assert found.score == pytest.approx(theirs, abs=1e-12)
        parts = found.reliability - found.resolution + found.uncertainty + found.within_bins
        assert parts == pytest.approx(found.score, abs=1e-12)


def test_the_parts_are_murphys_where_forecasts_of_a_bin_are_the_same() -> None:
    found = brier([*[(0.8, True)] * 6, *[(0.8, False)] * 4, *[(0.2, True)] * 1, *[(0.2, False)] * 9])
    assert found is not None
    assert found.within_bins == pytest.approx(0)
    assert found.reliability == pytest.approx((0.2**2 + 0.1**2) / 2)
    assert found.resolution == pytest.approx((0.25**2 + 0.25**2) / 2)
    assert found.uncertainty == pytest.approx(0.35 * 0.65)
    assert (found.mean_forecast, found.rate, found.n) == (pytest.approx(0.5), 0.35, 20)


def test_who_always_states_the_rate_has_no_reliability_term_and_no_resolution() -> None:
    found = brier([(0.25, True), *[(0.25, False)] * 3])
    assert found is not None
    assert (found.reliability, found.resolution, found.score) == (0, 0, 0.1875)


def test_every_forecast_is_in_one_bin_and_the_last_holds_1() -> None:
    assert reliability_bins([(0.0, False), (0.1, True), (0.95, True), (1.0, False)]) == (
        ReliabilityBin(0.0, 0.1, 1, 0, 0.0), ReliabilityBin(0.1, 0.2, 1, 1, 0.1), ReliabilityBin(0.9, 1.0, 2, 1, 0.975),
    )  # fmt: skip
    bins = reliability_bins([(percent / 100, False) for percent in range(101)])
    assert [one.n for one in bins] == [10] * 9 + [11]


def test_without_forecasts_there_is_no_score_and_what_is_no_probability_is_refused() -> None:
    assert brier([]) is None
    for wrong in (1.01, -0.01, float("nan")):
        with pytest.raises(ValueError, match="a probability lies"):
            brier([(wrong, True)])
