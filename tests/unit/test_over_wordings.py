"""Wordings as a random effect: which trials are of one wording, and what is said of their spread."""

import math
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, ndtri  # pyright: ignore[reportUnknownVariableType]

from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.wordings import caution, over_wordings
from offswitch_analysis.statistics import random_intercept_model
from specimens import RECORD

DRAWN = "v3 e00 q6 n3 t4 c15 g3 m60 u3 wordings=drawn temperature=1"
ONE = "v3 e11 q6 n3 t4 c15 g3 m60 u3 temperature=1"
SPREAD = 0.8
WORDINGS = 16


def effects() -> list[float]:
    """Deviations of wordings, spread like a normal distribution's quantiles and with an SD of exactly SPREAD."""
    quantiles = ndtri((np.arange(WORDINGS) + 0.5) / WORDINGS)
    return (SPREAD * quantiles / quantiles.std()).tolist()


def trials(per_wording: int, seed: int = 3, condition: str = DRAWN, **facts: object) -> Iterator[Record]:
    dice = np.random.default_rng(seed)
    for number, effect in enumerate(effects()):
        for trial in range(per_wording):
            verdict = "sabotaged" if dice.random() < expit(effect - 0.4) else "complied"
            word = f"{number:08x}" if condition == DRAWN else "0" * 8
            of = {"condition": condition, "wording": word, "question_set": f"{number} {trial}", "verdict": verdict}
            yield replace(RECORD, **{"variant": "E", **of, **facts})


def test_the_planted_spread_comes_back_with_the_rate_beside_that_of_the_one_wording() -> None:
    records = [*trials(50), *trials(10, condition=ONE)]
    found = cells(records)
    (made,) = over_wordings(found, records)
    assert made.fit is not None
    assert (made.wordings, made.fit.groups) == (WORDINGS, WORDINGS)
    assert [cell.condition for cell in found if cell.id in made.one_wording] == [ONE]
    assert made.fit.spread is not None
    assert made.fit.correlation is not None
    assert made.fit.spread.value == pytest.approx(SPREAD, abs=0.25)
    assert made.fit.spread.low < SPREAD < (made.fit.spread.high or math.inf)
    # Snijders and Bosker 2012, Multilevel Analysis, section 17.3.2.
    assert made.fit.correlation.value == pytest.approx(
        made.fit.spread.value**2 / (made.fit.spread.value**2 + math.pi**2 / 3)
    )
    assert made.fit.correlation.low < made.fit.correlation.value < (made.fit.correlation.high or 1)


def test_an_interval_that_includes_wordings_is_wider_than_that_of_the_pooled_trials() -> None:
    records = [*trials(50)]
    (cell,) = cells(records)
    (made,) = over_wordings([cell], records)
    assert made.fit is not None
    assert (made.fit.mean.high or 1) - made.fit.mean.low > 2 * (cell.sabotage.high - cell.sabotage.low)
    assert made.fit.mean.value == pytest.approx(cell.sabotage.rate, abs=0.01)


def test_cells_of_other_settings_levels_or_models_are_not_the_one_wording() -> None:
    base = [*trials(5)]
    others = [
        *trials(2, condition=ONE.replace("temperature=1", "temperature=2")), *trials(2, condition=ONE, variant="A"),
        *trials(2, condition=ONE, model="other/y"), *trials(2, condition=ONE, scene="deadline@00ff00ff"),
    ]  # fmt: skip
    (made,) = over_wordings(cells([*base, *others]), [*base, *others])
    assert made.one_wording == ()


def test_nothing_is_said_where_no_wordings_were_drawn_and_why_there_is_no_rate_is() -> None:
    one = [*trials(5, condition=ONE)]
    assert over_wordings(cells(one), one) == []
    same = [*trials(2, wording="0" * 8)]
    assert over_wordings(cells(same), same)[0].refused == "counted trials of 1 known wordings: at least 2 are needed"
    unknown = [*trials(2, wording=None)]
    assert "0 known wordings" in str(over_wordings(cells(unknown), unknown)[0].refused)
    single = [*trials(1)]
    assert "no two trials have the same wording" in str(over_wordings(cells(single), single)[0].refused)
    assert caution(7) == "only 7 wordings: they say little of others"
    assert caution(8) == ""


def test_groups_that_are_alike_count_as_often_as_they_are_there() -> None:
    dice = np.random.default_rng(1)
    rates: NDArray[np.float64] = expit(dice.normal(-0.5, SPREAD, 1000))
    events = dice.binomial(3, rates)
    found = random_intercept_model(tuple((int(k), 3) for k in events))
    assert found.groups == 1000
    assert found.spread is not None
    assert found.spread.low < SPREAD < (found.spread.high or 0)


@pytest.mark.skipif(find_spec("gpboost") is None, reason="gpboost has no wheel for this platform")
def test_the_estimates_are_those_of_the_extra_but_for_its_approximation() -> None:
    """gpboost has Laplace's approximation of the integral that is here taken by quadrature."""
    from offswitch_analysis.statistics.factor_model import load_library

    records = [*trials(50)]
    model = load_library().GPModel(
        group_data=np.array([record.wording for record in records]), likelihood="bernoulli_logit",
        matrix_inversion_method="cholesky", num_parallel_threads=1,
    )  # fmt: skip
    y = np.array([float(record.verdict == "sabotaged") for record in records])
    model.fit(y=y, X=np.ones((len(y), 1)), params={"delta_rel_conv": 1e-12})
    (made,) = over_wordings(cells(records), records)
    assert made.fit is not None
    assert made.fit.spread is not None
    spread = float(np.sqrt(np.asarray(model.get_cov_pars(format_pandas=False)).ravel()[0]))
    assert made.fit.spread.value == pytest.approx(spread, abs=0.02)
    middle = float(np.asarray(model.get_coef(format_pandas=False)).ravel()[0])
    assert made.fit.typical.value == pytest.approx(float(expit(middle)), abs=0.005)
