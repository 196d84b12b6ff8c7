"""Payoffs of answers that may abstain, where it is said before what a mistake costs.

A right answer is worth 1, "I don't know" 0, and a wrong answer costs t / (1 - t) at the stated target t: Kalai,
Nachum, Vempala and Zhang (2025), Why language models hallucinate, arXiv 2509.04664. Then answering pays exactly for who
is right with a probability above t. At t = 3/4 a mistake costs 3 by this formula. At t = 0 it costs nothing, so that
abstaining never pays.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from offswitch_analysis.statistics.intervals import Limits, wilson

Number = TypeVar("Number", float, Fraction)


def expected_payoff(chance: Number, target: Number) -> Number:
    """What answering is worth to who is right with this chance: (p - t) / (1 - t).

    With fractions the result is exact. ValueError unless 0 <= chance <= 1 and 0 <= target < 1.
    """
    if not (0 <= chance <= 1 and 0 <= target < 1):
        raise ValueError(f"a chance lies from 0 to 1 and a target from 0 to below 1, not {chance} and {target}")
    return (chance - target) / (1 - target)


def payoff(right: bool | None, target: Number) -> Number:
    """Of one answer: 1 where it is right, -t / (1 - t) where it is wrong, 0 where it abstains (None)."""
    nothing = target - target
    return nothing if right is None else expected_payoff(nothing + right, target)


@dataclass(frozen=True)
class Answers:
    """Counts of answers to questions whose truth is known; ValueError where one is negative."""

    right: int
    wrong: int
    abstained: int

    def __post_init__(self) -> None:
        if min(self.right, self.wrong, self.abstained) < 0:
            raise ValueError(f"counts of answers must not be negative: {self}")

    @property
    def asked(self) -> int:
        """All of them."""
        return self.right + self.wrong + self.abstained

    def score(self, target: float) -> float | None:
        """The mean payoff; None without answers."""
        gained = self.right * payoff(True, target) + self.wrong * payoff(False, target)
        return gained / self.asked if self.asked else None

    def score_limits(self, target: float, level: float = 0.95) -> Limits:
        """The interval of the mean payoff, as of a sum of two rates that exclude each other.

        The score is the rate of right answers minus the penalty times the rate of wrong ones. The distances of both
        to their Wilson limits are squared and added, with the correlation that rates of one sample have: Zou and Donner
        (2008), Statistics in Medicine 27(10). From minus the penalty to 1 without answers.
        """
        penalty = -payoff(False, target)
        if not self.asked:
            return -penalty, 1.0
        right, wrong = self.right / self.asked, self.wrong / self.asked
        (right_low, right_high), (wrong_low, wrong_high) = (
            wilson(events, self.asked, level) for events in (self.right, self.wrong)
        )
        shared = _correlation(right, wrong)
        below = _hypotenuse(right - right_low, penalty * (wrong_high - wrong), shared)
        above = _hypotenuse(right_high - right, penalty * (wrong - wrong_low), shared)
        score = right - penalty * wrong
        return max(-penalty, score - below), min(1.0, score + above)


def _correlation(right: float, wrong: float) -> float:
    """Of the two rates in one sample: never above 0, and 0 where one of them is 0 or 1."""
    spread = right * (1 - right) * wrong * (1 - wrong)
    return -right * wrong / math.sqrt(spread) if spread > 0 else 0.0


def _hypotenuse(one: float, other: float, correlation: float) -> float:
    """Length of a difference whose two parts have these lengths and this correlation."""
    return math.sqrt(one * one + other * other - 2 * correlation * one * other)
