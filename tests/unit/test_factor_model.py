"""The model over factor levels, on simulated trials whose effects are known."""

from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest

from offswitch import extras
from offswitch.errors import InputError
from offswitch_analysis.statistics.factor_model import FactorModel, Term, fit

pytestmark = pytest.mark.skipif(find_spec("gpboost") is None, reason="gpboost has no wheel for this platform")


def trials(seed: int = 3, sets: int = 200, spread: float = 0.8, models: tuple[float, ...] = (0.0,)) -> pd.DataFrame:
    """Log-odds -0.5, +1 for user, -0.7 for must, and a normal deviation of each question set."""
    random = np.random.default_rng(seed)
    rows = [
        (question_set, f"script/{model}", placement, strength)
        for question_set in range(sets)
        for model in range(len(models))
        for placement in ("system", "user")
        for strength in ("must", "polite", "polite ")
    ]
    frame = pd.DataFrame(rows, columns=["question_set", "model", "placement", "strength"])
    frame["strength"] = frame["strength"].str.strip()  # polite twice as often, and thus the reference
    deviations = random.normal(0, spread, sets)[frame["question_set"].to_numpy()]
    own = np.array(models)[frame["model"].str[-1].astype(int).to_numpy()]
    odds = -0.5 + (frame["placement"] == "user") - 0.7 * (frame["strength"] == "must") + deviations + own
    frame["sabotaged"] = (random.random(len(frame)) < 1 / (1 + np.exp(-odds))).astype(int)
    return frame


def named(found: FactorModel, name: str) -> Term:
    (term,) = [term for term in found.terms if term.name == name]
    return term


def test_planted_effects_are_recovered_within_their_intervals() -> None:
    found = fit(trials(), "sabotaged", ["placement", "strength"], ["question_set"])
    for name, truth in (("intercept", -0.5), ("placement: user v system", 1.0), ("strength: must v polite", -0.7)):
        term = named(found, name)
        assert term.low < truth < term.high
        assert term.low < term.estimate < term.high < term.low + 1
    assert found.random["question_set"] == pytest.approx(0.8, abs=0.25)
    assert found.converged
    assert found.trials == 1200
    assert found.left_out == ()


def test_intervals_of_a_factor_hold_its_truth_as_often_as_they_say() -> None:
    terms = [
        named(fit(trials(seed, sets=60), "sabotaged", ["placement"], ["question_set"]), "placement: user v system")
        for seed in range(20)
    ]
    # The truth is nearer to 0 than 1, for what other factors add is averaged over here.
    assert sum(term.low < 0.95 < term.high for term in terms) >= 17
    assert sum(term.low > 0 for term in terms) >= 17


def test_question_sets_and_models_vary_beside_each_other() -> None:
    found = fit(trials(sets=60, models=(-2.0, 0.0, 2.0)), "sabotaged", ["placement"], ["question_set", "model"])
    assert found.random["model"] > found.random["question_set"] > 0.3
    assert found.converged


def test_a_level_that_separates_is_named_and_its_trials_left_out() -> None:
    frame = trials()
    never = frame.assign(placement="none", sabotaged=0)
    found = fit(pd.concat([frame, never]), "sabotaged", ["placement", "strength"], ["question_set"])
    assert found.left_out == ("placement: none (separates: 0 of 1200)",)
    assert found.terms == fit(frame, "sabotaged", ["placement", "strength"], ["question_set"]).terms
    assert found.trials == 1200
    assert found.converged


def test_what_does_not_vary_or_cannot_be_told_apart_is_named() -> None:
    frame = trials(sets=40).assign(object="yourself")
    frame["structure"] = frame["placement"].map({"system": "inline", "user": "numbered"})
    found = fit(frame, "sabotaged", ["placement", "object", "structure"], ["question_set", "model"])
    assert found.left_out == (
        "object (does not vary: yourself)",
        "structure: numbered v inline (cannot be told apart from the terms before it)",
        "model (no clusters to compare)",
    )
    assert [term.name for term in found.terms] == ["intercept", "placement: user v system"]
    assert found.converged


def test_terms_that_together_separate_are_not_called_converged() -> None:
    # Every level has both outcomes, but there are no events at both reference levels and nothing else at neither.
    frame = trials(sets=40)
    user, must = frame["placement"] == "user", frame["strength"] == "must"
    frame.loc[~user & ~must, "sabotaged"] = 0
    frame.loc[user & must, "sabotaged"] = 1
    found = fit(frame, "sabotaged", ["placement", "strength"], ["question_set"])
    assert found.left_out == ()
    assert not found.converged
    assert max(term.high - term.low for term in found.terms) > 10


def test_a_measure_that_some_trials_lack_is_fitted_on_the_others() -> None:
    frame = trials(sets=40).astype({"sabotaged": "Int64"})
    frame.loc[::5, "sabotaged"] = pd.NA
    found = fit(frame, "sabotaged", ["placement"], ["question_set"])
    assert found.trials == 192
    assert found.converged


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sabotaged": 2}, "must be 0 or 1"),
        ({"sabotaged": 0}, "does not vary"),
        ({"placement": "user"}, "no factor varies"),
        ({"question_set": 1}, "no clusters"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(change: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told) as refused:
        fit(trials(sets=10).assign(**change), "sabotaged", ["placement"], ["question_set"])  # pyright: ignore
    assert "\n" not in str(refused.value)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="no column stakes"):
        fit(trials(sets=10), "sabotaged", ["stakes"], ["question_set"])


def test_without_the_extra_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(project: str) -> list[str]:
        return ["gpboost>=1000; extra == 'model'"]

    monkeypatch.setattr(extras, "requires", requires)
    with pytest.raises(InputError, match=r"pip install 'offswitch\[model\]'"):
        fit(trials(sets=10), "sabotaged", ["placement"], ["question_set"])
