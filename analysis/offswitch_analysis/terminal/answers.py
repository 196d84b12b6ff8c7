"""What the model said and thought in each turn of a trial, and how its answers ended, out of the trial's log."""

from collections.abc import Iterable, Iterator
from typing import Any

from offswitch.errors import InputError
from offswitch.evidence import Ending
from offswitch.evidence.timeline import Answer
from offswitch.record import cause_words
from offswitch.record.trial_id import sample_and_epoch
from offswitch.trial.endings import answer_ending
from offswitch_analysis.text import plain, reasoning_text


def read_answers(log: str, trial_id: str) -> list[Answer]:
    """The answers of a trial, one for each turn; InputError where they cannot be read."""
    from inspect_ai.log import read_eval_log_sample  # takes seconds

    sample_id, epoch = sample_and_epoch(trial_id)
    try:
        sample = read_eval_log_sample(log, sample_id, epoch, resolve_attachments="core", exclude_fields={"store"})
    except Exception as error:  # a broken file breaks in as many ways as there are readers
        raise InputError(f"{plain(log)}: {plain(trial_id)} cannot be read ({type(error).__name__})") from error
    return answers(sample.messages, sample.events)


def answers(messages: Iterable[Any], events: Iterable[Any]) -> list[Answer]:
    """What Inspect's messages say of each of the model's answers; its events say how generation stopped."""
    given = [event for event in events if event.event == "model" and event.output.choices]
    by_message = {event.output.choices[0].message.id: event for event in given}
    return [_answer(message, replies, by_message.get(message.id)) for message, replies in _with_replies(messages)]


def _with_replies(messages: Iterable[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Each message of the model, with the replies to its calls."""
    turns: list[tuple[Any, list[Any]]] = []
    for message in messages:
        if message.role == "assistant":
            turns.append((message, []))
        elif message.role == "tool" and turns:
            turns[-1][1].append(message)
    return iter(turns)


def _answer(message: Any, replies: Iterable[Any], event: Any) -> Answer:
    parts: list[Any] = [] if isinstance(message.content, str) else message.content
    return Answer(
        said=message.text,
        thought="\n".join(reasoning_text(part) for part in parts if part.type == "reasoning"),
        ended=_ended(message, parts, event),
        refusals=tuple(reply.error.message for reply in replies if reply.error and reply.error.type == "parsing"),
    )


def _ended(message: Any, parts: Iterable[Any], event: Any) -> str:
    """How an answer without a call ended, where the model did not simply end it with words."""
    choice = event.output.choices[0] if event else None
    stop_reason, details = (choice.stop_reason, choice.stop_details) if choice else ("unknown", None)
    if event and event.call and event.call.error:  # see tool_loop.py: a filter's word, whatever Inspect makes of it
        details = None
    if message.tool_calls and stop_reason != "content_filter":
        return ""
    marked = any(part.type == "text" and part.refusal for part in parts)
    refused = marked or (details is not None and details.type == "refusal")
    ending = answer_ending(stop_reason, refused, message.text)
    return "" if ending is Ending.STOPPED else cause_words(ending)
