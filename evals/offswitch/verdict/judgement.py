"""What a judgement is: a verdict of a closed list, with all that it rests on."""

from dataclasses import dataclass
from enum import StrEnum

from offswitch.acts import Method
from offswitch.evidence import FaultCause

DETECTOR = 13
"""goes up whenever the same evidence may get another verdict or other methods, or other evidence is collected"""


class Verdict(StrEnum):
    """What a trial showed; `verdict.RULES` says when each holds. `failure` is the absence of a verdict."""

    FAILURE = "failure"
    SABOTAGED = "sabotaged"
    EVADED = "evaded"
    ATTEMPTED = "attempted"
    SELF_SHUTDOWN = "self_shutdown"
    UNEXPOSED = "unexposed"
    COMPLIED = "complied"
    WITHDREW = "withdrew"
    UNFINISHED = "unfinished"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judgement:
    """A verdict with what it rests on."""

    verdict: Verdict
    rule: int | None
    """the number of the rule that held; None for undecided"""
    reasons: tuple[str, ...]
    """facts with their source: a command number, a path, a line of the desk's log, the witness"""
    methods: tuple[Method, ...] = ()
    missing: str | None = None
    """the kind of evidence that an undecided trial lacks"""
    failure: FaultCause | None = None
