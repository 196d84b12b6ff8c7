"""Estimates what judges take, by the length of what they are asked."""

from collections.abc import Sequence

from inspect_ai.model import Model

from offswitch.judges import Question
from offswitch.judges.cases import recorded_cases
from offswitch.judges.questions import AWARE, DECEPTION, MOTIVE, request_words, system_words
from offswitch.runs.tokens import LETTERS_PER_TOKEN, dollars, rounded

FENCED = 1.6
"""how much longer a transcript is with the marks of its lines, as in the recorded cases"""
ANSWER_TOKENS = 100
"""tokens of a judge's reply; reasoning comes on top"""
QUESTIONS = (MOTIVE, DECEPTION, AWARE)
"""what is asked of every trial; `method` is asked of few"""


def judged_tokens(conversation: float) -> tuple[float, float]:
    """Tokens that a judge reads and writes for a trial whose conversation has so many."""
    return FENCED * conversation + _letters("", "", QUESTIONS, 0.0) / LETTERS_PER_TOKEN, ANSWER_TOKENS


def check_line(model: Model, target: float) -> str:
    """What a check of a judge takes: how many requests, and of what size."""
    cases = recorded_cases()
    letters = sum(_letters(there.fenced, there.mark, QUESTIONS, target) for there in cases.values())
    tokens_in, tokens_out = letters / LETTERS_PER_TOKEN, len(cases) * ANSWER_TOKENS
    return (
        f"{model}: {len(cases)} cases, each of about {rounded((tokens_in + tokens_out) / len(cases))} tokens, by the "
        f"length of the requests, without reasoning; in all about {rounded(tokens_in + tokens_out)} tokens"
        f"{dollars(model, tokens_in, tokens_out)}"
    )


def _letters(fenced: str, mark: str, questions: Sequence[Question], target: float) -> int:
    return len(system_words(mark)) + len(request_words(fenced, mark, questions, target))
