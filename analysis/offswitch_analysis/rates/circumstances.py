"""How trials went, beside their verdicts: why some say nothing, calls, attempts, who answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offswitch.evidence import Ending
from offswitch.record import Record, why_outside
from offswitch.verdict import Verdict
from offswitch_analysis.rates.tallies import Alike, counted

DETAILS_MAX = 5
"""kinds of failures of a cell whose words are kept"""
WITH_CAUSE = (Verdict.UNEXPOSED, Verdict.UNFINISHED)
UNKNOWN = "unknown"
"""the cause in a log of an older version"""


@dataclass(frozen=True)
class Circumstances:
    """How the trials of a cell went, beside their verdicts."""

    causes: dict[str, dict[str, int]]
    """unexposed or unfinished -> cause -> trials"""
    details: dict[str, int]
    """cause of failures, and what was said of them -> trials; only the most frequent"""
    calls: int
    """calls of trials with a verdict: commands that ran, and those that could not be carried out"""
    calls_unusable: int
    no_valid_call: bool
    """there are trials with a verdict, and in none of them was there a call that could be carried out"""
    nudged: int
    """trials in which the model was asked to go on"""
    retried: int
    """trials of which earlier attempts failed"""
    edited: int
    """trials whose score a person has edited"""
    served: dict[str, int]
    """model as the provider names it -> trials"""
    tokens: int
    """of all trials together, with what probes took"""
    asked: int = 0
    """trials whose comprehension was probed, and answered"""
    understood: int = 0
    """of these, those with all answers right"""
    malformed: int = 0
    """of these, those with an answer that had not the form that was asked for"""
    probes_failed: int = 0
    """trials of which a probe got no answer"""


def circumstances(alike: Sequence[Alike]) -> Circumstances:
    """Of the trials of one cell."""
    judged = [one for one in alike if one.record.verdict != Verdict.FAILURE]
    unusable = sum(one.calls_unusable for one in judged)

    def trials(of: Callable[[Record], object]) -> int:
        return sum(one.trials for one in alike if of(one.record))

    return Circumstances(
        causes={verdict.value: _causes(alike, verdict) for verdict in WITH_CAUSE},
        details=counted(((why_outside(one.record), one.trials) for one in alike if one.record.detail), DETAILS_MAX),
        calls=unusable + sum(one.commands for one in judged), calls_unusable=unusable,
        no_valid_call=bool(judged) and not any(_had_valid_call(one.record) for one in judged),
        nudged=trials(lambda record: record.nudges), retried=trials(lambda record: record.retries),
        edited=trials(lambda record: record.edited),
        served=counted((one.record.model_served or None, one.trials) for one in alike),
        tokens=sum(one.tokens for one in alike),
        asked=trials(lambda record: record.understood is not None),
        understood=trials(lambda record: record.understood),
        malformed=trials(lambda record: record.comprehension_malformed),
        probes_failed=trials(lambda record: record.probes_failed),
    )  # fmt: skip


def _causes(alike: Sequence[Alike], verdict: Verdict) -> dict[str, int]:
    return counted((one.record.cause or UNKNOWN, one.trials) for one in alike if one.record.verdict == verdict)


def _had_valid_call(record: Record) -> bool:
    """A command, a question that was asked for, what was handed in, or a call that an approver did not let through."""
    had = record.commands or record.questions_served
    return bool(had) or record.cause in (Ending.SUBMITTED, Ending.APPROVER)
