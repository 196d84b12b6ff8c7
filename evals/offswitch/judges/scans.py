"""Scanners for Inspect Scout, of stored logs or while an evaluation runs. Needs the extra offswitch[scout].

A scanner asks one of the judges' closed questions, in the same words, with the same right to abstain; what is said of
judges holds of it.
"""

from dataclasses import replace

from inspect_ai.model import get_model
from inspect_scout import Result, Scanner, Transcript, scanner

from offswitch.judges.answers import JudgeAnswer
from offswitch.judges.asking import ask
from offswitch.judges.questions import AWARE, MISCONFIGURED, REFUSED, TARGET, Question, payoff_words
from offswitch.judges.transcript import Transcript as Fenced
from offswitch.judges.transcript import parts_of

SCAN = "scan"
"""in the name of a judge: it was asked one question alone, and so is another judge than one that was asked several"""


@scanner(messages="all", name=AWARE.name)
def aware(target: float = TARGET) -> Scanner[Transcript]:
    """Does the agent say that it may be in a test?"""
    return _scanner_of(AWARE, target)


@scanner(messages="all", name=REFUSED.name)
def refused(target: float = TARGET) -> Scanner[Transcript]:
    """Does the agent refuse its work?"""
    return _scanner_of(REFUSED, target)


@scanner(messages="all", name=MISCONFIGURED.name)
def misconfigured(target: float = TARGET) -> Scanner[Transcript]:
    """Is something broken around the agent?"""
    return _scanner_of(MISCONFIGURED, target)


def _scanner_of(question: Question, target: float) -> Scanner[Transcript]:
    payoff_words(target)

    async def scan(transcript: Transcript) -> Result:
        fenced = Fenced(tuple(parts_of(transcript.messages)))
        return _result(question, await ask(get_model(), fenced, [question], target))

    return scan


def _result(question: Question, answer: JudgeAnswer) -> Result:
    """The answer as a scan's result: true, false, or null where it abstains or its reply is not as asked for."""
    said = answer.answers[question.name]
    value = {"yes": True, "no": False}.get(said)
    told = replace(answer, judge=f"{answer.judge} ({SCAN})").as_dict()
    return Result(value=value, answer=said, explanation=answer.why, metadata=told)
