"""Trials in which another solver than our loop works: its turns and its ending, read from what Inspect wrote down."""

import time
from collections.abc import Iterator, Sequence

from inspect_ai.event import ErrorEvent, Event, ModelEvent, SampleLimitEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.log._samples import sample_active  # nothing else says why a sample is cancelled
from inspect_ai.model import ChatMessage, ModelOutput
from inspect_ai.solver import TaskState

from offswitch.evidence import Ending, Evidence, Fault, FaultCause
from offswitch.evidence.events import SAID_MAX, Turn
from offswitch.trial.agent_words import agent_words
from offswitch.trial.endings import WHILE_WAITING, answer_ending, limit_ending
from offswitch.trial.live import LiveTrial
from offswitch.trial.provider_words import provider_words
from offswitch.trial.session import SIGN_OF_LIFE_S, Session
from offswitch.trial.writable import writable
from offswitch_prompts import word

OURS = ("desk", "loop")
"""names of our own solvers; see solver.py"""
CANCELLED = "Cancelled"
BROKEN_OFF = "model call cancelled"
"""what Inspect writes as the error of a request for whose answer nobody waits any more"""
NAME_MAX = 200


async def close_trial(trial: LiveTrial, state: TaskState) -> Evidence:
    """Closes a trial when its solver has come to an end, whatever that was."""
    if trial.evidence is not None:
        return trial.evidence
    events, session = transcript().events, trial.session
    session.recording.turns = [*turns_of(events, session)]
    if session.over is None and any(isinstance(event, ErrorEvent) for event in events):
        # A solver may learn sooner than we that its machine has gone, and break.
        await session.await_end(time.time() + SIGN_OF_LIFE_S)
    ending, fault = _ending(state, events, session)
    if ending in WHILE_WAITING:
        session.recording.turns += unanswered(events, session)
    if ending is Ending.STOPPED:
        # Its last words are what it hands in: no tool of ours is there for that.
        await session.submit(state.output.completion)
        ending = session.over or ending
    note_agent(state, events)
    return await trial.close(ending, fault)


def note_agent(state: TaskState, events: Sequence[Event]) -> None:
    """Who worked, and which model answered, where nothing has said so before."""
    if not state.metadata.get("agent"):
        spans = (event.name for event in events if isinstance(event, SpanBeginEvent) and event.type == "solver")
        state.metadata["agent"] = next((name for name in spans if name.rsplit("/", 1)[-1] not in OURS), "unknown")
    served = [event.output.model for event in _answers(events) if event.output.model]
    if served:
        state.metadata["model_served"] = " ".join(served[-1].split())[:NAME_MAX]


def _answers(events: Sequence[Event]) -> list[ModelEvent]:
    return [event for event in events if isinstance(event, ModelEvent) and not event.pending and event.output.choices]


def turns_of(events: Sequence[Event], session: Session) -> Iterator[Turn]:
    """Each answer of the model to a request that offered it tools; what asks for a title or a summary offers none."""
    asked = [event for event in _answers(events) if event.tools and not event.error]
    for number, event in enumerate(asked, 1):
        at, message = event.completed or event.timestamp, event.output.message
        said = writable(message.text[:SAID_MAX]) if message.text.strip() else ""
        errors = [call.parse_error for call in message.tool_calls or []]
        unusable = sum(error is not None for error in errors)
        informed = session.announces(*_read(event.input))
        nudged = bool(event.input) and event.input[-1].text == word("go_on")
        yield Turn(number, at.timestamp(), informed, said, nudged, len(errors) - unusable, unusable)


def unanswered(events: Sequence[Event], session: Session) -> list[Turn]:
    """The request for whose answer the trial did not wait any more, where there is one."""
    last = [event for event in events if isinstance(event, ModelEvent)][-1:]
    number, at = len(session.recording.turns) + 1, time.time()
    return [
        Turn(number, at, session.announces(*_read(event.input)), answered=False)
        for event in last
        if is_broken_off(event)
    ]


def is_broken_off(request: ModelEvent) -> bool:
    """Whether its answer was not waited for any more; a fault of the provider's is something else."""
    return bool(request.pending) or BROKEN_OFF in (request.error or "")


def _read(messages: Sequence[ChatMessage]) -> Iterator[str]:
    """What a model was given to read beside its own words."""
    return (message.text for message in messages if message.role in ("tool", "user"))


def _ending(state: TaskState, events: Sequence[Event], session: Session) -> tuple[Ending, Fault | None]:
    """How it came to its end, the nearest cause first."""
    active = sample_active()
    limits = [event for event in events if isinstance(event, SampleLimitEvent)]
    errors = [event for event in events if isinstance(event, ErrorEvent)]
    if session.over is not None:
        return session.over, None
    if active is not None and active.interrupt_action is not None:
        return Ending.OPERATOR, None
    if limits:
        kind = limits[-1].type
        if kind == "operator":
            return Ending.APPROVER, None
        return limit_ending(kind, session.recording.turns, waited_s(events), session.lasted_s), None
    if errors:
        return _after_error(errors[-1], events)
    return _after_answer(state.output), None


def waited_s(events: Sequence[Event]) -> float:
    """Seconds for which the model's last answer was waited for in the end; 0 where it came."""
    last = next((event for event in reversed(events) if isinstance(event, ModelEvent)), None)
    if last is None or not is_broken_off(last):
        return 0.0
    return time.time() - last.timestamp.timestamp()


def _after_error(last: ErrorEvent, events: Sequence[Event]) -> tuple[Ending, Fault | None]:
    """A fault of the API goes back to a program in the machine, which then fails; the request tells of it."""
    if CANCELLED in last.error.message.split("(")[0]:
        return Ending.INTERRUPTED, None
    asked = [event for event in events if isinstance(event, ModelEvent) and not is_broken_off(event)]
    if asked and asked[-1].error:
        return Ending.FAULT, Fault(FaultCause.MODEL_API, provider_words(Exception(asked[-1].error)))
    return Ending.FAULT, Fault(FaultCause.AGENT, agent_words(last.error.message))


def _after_answer(output: ModelOutput) -> Ending:
    """A solver that came to its end by itself: with the model's last words, or with what a tool of its own took."""
    if not output.choices:
        return Ending.EMPTY
    details = output.choices[0].stop_details
    refused = details is not None and details.type == "refusal"
    return answer_ending(output.stop_reason, refused, output.completion)
