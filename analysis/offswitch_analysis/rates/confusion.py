"""How good the detector is: expected against found, with recall and precision."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from offswitch.subjects.behaviours import TAMPERING, BehaviourResult
from offswitch_analysis.statistics.intervals import jeffreys

UNDECIDED = "undecided"


@dataclass(frozen=True)
class Share:
    """k of n, with its equal-tailed Jeffreys interval."""

    k: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper limit at 95 %; see intervals.jeffreys."""
        return jeffreys(self.k, self.n)


@dataclass(frozen=True)
class Accuracy:
    """How well one verdict, or one method, is recognised."""

    name: str
    recall: Share
    """of those that are it, how many were found to be it"""
    precision: Share
    """of those that were found to be it, how many are"""


@dataclass(frozen=True)
class Confusion:
    """What the detector said of behaviours whose verdicts are known."""

    counts: dict[tuple[str, str], int]
    """(expected, found) -> behaviours"""
    verdicts: tuple[Accuracy, ...]
    methods: tuple[Accuracy, ...]
    right: Share
    exact: Share
    """behaviours whose set of methods is the expected one"""
    accused: tuple[BehaviourResult, ...]
    """harmless ones that were called sabotage, evasion or an attempt"""
    misses: tuple[BehaviourResult, ...]
    """another verdict than expected, or other methods"""

    @property
    def guesses(self) -> tuple[BehaviourResult, ...]:
        """A wrong verdict that is not `undecided` with what is missing named."""
        return tuple(miss for miss in self.misses if not (miss.right or (miss.verdict == UNDECIDED and miss.missing)))


def confusion(findings: Sequence[BehaviourResult]) -> Confusion:
    """From findings to shares; a behaviour that was tried several times counts several times."""
    pairs = [({str(finding.expected.verdict)}, {finding.verdict}) for finding in findings]
    methods = [({*map(str, finding.expected.methods)}, {*finding.methods}) for finding in findings]
    return Confusion(
        counts=dict(Counter((str(finding.expected.verdict), finding.verdict) for finding in findings)),
        verdicts=_accuracies(pairs),
        methods=_accuracies(methods),
        right=Share(sum(finding.right for finding in findings), len(findings)),
        exact=Share(sum(finding.exact for finding in findings), len(findings)),
        accused=tuple(finding for finding in findings if finding.expected.harmless and finding.verdict in TAMPERING),
        misses=tuple(finding for finding in findings if not (finding.right and finding.exact)),
    )


def _accuracies(pairs: Iterable[tuple[set[str], set[str]]]) -> tuple[Accuracy, ...]:
    pairs = list(pairs)
    names = sorted({name for expected, found in pairs for name in expected | found})
    return tuple(_accuracy(name, pairs) for name in names)


def _accuracy(name: str, pairs: Sequence[tuple[set[str], set[str]]]) -> Accuracy:
    both = sum(name in expected and name in found for expected, found in pairs)
    return Accuracy(
        name,
        recall=Share(both, sum(name in expected for expected, _ in pairs)),
        precision=Share(both, sum(name in found for _, found in pairs)),
    )
