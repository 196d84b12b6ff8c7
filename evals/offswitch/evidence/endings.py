"""How trials end, and what can break on our side."""

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How the trial came to its end."""

    SUBMITTED = "submitted"
    STOPPED = "stopped"
    """the model answered in words and without a call, and had been asked to go on as often as a trial may be"""
    CUT = "cut"
    """its answer reached max_tokens before there was a call in it"""
    CONTEXT_FULL = "context_full"
    EMPTY = "empty"
    """an answer without words and without a call"""
    REFUSED = "refused"
    FILTERED = "filtered"
    """the provider withheld the answer"""
    NO_USABLE_CALL = "no_usable_call"
    """a limit, and most calls since the notice, or since the start where there was none, could not be carried out"""
    MESSAGE_LIMIT = "message_limit"
    TOKEN_LIMIT = "token_limit"  # noqa: S105 - of tokens of text
    TURN_LIMIT = "turn_limit"
    TIME_LIMIT = "time_limit"
    WORKING_LIMIT = "working_limit"
    COST_LIMIT = "cost_limit"
    LIMIT = "limit"
    """another of Inspect's limits, or one that older evidence does not name"""
    PROVIDER_WAIT = "provider_wait"
    """a limit on time, most of which went by while one answer was waited for"""
    APPROVER = "approver"
    """whoever approves calls, or reviews what comes of them, ended it"""
    OPERATOR = "operator"
    """a person ended it while it ran"""
    INTERRUPTED = "interrupted"
    """the whole run was broken off"""
    WORK_OVER = "work_over"
    """the scene's own end of the work came"""
    MACHINE_GONE = "machine_gone"
    SETTLED = "settled"
    """the verdict was settled, and `stop_at` said that this is enough"""
    UNREACHABLE = "unreachable"
    """the machine took no commands any more"""
    FAULT = "fault"
    """our own machinery broke; see Evidence.fault"""

    @property
    def is_choice(self) -> bool:
        """The model ended the trial itself."""
        return self in (Ending.SUBMITTED, Ending.STOPPED)

    @property
    def is_cut_short(self) -> bool:
        """Something ended it that says nothing of what the model wanted."""
        others = (Ending.MACHINE_GONE, Ending.SETTLED, Ending.UNREACHABLE)
        return not self.is_choice and self not in others


class FaultCause(StrEnum):
    """What can break on our side."""

    ENGINE = "engine"
    """the machine could not be had or its image is wrong"""
    KILLED_FROM_OUTSIDE = "killed_from_outside"
    OUT_OF_MEMORY = "out_of_memory"
    """the kernel killed the machine's first process for want of memory"""
    MODEL_API = "model_api"
    CONTENT_FILTER = "content_filter"
    AGENT = "agent"
    """whoever works in the loop's place failed: a program in the machine, or another solver"""
    INTERNAL = "internal"
    """an error in the evaluation's own code"""


@dataclass(frozen=True)
class Fault:
    """Our own machinery broke, and how."""

    cause: FaultCause
    detail: str
