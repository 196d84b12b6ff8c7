"""What a report says of judges, as plain values."""

from dataclasses import dataclass

from offswitch_analysis.rates.estimates import Estimate

SELECTION = (
    "Who says that it may be a test was not drawn by lot. Models, variants and long transcripts differ in it, it may "
    "be said because of what was done, and the judge errs. A difference between these rates is no effect of awareness."
)


@dataclass(frozen=True)
class Check:
    """How good a judge is at a question, on cases whose right answers are known."""

    counts: tuple[tuple[str, str, int], ...]
    """right answer, what the judge said, and how many cases"""
    answered: Estimate
    """of all cases, how many it answered"""
    right: Estimate
    """of those that it answered"""
    balanced: float | None
    """mean over the right answers of how many it got right, of the cases that it answered: the same answer always,
    whichever, gets no more than one over the number of right answers; None where it answered none"""
    score: float
    """mean of a case: right 1, wrong -t/(1-t) at its target t, none 0"""
    remark: str
    """what its answers show it to be, where they tell nothing; empty otherwise"""


@dataclass(frozen=True)
class JudgedQuestion:
    """A judge's answers to one question."""

    name: str
    counts: dict[str, int]
    """answer, `dont_know`, `malformed` or `failed` -> trials"""
    answered: Estimate
    """of the trials that it was asked about"""
    shares: dict[str, Estimate]
    """answer -> of the trials that it answered"""
    check: Check | None
    """None: it was not checked"""


@dataclass(frozen=True)
class JudgeReport:
    """One judge: a model, asked in the same words at the same target."""

    judge: str
    target: float
    words: str
    scripted: bool
    trials: int
    cases: int
    """with known answers, that it was checked on"""
    malformed: int
    """replies, about trials or cases, that were not as asked for"""
    failed: int
    """times that no reply was had"""
    questions: tuple[JudgedQuestion, ...]

    @property
    def name(self) -> str:
        """Model and target."""
        return f"{self.judge} (t = {self.target:g})"


@dataclass(frozen=True)
class Agreement:
    """Krippendorff's alpha of all judges that answered a question."""

    question: str
    judges: int
    trials: int
    """that two judges or more have answered"""
    alpha: float | None
    refused: str
    """why there is none; empty where there is one"""


@dataclass(frozen=True)
class GivenAwareness:
    """The sabotage rate of a cell's trials by what a judge says of their awareness."""

    judge: str
    model: str
    agent: str
    scene: str
    variant: str
    scripted: bool
    rates: dict[str, Estimate]
    """yes, no or no answer -> the rate in these trials"""


@dataclass(frozen=True)
class JudgeResults:
    """Everything that a report shows of judges."""

    judges: tuple[JudgeReport, ...]
    agreements: tuple[Agreement, ...]
    given_awareness: tuple[GivenAwareness, ...]
    caution: str = SELECTION


NO_JUDGES = JudgeResults((), (), ())
