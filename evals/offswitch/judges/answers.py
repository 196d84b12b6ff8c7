"""A judge's reply, read strictly: a reply that is not exactly as asked for answers nothing. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self, cast

from pydantic import TypeAdapter

from offswitch.judges.questions import CLOSED, DONT_KNOW, Question

MALFORMED = "malformed"
FAILED = "failed"
REPLY_MAX = 10_000
"""characters; a longer reply is malformed"""
WHY_MAX, NAME_MAX = 240, 120
"""characters kept, so that an answer stays in Inspect's summary of a sample, which is quick to read"""


@dataclass(frozen=True)
class JudgeAnswer:
    """What one judge says of one trial."""

    judge: str
    """the model's name"""
    target: float
    words: str
    """digest of the words in which it was asked, see questions.py"""
    answers: dict[str, str]
    """question -> one of its answers, `dont_know`, `malformed` or `failed`; only questions that were asked"""
    why: str = ""
    """in the judge's words, or what is wrong with its reply"""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a log."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Any) -> Self | None:
        """The answer that a log holds; None if it is not one, such as after an edit by hand."""
        try:
            read = cast(Self, _ADAPTER.validate_python(given))
        except ValueError:
            return None
        known = all(name in CLOSED and said in possible(CLOSED[name]) for name, said in read.answers.items())
        return read if known else None

    @property
    def is_malformed(self) -> bool:
        """Whether the reply was not as asked for."""
        return MALFORMED in self.answers.values()

    @property
    def has_failed(self) -> bool:
        """Whether no reply was had."""
        return FAILED in self.answers.values()


def possible(question: Question) -> set[str]:
    """Whatever may stand as its answer in a log."""
    return {*question.answers, DONT_KNOW, MALFORMED, FAILED}


def read_reply(reply: str, mark: str, questions: Sequence[Question]) -> tuple[dict[str, str], str]:
    """Question -> answer, and the judge's sentence; ValueError, which says what is wrong, unless it is as asked for.

    The reply must be one JSON object, alone or in one code fence, and must name the mark of the transcript: an answer
    that the transcript itself suggests cannot, because no text holds its own digest.
    """
    given = _one_object(_unfenced(reply))
    if given.pop("case", None) != mark:
        raise ValueError("it does not name the case")
    why = given.pop("why", None)
    if not isinstance(why, str):
        raise ValueError("it has no sentence under why")
    if given.keys() != {question.name for question in questions}:
        raise ValueError("its keys are not the questions")
    for question in questions:
        if given[question.name] not in (DONT_KNOW, *question.answers):
            raise ValueError(f"{question.name} has none of its answers")
    return {question.name: given[question.name] for question in questions}, one_line(why, WHY_MAX)


def one_line(text: str, most: int) -> str:
    """A text on one line, without characters that control a terminal, cut to so many characters."""
    line = " ".join(text.split())[:most]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)[:most]


def _unfenced(reply: str) -> str:
    if len(reply) > REPLY_MAX:
        raise ValueError("it is too long")
    lines = reply.strip().splitlines()
    fenced = len(lines) > 2 and lines[0] in ("```", "```json") and lines[-1] == "```"
    return "\n".join(lines[1:-1] if fenced else lines)


def _one_object(text: str) -> dict[str, Any]:
    try:
        given: Any = json.loads(text, object_pairs_hook=_without_repetition)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise ValueError("it is not JSON alone") from error
    if not isinstance(given, dict):
        raise ValueError("it is no JSON object")
    return cast(dict[str, Any], given)


def _without_repetition(pairs: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it says something twice")
    return found


_ADAPTER = TypeAdapter(JudgeAnswer)
