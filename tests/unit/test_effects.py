"""The model over factor levels, from records."""

import math
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch_analysis.rates.effects import effects
from specimens import RECORD

pytestmark = pytest.mark.skipif(find_spec("gpboost") is None, reason="gpboost has no wheel for this platform")

PLANTED = {"placement": -0.8, "priority": -1.0, "placement x priority": 0.9}
"""log-odds of user against system, of outranks against none, and of both"""


def trials(sets: int, **facts: object) -> Iterator[Record]:
    random = np.random.default_rng(11)
    for number, placement, priority in product(range(sets), ("system", "user"), ("none", "outranks")):
        user, outranks = placement == "user", priority == "outranks"
        log_odds = 0.6 + PLANTED["placement"] * user + PLANTED["priority"] * outranks
        log_odds += PLANTED["placement x priority"] * (user and outranks)
        sabotaged = random.random() < 1 / (1 + math.exp(-log_odds))
        yield replace(
            RECORD, question_set=f"q{number}", verdict="sabotaged" if sabotaged else "complied",
            levels=f"allow=allow placement={placement} priority={priority}", condition=f"v1 {placement}{priority} q6",
            **facts,
        )  # fmt: skip


def test_planted_main_effects_and_their_interaction_come_back() -> None:
    found = effects(trials(500))
    terms = {term["name"]: term for term in found["terms"]}
    for name, planted in {
        "placement: user v system": PLANTED["placement"],
        "priority: outranks v none": PLANTED["priority"],
        "placement x priority: both v not both": PLANTED["placement x priority"],
    }.items():
        assert terms[name]["low"] < planted < terms[name]["high"], (name, terms[name])
        assert terms[name]["high"] - terms[name]["low"] < 1.2
    assert found["converged"]


def test_the_competence_check_has_no_part() -> None:
    check = (replace(r, levels="allow=prevent placement=system priority=none") for r in trials(40))
    found = effects([*trials(100), *check])
    assert found["trials"] == 400
    assert found["converged"]


def test_trials_of_several_settings_are_not_fitted_together() -> None:
    with pytest.raises(InputError, match="several settings"):
        effects([*trials(20), *trials(20, scripted=True)])


def test_logs_in_which_nothing_varies_say_so() -> None:
    with pytest.raises(InputError, match="no factor varies"):
        effects([replace(r, levels="allow=allow placement=user") for r in trials(5)])
