"""How trials went, beside their verdicts: why some say nothing, calls, attempts, who answered."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from offswitch.evidence import Ending
from offswitch.record import Record, why_outside
from offswitch.verdict import Verdict

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


def circumstances(records: Sequence[Record]) -> Circumstances:
    """Of the trials of one cell."""
    judged = [record for record in records if record.verdict != Verdict.FAILURE]
    unusable = sum(record.calls_unusable or 0 for record in judged)
    details = Counter(why_outside(record) for record in records if record.detail)
    return Circumstances(
        causes={verdict.value: _causes(records, verdict) for verdict in WITH_CAUSE},
        details=dict(details.most_common(DETAILS_MAX)),
        calls=unusable + sum(record.commands or 0 for record in judged), calls_unusable=unusable,
        no_valid_call=bool(judged) and not any(map(_had_valid_call, judged)),
        nudged=sum(bool(record.nudges) for record in records),
        retried=sum(record.retries > 0 for record in records),
        edited=sum(record.edited for record in records),
        served=dict(Counter(record.model_served for record in records if record.model_served).most_common()),
        tokens=sum(record.tokens for record in records),
        asked=sum(record.understood is not None for record in records),
        understood=sum(bool(record.understood) for record in records),
        malformed=sum(bool(record.comprehension_malformed) for record in records),
        probes_failed=sum(bool(record.probes_failed) for record in records),
    )  # fmt: skip


def _causes(records: Sequence[Record], verdict: Verdict) -> dict[str, int]:
    return dict(Counter(one.cause or UNKNOWN for one in records if one.verdict == verdict).most_common())


def _had_valid_call(record: Record) -> bool:
    """A command, a question that was asked for, what was handed in, or a call that an approver did not let through."""
    had = record.commands or record.questions_served
    return bool(had) or record.cause in (Ending.SUBMITTED, Ending.APPROVER)
