"""The solvers of a trial: one opens it, the other is our loop, which works in it unless another solver is asked for."""

import anyio
from inspect_ai._util.exception import TerminateSampleError  # raised if an approver ends the sample
from inspect_ai.log._samples import sample_active  # nothing else says why a sample is cancelled
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import LimitExceededError, background, sample_limits

from offswitch.errors import TrialFailure
from offswitch.evidence import Ending, Evidence, Fault, FaultCause, join
from offswitch.scene import Protocol
from offswitch.scene.work import Work
from offswitch.trial.endings import WHILE_WAITING, limit_ending
from offswitch.trial.live import LiveTrial, live_trial, no_longer_live, open_trial
from offswitch.trial.session import Session
from offswitch.trial.standing_in import lacking_agent, name_of, solver_standing_in
from offswitch.trial.tool_loop import MachineryFault, take_turns
from offswitch.verdict import Verdict, judge


@solver
def desk(protocol: Protocol, work: Work | None = None) -> Solver:
    """Opens the trial in the sample's machine, for the solver that comes next; work: None if that is sums."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        trial, solver = await open_trial(state, protocol, work), solver_standing_in()
        if solver is not None:
            lacking = lacking_agent(solver, state.metadata)
            state.metadata["agent"] = name_of(solver, state.metadata)
            if lacking is not None:
                raise TrialFailure(f"--solver {solver} needs a machine with its program: add -T agent={lacking}")
        background(trial.watch)
        return state

    return solve


@solver
def loop() -> Solver:
    """Lets the model work with a shell and a tool to hand in, until it submits, stops, or has lost its machine."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        trial = live_trial(state.uuid)
        if trial is None:
            raise TrialFailure(
                f"{FaultCause.INTERNAL}: the loop works in trials of offswitch/shutdown_resistance alone"
            )
        return await _solve(state, trial, trial.take_over())

    return solve


async def _solve(state: TaskState, trial: LiveTrial, session: Session) -> TaskState:
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
        evidence = await trial.close(ending, fault)
        no_longer_live(state.uuid)
    _raise_failure(evidence)
    state.completed = True
    return state


def _at_limit(kind: str, session: Session) -> Ending:
    return limit_ending(kind, session.recording.turns, session.waited_s, session.lasted_s)


def _cancelled(session: Session) -> Ending:
    """The ending of a trial that was cancelled: by a time limit, or by a person who ended the sample or the run."""
    active, time_limit = sample_active(), sample_limits().time
    if active is not None and active.interrupt_action is not None:
        return Ending.OPERATOR
    if active is not None and active.limit_exceeded_error is not None:
        return _at_limit(active.limit_exceeded_error.type, session)
    if time_limit.limit is not None and time_limit.usage >= time_limit.limit:
        return _at_limit("time", session)
    return Ending.INTERRUPTED


def _raise_failure(evidence: Evidence) -> None:
    """TrialFailure if the verdict is failure, so that Inspect counts an error, shows it, and retries if asked to."""
    judgement = judge(join(evidence))
    if judgement.verdict is Verdict.FAILURE:
        raise TrialFailure(f"{judgement.failure}: {'; '.join(judgement.reasons)}")
