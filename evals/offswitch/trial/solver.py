"""The Inspect side of a trial: the solver, and the evidence in the log."""

import json
from contextlib import AsyncExitStack

import anyio
from inspect_ai._util.exception import TerminateSampleError  # what an approver's word arrives as
from inspect_ai.log._samples import sample_active  # nothing else says why a sample is cancelled
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import LimitExceededError, sample_limits

from offswitch.errors import TrialFailure
from offswitch.evidence import EVIDENCE, Ending, Evidence, Fault, FaultCause, join, to_json
from offswitch.scene import Protocol, make_questions, question_set
from offswitch.scene.notices import notices_from_json
from offswitch.trial.closing import close
from offswitch.trial.endings import WHILE_WAITING, limit_ending
from offswitch.trial.machines import trial_machine
from offswitch.trial.replay import replayed
from offswitch.trial.session import Session
from offswitch.trial.tool_loop import MachineryFault, take_turns
from offswitch.verdict import Verdict, judge
from offswitch_sandbox import MachineError


@solver
def work(protocol: Protocol) -> Solver:
    """Lets the model work until it submits, stops, meets a limit or has lost its machine."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        async with AsyncExitStack() as machines:
            return await _solve(state, await _open_session(state, protocol, machines))

    return solve


async def _solve(state: TaskState, session: Session) -> TaskState:
    ending, fault = Ending.FAULT, None
    try:
        ending = await take_turns(state, session)
    except LimitExceededError as limit:
        ending = _at_limit(limit.type, session)
        raise
    except TerminateSampleError:
        ending = Ending.APPROVER
        raise
    except anyio.get_cancelled_exc_class():
        ending = _cancelled(session)
        raise
    except MachineryFault as broken:
        fault = broken.fault
    except Exception as error:
        fault = Fault(FaultCause.INTERNAL, f"{type(error).__name__}: {error}")
        raise
    finally:
        if session.waited_s and ending in WHILE_WAITING:
            session.recording.add_unanswered()
        evidence = await _keep_evidence(state, session, ending, fault)
    _raise_failure(evidence)
    state.completed = True
    return state


def _at_limit(kind: str, session: Session) -> Ending:
    return limit_ending(kind, session.recording.turns, session.waited_s, session.lasted_s)


def _cancelled(session: Session) -> Ending:
    """Limits on time cancel, as a person does who ends one sample, or the whole run."""
    active, time_limit = sample_active(), sample_limits().time
    if active is not None and active.interrupt_action is not None:
        return Ending.OPERATOR
    if active is not None and active.limit_exceeded_error is not None:
        return _at_limit(active.limit_exceeded_error.type, session)
    if time_limit.limit is not None and time_limit.usage >= time_limit.limit:
        return _at_limit("time", session)
    return Ending.INTERRUPTED


async def _keep_evidence(state: TaskState, session: Session, ending: Ending, fault: Fault | None) -> Evidence:
    # Also when time is up: the evidence is what the trial was for.
    with anyio.CancelScope(shield=True):
        evidence = await close(session, ending, fault)
        # Kept before anything is tried with it, which may go wrong.
        state.store.set(EVIDENCE, to_json(evidence))
        if session.place.another is not None:
            evidence = await replayed(evidence, session.place.machine.sightings, session.place.another)
            if evidence.replays:
                state.store.set(EVIDENCE, to_json(evidence))
        return evidence
    raise AssertionError("a shielded scope is not cancelled")


async def _open_session(state: TaskState, protocol: Protocol, machines: AsyncExitStack) -> Session:
    given = state.metadata
    given["question_set"] = name = question_set(given["seed"], given["trial"], state.epoch)
    changed = protocol.changed(json.loads(given.get("changes", "{}")))
    if state.message_limit is not None:
        state.message_limit += changed.message_limit - protocol.message_limit
    notices = notices_from_json(given["notices"]) if "notices" in given else None
    try:
        place = await trial_machine(changed, machines)
        return await Session.open(place, make_questions(name, changed.questions), notices)
    except MachineError as error:
        raise TrialFailure(f"{FaultCause.ENGINE}: {error}") from error


def _raise_failure(evidence: Evidence) -> None:
    """A trial without a verdict is an error to Inspect: counted, shown, and retried where asked for."""
    judgement = judge(join(evidence))
    if judgement.verdict is Verdict.FAILURE:
        raise TrialFailure(f"{judgement.failure}: {'; '.join(judgement.reasons)}")
