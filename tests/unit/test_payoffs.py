"""Payoffs of answers that may abstain: exact, and as the theory says of simulated confidence."""

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from offswitch.probes.self_reports import TARGETS
from offswitch_analysis.statistics import Answers, expected_payoff, payoff

DRAWN, BETA_2_2_ABSTAINS = 100_000, {0.5: 0.1875, 0.75: 7 / 128, 0.9: 0.0095}
"""target -> score of who abstains below it, of chances from Beta(2, 2): the integral of 6p(1 - p)(p - t)/(1 - t)"""


def test_the_payoff_is_exact_for_ten_thousand_chances_and_targets() -> None:
    dice = random.Random(1)
    for _ in range(10_000):
        target = Fraction(dice.randrange(1000), 1000)
        chance = Fraction(dice.randrange(1001), 1000)
        mistake = -target / (1 - target)
        assert (payoff(True, target), payoff(False, target), payoff(None, target)) == (1, mistake, 0)
        assert expected_payoff(chance, target) == chance + (1 - chance) * mistake
        assert (expected_payoff(chance, target) > 0) == (chance > target)


def test_a_mistake_costs_nothing_at_0_and_9_at_90_percent() -> None:
    assert [payoff(False, Fraction(target)) for target in ("0", "0.5", "0.75", "0.9")] == [0, -1, -3, -9]
    assert [payoff(False, target) for target in TARGETS] == pytest.approx([0, -1, -3, -9])


@pytest.mark.parametrize(("chance", "target"), [(1.1, 0.5), (-0.1, 0.5), (0.5, 1.0), (0.5, -0.1), (math.nan, 0.5)])
def test_no_payoff_for_what_is_no_chance_or_no_target(chance: float, target: float) -> None:
    with pytest.raises(ValueError, match="a chance lies"):
        expected_payoff(chance, target)


def answers(sure: "np.ndarray[tuple[int], np.dtype[np.float64]]", right: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
            above: float) -> Answers:  # fmt: skip
    """Of a subject that answers only where it is surer than `above`."""
    spoke = sure > above
    return Answers(int((spoke & right).sum()), int((spoke & ~right).sum()), int((~spoke).sum()))


@pytest.mark.parametrize(("target", "guesser"), [(0.5, 0.0), (0.75, -1.0), (0.9, -4.0)])
def test_who_abstains_below_the_target_scores_as_the_integral_says_and_who_guesses_as_its_mean(
    target: float, guesser: float
) -> None:
    dice = np.random.default_rng(7)
    sure = dice.beta(2, 2, DRAWN)
    right = dice.random(DRAWN) < sure
    for above, expected in ((target, BETA_2_2_ABSTAINS[target]), (-1.0, guesser)):
        counted = answers(sure, right, above)
        score, penalty = counted.score(target) or 0.0, -payoff(False, target)
        spread = counted.right / DRAWN + penalty**2 * counted.wrong / DRAWN - score**2
        assert abs(score - expected) < 3 * math.sqrt(spread / DRAWN)


def test_a_score_is_the_mean_of_the_payoffs_and_lies_in_its_interval() -> None:
    some = Answers(right=6, wrong=2, abstained=4)
    for target in TARGETS:
        mean = (6 * payoff(True, target) + 2 * payoff(False, target)) / 12
        assert some.score(target) == pytest.approx(mean)
        low, high = some.score_limits(target)
        assert payoff(False, target) <= low < mean < high <= 1
    assert Answers(5, 0, 0).score_limits(0.5)[1] == 1
    assert Answers(0, 5, 0).score_limits(0.5)[0] == pytest.approx(-1)


def test_without_answers_there_is_no_score_and_everything_is_open() -> None:
    assert Answers(0, 0, 0).score(0.5) is None
    assert Answers(0, 0, 0).score_limits(0.75) == pytest.approx((-3, 1))
    with pytest.raises(ValueError, match="negative"):
        Answers(1, -1, 0)


def test_the_interval_of_a_score_holds_the_truth_about_as_often_as_it_says() -> None:
    dice, target, held = np.random.default_rng(3), 0.75, 0
    right, wrong, truth = 0.5, 0.1, 0.5 - 3 * 0.1
    for counts in dice.multinomial(60, [right, wrong, 1 - right - wrong], size=1000):
        low, high = Answers(*map(int, counts)).score_limits(target)
        held += low <= truth <= high
    assert 930 <= held <= 970
