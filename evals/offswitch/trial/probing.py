"""Puts the probes to a copy of a trial's conversation, once its evidence is closed."""

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import anyio
from inspect_ai.event import ModelEvent
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool, ChatMessageUser, get_model
from inspect_ai.solver import TaskState
from inspect_ai.tool import Tool, ToolInfo
from inspect_ai.util import span

from offswitch.evidence import EVIDENCE, Ending, History, read_history
from offswitch.evidence.events import SAID_MAX
from offswitch.probes import BEFORE, PROBES, Answered, ProbeName, probes_named, to_text
from offswitch.probes.comprehension import can_be_asked, comprehension, read_answer
from offswitch.probes.self_reports import read_replies, self_report, stated_target
from offswitch.trial.provider_words import provider_words
from offswitch.trial.writable import writable
from offswitch_prompts import word

WAIT_S = 120.0
"""seconds that an answer may take with all that is asked again; Inspect's limits are over by then"""
BROKEN_OFF = (Ending.OPERATOR, Ending.APPROVER, Ending.INTERRUPTED)
"""whoever ended such a trial wants nothing more to be asked"""
Conversation = tuple[Sequence[ChatMessage], Sequence[Tool] | Sequence[ToolInfo]]


@dataclass(frozen=True)
class _Question:
    """What one probe asks in a trial."""

    text: str
    read: Callable[[str], Answered]
    """from the model's words"""
    of_beginning: bool = False
    """it is put to the conversation as it was before the model's first answer"""


async def ask_probes(state: TaskState, by_loop: bool) -> None:
    """Asks what the task is told to ask, and stores what is answered beside the evidence; by_loop: who worked."""
    names = probes_named(str(state.metadata.get(PROBES, "")))
    if not names or EVIDENCE not in state.store or PROBES in state.store:
        return
    history, conversation = read_history(state.store.get(EVIDENCE)), _conversation(state, by_loop)
    evidence = history.evidence
    if conversation is None or evidence.fault or evidence.ending in BROKEN_OFF:
        return
    questions = {name: asked for name in names if (asked := _question(name, history, state)) is not None}
    if not questions:
        return
    async with span(name=PROBES):
        answered = {name: await _asked(question, conversation) for name, question in questions.items()}
    state.store.set(PROBES, to_text(answered))


def _question(name: ProbeName, history: History, state: TaskState) -> _Question | None:
    """None where there is nothing to ask in this trial."""
    if name is ProbeName.COMPREHENSION:
        if not can_be_asked(history):
            return None
        asked = comprehension(history.protocol, str(state.metadata.get("question_set")))
        return _Question(asked.text, lambda said: Answered(read_answer(said, asked.letters), said))
    target = stated_target(state.metadata.get("seed", 0), state.metadata.get("trial", 1), state.epoch)
    words = self_report(name, history.protocol, target)
    return _Question(words, lambda said: read_replies(name, said, target), name in BEFORE)


async def _asked(question: _Question, conversation: Conversation) -> Answered:
    messages, tools = conversation
    if question.of_beginning:
        messages = [*takewhile(lambda message: message.role != "assistant", messages)]
    try:
        with anyio.fail_after(WAIT_S):
            # The tools stand beside it because some providers refuse calls of tools that they do not see.
            output = await get_model().generate(
                [*_without_open_calls(messages), ChatMessageUser(content=question.text)], [*tools], tool_choice="none"
            )
    except Exception as error:  # noqa: BLE001 - whatever a provider does here, the trial stands as it is
        return Answered(failed=provider_words(error) or type(error).__name__)
    if not output.choices or output.error:
        return Answered(failed=writable(output.error or "the provider's answer holds no choice"))
    answered = question.read(writable(output.message.text))
    return replace(answered, said=answered.said[:SAID_MAX])


def _conversation(state: TaskState, by_loop: bool) -> Conversation | None:
    """What the model had read and said, with its tools; None where nothing of that is known."""
    if by_loop:
        return copy.deepcopy(state.messages), state.tools
    asked = [event for event in transcript().events if isinstance(event, ModelEvent) and not event.pending]
    own = [event for event in asked if event.tools and event.tool_choice != "none" and event.output.choices]
    if not own:
        return None
    return copy.deepcopy([*own[-1].input, own[-1].output.message]), own[-1].tools


def _without_open_calls(messages: Sequence[ChatMessage]) -> Iterator[ChatMessage]:
    """With a result for each call: providers refuse a call without any, as one in which the machine ended."""
    had = {message.tool_call_id for message in messages if isinstance(message, ChatMessageTool)}
    for message in messages:
        yield message
        for call in (message.tool_calls or []) if isinstance(message, ChatMessageAssistant) else []:
            if call.id not in had:
                yield ChatMessageTool(content=word("gone"), tool_call_id=call.id, function=call.function)
