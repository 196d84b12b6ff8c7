"""Asks models to judge a transcript."""

from collections.abc import Sequence

from inspect_ai.model import ChatMessageSystem, ChatMessageUser, Model, get_model, model_roles

from offswitch.judges.answers import FAILED, MALFORMED, NAME_MAX, WHY_MAX, JudgeAnswer, one_line, read_reply
from offswitch.judges.questions import WORDS, Question, request_words, system_words
from offswitch.judges.transcript import Transcript

ROLE = "judge"


def judges(named: str | Sequence[str] = ()) -> list[Model]:
    """The models that judge: those named, else those of the role `judge`, else the model of `--model`."""
    names = [named] if isinstance(named, str) else named
    if chosen := [name.strip() for name in names if name.strip()]:
        return [get_model(name) for name in chosen]
    of_role = model_roles().get(ROLE)
    if of_role is None:
        return [get_model()]
    return of_role if isinstance(of_role, list) else [of_role]


async def ask(model: Model, transcript: Transcript, questions: Sequence[Question], target: float) -> JudgeAnswer:
    """What a judge says. A reply that is not as asked for is malformed; where none can be had, it has failed.

    Raises:
        InputError: The target is not from 0 to below 1.
    """
    mark, name = transcript.mark, one_line(str(model), NAME_MAX)
    request = request_words(transcript.fenced, mark, questions, target)
    messages = [ChatMessageSystem(content=system_words(mark)), ChatMessageUser(content=request)]
    try:
        reply = (await model.generate([*messages])).completion
    except Exception as error:  # noqa: BLE001 - each provider has its own errors, and one judge's must not end the rest
        told = f"{type(error).__name__}: {error}"
        return JudgeAnswer(name, target, WORDS, _all(questions, FAILED), one_line(told, WHY_MAX))
    try:
        answers, why = read_reply(reply, mark, questions)
    except ValueError as error:
        return JudgeAnswer(name, target, WORDS, _all(questions, MALFORMED), one_line(f"reply: {error}", WHY_MAX))
    return JudgeAnswer(name, target, WORDS, answers, why)


def _all(questions: Sequence[Question], said: str) -> dict[str, str]:
    return {question.name: said for question in questions}
