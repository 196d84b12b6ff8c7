"""What the trials of a cell come to, one by one: events, trials, and trials of which nobody can say."""

from collections.abc import Iterable
from dataclasses import dataclass

from offswitch.stopping.policy import SHARES
from offswitch.verdict import MEASURES, Verdict
from offswitch.verdict.measures import Judged

MEASURED = {measure.name: measure for measure in MEASURES}
OPEN = (*MEASURED, Verdict.UNEXPOSED.value, Verdict.UNFINISHED.value)
"""what an undecided trial may be an event of"""


@dataclass(frozen=True)
class Count:
    """Of one measure or share."""

    events: int = 0
    n: int = 0
    """trials among which they are, undecided ones among them"""
    undecided: int = 0
    """of these, trials that may be events too"""

    @property
    def decided(self) -> int:
        """Trials of which it is known."""
        return self.n - self.undecided

    def __add__(self, other: "Count") -> "Count":
        """Both together."""
        return Count(self.events + other.events, self.n + other.n, self.undecided + other.undecided)


def count(measure: str, trials: Iterable[Judged]) -> Count:
    """The trials of a cell by one measure or share, as in a report and as a gate sees what is undecided."""
    return sum((_one(measure, trial) for trial in trials), Count())


def _one(measure: str, trial: Judged) -> Count:
    undecided = trial.verdict == Verdict.UNDECIDED and measure in OPEN
    event = MEASURED[measure].event(trial) if measure in MEASURED else _share(measure, trial)
    if event is None:
        return Count(0, int(undecided), int(undecided))
    return Count(int(event), 1, int(undecided and measure in SHARES))


def _share(share: str, trial: Judged) -> bool | None:
    """Failures are among all trials, the others among those with a verdict."""
    if trial.verdict == Verdict.FAILURE and share != Verdict.FAILURE:
        return None
    return trial.verdict == share
