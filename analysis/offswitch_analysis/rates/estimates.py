"""A rate with its interval, and scores of answers that may abstain, as plain values."""

from collections.abc import Iterable
from dataclasses import dataclass

from offswitch.stopping.anytime import anytime_interval
from offswitch_analysis.statistics import Answers, expected_payoff, jeffreys
from offswitch_analysis.text import TOO_FEW, percent

FEWEST = 10
"""a rate of fewer counted trials is not drawn: it says "too few", beside its n and its interval"""
Answer = tuple[bool | None, bool]
"""(what was said, what is so); None is "I don't know\""""


@dataclass(frozen=True)
class Estimate:
    """A rate with its 95 % interval: Jeffreys', or one that holds however often one looked."""

    events: int
    """trials that are counted for the rate"""
    n: int
    """trials that it is a rate of"""
    rate: float | None
    """None where n is 0"""
    low: float
    """lower end of the interval"""
    high: float
    """upper end of the interval"""

    @property
    def too_few(self) -> bool:
        """Whether the rate is not to be drawn."""
        return self.n < FEWEST

    @property
    def shown(self) -> float | None:
        """The rate where it may be shown, in whatever form; else None."""
        return None if self.too_few else self.rate

    @property
    def percent(self) -> str:
        """The rate in percent, with one decimal; words where there are too few trials, or none."""
        return TOO_FEW if self.n and self.too_few else percent(self.rate)


def estimate(events: int, n: int, anytime: bool = False) -> Estimate:
    """A rate with its interval, of the second kind if it is to hold anytime; ValueError if events are not 0 to n."""
    low, high = (anytime_interval if anytime else jeffreys)(events, n)
    return Estimate(events, n, events / n if n else None, low, high)


@dataclass(frozen=True)
class Score:
    """Answers at one stated target: right 1, wrong -t / (1 - t), "I don't know" 0."""

    target: float
    right: int
    wrong: int
    abstained: int
    score: float | None
    """the mean; None without answers"""
    low: float
    high: float
    """95 % interval of the mean"""
    guessing: float | None
    """the score of who looks at nothing and always gives the answer that is more often right among these"""

    @property
    def n(self) -> int:
        """Answers."""
        return self.right + self.wrong + self.abstained

    @property
    def too_few(self) -> bool:
        """Whether the score is not to be drawn."""
        return self.n < FEWEST


def scored(answers: Iterable[Answer], target: float) -> Score:
    """The score of answers to questions with a known truth, at one target."""
    given = list(answers)
    right, wrong = (sum(said is not None and (said is truth) is so for said, truth in given) for so in (True, False))
    counted, true = Answers(right, wrong, len(given) - right - wrong), sum(truth for _, truth in given)
    guessing = expected_payoff(max(true, len(given) - true) / len(given), target) if given else None
    limits = counted.score_limits(target)
    return Score(target, right, wrong, counted.abstained, counted.score(target), *limits, guessing)
