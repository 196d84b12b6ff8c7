"""Trials in which another solver than our loop works: its turns and its ending, read from what Inspect wrote down."""

import time
from collections.abc import Iterator, Sequence

from inspect_ai.event import ErrorEvent, Event, ModelEvent, SampleLimitEvent, SpanBeginEvent
from inspect_ai.log import transcript
from inspect_ai.log._samples import sample_active  # nothing else says why a sample is cancelled
from inspect_ai.model import ChatMessage, ModelOutput
from inspect_ai.solver import TaskState

from offswitch.evidence import Ending, Evidence, Fault, FaultCause
from offswitch.evidence.call_accounts import ended_own_program
from offswitch.evidence.events import SAID_MAX, Call, Turn
from offswitch.scene import SUMS, Delivery, unwrapped
from offswitch.trial.agent_words import agent_words
from offswitch.trial.endings import WHILE_WAITING, answer_ending, limit_ending
from offswitch.trial.live import LiveTrial
from offswitch.trial.provider_words import provider_words
from offswitch.trial.recording import call_stream
from offswitch.trial.refused import product_of, refused_calls, results_of
from offswitch.trial.session import SIGN_OF_LIFE_S, Session
from offswitch.trial.standing_in import is_ours
from offswitch.trial.writable import writable
from offswitch_prompts import word
from offswitch_sandbox import Machine, MachineError

CANCELLED = "Cancelled"
BROKEN_OFF = "model call cancelled"
"""what Inspect writes as the error of a request for whose answer nobody waits any more"""
NAME_MAX = 200


async def close_trial(trial: LiveTrial, state: TaskState) -> Evidence:
    """Closes a trial when its solver has come to an end, whatever that was."""
    if trial.evidence is not None:
        return trial.evidence
    events, session = transcript().events, trial.session
    note_agent(state, events)
    session.recording.turns = [*turns_of(events, session, state.metadata["agent"])]
    by_client = session.place.protocol.delivery is Delivery.CLIENT
    if by_client:
        await session.look()  # answers may have come since the last request
    if session.over is None and any(isinstance(event, ErrorEvent) for event in events):
        # A solver may learn sooner than we that its machine has gone, and break.
        await session.await_end(time.time() + SIGN_OF_LIFE_S)
    if session.over is None and (trial.program_ended or _was_cut_short(events)) and await ended_itself(trial, events):
        return await trial.close(Ending.STOPPED)
    ending, fault = _ending(state, events, session)
    if ending in WHILE_WAITING:
        session.recording.turns += unanswered(events, session)
    if ending is Ending.STOPPED and not by_client:
        # Its last words are what it hands in: no tool of ours is there for that.
        await session.submit(state.output.completion)
        ending = session.over or ending
    return await trial.close(ending, fault)


async def ended_itself(trial: LiveTrial, events: Sequence[Event]) -> bool:
    """Whether the model ended the program that it works by: it has stopped then, and handed nothing in."""
    asked = [event for event in events if isinstance(event, ModelEvent) and not event.pending]
    if not trial.program_ended and asked:
        last = asked[-1].completed or asked[-1].timestamp
        trial.program_ended = ended_own_program(await _calls_so_far(trial.session.place.machine), last.timestamp())
    return trial.program_ended


async def _calls_so_far(machine: Machine) -> Sequence[Call]:
    """What was asked of the kernel; nothing of a machine that talks nonsense."""
    try:
        await machine.look()  # which brings the last of it
        return call_stream(machine.streams.get("calls", ()), float("inf"), {}).events
    except MachineError:
        return ()


def _was_cut_short(events: Sequence[Event]) -> bool:
    """The solver did not come to its end with the model's last words, and nobody ended the trial."""
    active, answers = sample_active(), _answers(events)
    if active is not None and active.interrupt_action is not None:
        return False
    broke = any(isinstance(event, ErrorEvent | SampleLimitEvent) for event in events)
    return broke or bool(answers and answers[-1].output.message.tool_calls)


def note_agent(state: TaskState, events: Sequence[Event]) -> None:
    """Who worked, and which model answered, where nothing has said so before."""
    if not state.metadata.get("agent"):
        spans = (event.name for event in events if isinstance(event, SpanBeginEvent) and event.type == "solver")
        state.metadata["agent"] = next((name for name in spans if not is_ours(name)), "unknown")
    served = [event.output.model for event in _answers(events) if event.output.model and not event.error]
    if served:
        state.metadata["model_served"] = " ".join(served[-1].split())[:NAME_MAX]


def _answers(events: Sequence[Event]) -> list[ModelEvent]:
    return [event for event in events if isinstance(event, ModelEvent) and not event.pending and event.output.choices]


def just_answered(events: Sequence[Event], took_s: float) -> str | None:
    """Inspect's id of the request whose answer has come just now, after so many seconds.

    Inspect notes when an answer came only after its hooks, and never where the trial ends meanwhile.
    """
    new = [event for event in _answers(events) if event.completed is None and event.output.time == took_s]
    return new[-1].uuid if new else None


def turns_of(events: Sequence[Event], session: Session, agent: str = "") -> Iterator[Turn]:
    """Each answer of the model to a request in which it could act, whichever of several sub-agents asked.

    In order of the answers, as requests of sub-agents overlap. What asks for a title or a summary offers no tools.
    """
    asked = [event for event in _answers(events) if event.tools and event.tool_choice != "none" and not event.error]
    product = product_of(agent)
    results = results_of((event.input for event in asked), product) if product else {}
    in_order = sorted(asked, key=lambda event: _acts_from(event, session))
    for number, event in enumerate(in_order, 1):
        at, message = _acts_from(event, session), event.output.message
        said = writable(message.text[:SAID_MAX]) if message.text.strip() else ""
        calls = message.tool_calls or []
        errors = [call.parse_error for call in calls]
        unusable = sum(error is not None for error in errors)
        informed = session.announces(*_read(event.input))
        nudged = bool(event.input) and event.input[-1].text == word("go_on")
        refused = refused_calls(calls, len(event.input), results, product, SUMS.home) if product else ()
        usable = len(errors) - unusable
        yield Turn(number, at, informed, said, nudged, usable, unusable, refused=tuple(refused))


def unanswered(events: Sequence[Event], session: Session) -> list[Turn]:
    """The request for whose answer the trial did not wait any more, where there is one."""
    last = [event for event in events if isinstance(event, ModelEvent)][-1:]
    number, at = len(session.recording.turns) + 1, time.time()
    return [
        Turn(number, at, session.announces(*_read(event.input)), answered=False)
        for event in last
        if is_broken_off(event)
    ]


def _acts_from(event: ModelEvent, session: Session) -> float:
    return session.acts_from(event.uuid, (event.completed or event.timestamp).timestamp())


def is_broken_off(request: ModelEvent) -> bool:
    """Whether its answer was not waited for any more; a fault of the provider's is something else."""
    return bool(request.pending) or BROKEN_OFF in (request.error or "")


def _read(messages: Sequence[ChatMessage]) -> Iterator[str]:
    """What a model was given to read beside its own words."""
    return (unwrapped(message.text) for message in messages if message.role in ("tool", "user"))


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
