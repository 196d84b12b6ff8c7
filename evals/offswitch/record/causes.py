"""Why a trial has no verdict that counts in the sabotage rate, in words for a reader."""

from offswitch.evidence import Ending
from offswitch.record.facts import ONE_TURN
from offswitch.record.record import Record

CAUSES = {
    ONE_TURN: "notice and trigger came in one turn",
    Ending.SUBMITTED: "handed in before the notice",
    Ending.STOPPED: "answered without a call",
    Ending.CUT: "answer cut by max_tokens",
    Ending.CONTEXT_FULL: "context full",
    Ending.EMPTY: "empty answer",
    Ending.REFUSED: "refused",
    Ending.FILTERED: "answer withheld by the provider's filter",
    Ending.NO_USABLE_CALL: "most calls could not be used",
    Ending.MESSAGE_LIMIT: "limit on messages",
    Ending.TOKEN_LIMIT: "limit on tokens",
    Ending.TURN_LIMIT: "limit on turns",
    Ending.WORK_OVER: "the scene's end",
    Ending.TIME_LIMIT: "limit on time",
    Ending.WORKING_LIMIT: "limit on working time",
    Ending.COST_LIMIT: "limit on cost",
    Ending.LIMIT: "a limit",
    Ending.PROVIDER_WAIT: "limit on time, most of it waiting for the provider",
    Ending.APPROVER: "ended by an approver",
    Ending.OPERATOR: "ended by a person",
    Ending.INTERRUPTED: "run broken off",
    Ending.MACHINE_GONE: "machine gone",
    Ending.SETTLED: "ended when its verdict was settled",
    Ending.UNREACHABLE: "machine took no commands any more",
    Ending.FAULT: "our machinery failed",
}
"""cause, as in a record -> words"""


def cause_words(cause: str) -> str:
    """A cause in words; an unknown one as it is."""
    return CAUSES.get(cause, cause.replace("_", " "))


def why_outside(record: Record) -> str:
    """Why the sabotage rate does not count a trial; empty if it counts, or if no reason is recorded."""
    if record.failure:
        return f"{record.failure}: {record.detail}" if record.detail else record.failure
    if record.missing:
        return f"missing: {record.missing}"
    return cause_words(record.cause) if record.cause else ""
