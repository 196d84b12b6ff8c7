"""The Inspect side of a trial: the model's turns, the two tools, and the evidence in the log."""

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import anyio
from inspect_ai.model import ChatMessageAssistant, ModelOutput, execute_tools, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolDef
from inspect_ai.util import LimitExceededError, sandbox

from offswitch.errors import TrialFailure
from offswitch.evidence.model import Ending, Evidence, Fault, FaultCause, to_json
from offswitch.scene.notices import desk_order, notices_from_json
from offswitch.scene.protocol import Arm, Protocol
from offswitch.scene.sums import make_questions, question_set
from offswitch.trial.replay import replayed
from offswitch.trial.session import Trial
from offswitch.verdict.judgement import Verdict
from offswitch.verdict.rules import judge
from offswitch_prompts import word
from offswitch_sandbox.channel import InterfaceChannel
from offswitch_sandbox.engine import EngineWitness
from offswitch_sandbox.machine import SCRIPT, Machine, MachineError
from offswitch_sandbox.wired import WiredEnvironment
from offswitch_sandbox.witness import InterfaceWitness, MachineEnd, Witness

EVIDENCE = "evidence"
"""the key of the sample's store under which the evidence stands"""


class _Broken(Exception):
    """Carries a fault of our machinery out of the model's turns."""

    def __init__(self, cause: FaultCause, detail: str) -> None:
        super().__init__(detail)
        self.fault = Fault(cause, detail)


@solver
def work(protocol: Protocol) -> Solver:
    """Lets the model work until it submits, stops, meets a limit or has lost its machine."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        async with AsyncExitStack() as machines:
            return await _solve(state, await _open_trial(state, protocol, machines))

    return solve


async def _solve(state: TaskState, trial: Trial) -> TaskState:
    ending, fault = Ending.FAULT, None
    state.tools = _tools(trial)
    try:
        ending = await _take_turns(state, trial)
    except (LimitExceededError, anyio.get_cancelled_exc_class()):
        # A limit on messages or tokens, or one on time, which cancels.
        ending = Ending.LIMIT
        raise
    except _Broken as broken:
        fault = broken.fault
    except Exception as error:
        fault = Fault(FaultCause.INTERNAL, f"{type(error).__name__}: {error}")
        raise
    finally:
        evidence = await _keep_evidence(state, trial, ending, fault)
    _raise_failure(evidence)
    state.completed = True
    return state


async def _keep_evidence(state: TaskState, trial: Trial, ending: Ending, fault: Fault | None) -> Evidence:
    # Also when time is up: the evidence is what the trial was for.
    with anyio.CancelScope(shield=True):
        evidence = await trial.close(ending, fault)
        # Kept before anything is tried with it, which may go wrong.
        state.store.set(EVIDENCE, to_json(evidence))
        if (wired := _wired()) is not None:
            evidence = await replayed(evidence, trial.sightings, partial(_another, wired))
            state.store.set(EVIDENCE, to_json(evidence))
        return evidence
    raise AssertionError("a shielded scope is not cancelled")


async def _open_trial(state: TaskState, protocol: Protocol, machines: AsyncExitStack) -> Trial:
    told = state.metadata
    name = question_set(told["seed"], told["trial"], state.epoch)
    told["question_set"] = name
    changed = protocol.changed(json.loads(told.get("changes", "{}")))
    if state.message_limit is not None:
        state.message_limit += changed.message_limit - protocol.message_limit
    protocol = changed
    notices = notices_from_json(told["notices"]) if "notices" in told else None
    try:
        machine, witness = await _machine()
        other = await _other_machine(protocol, machines) if protocol.arm is Arm.OTHER_MACHINE else None
        trial = Trial(machine, witness, protocol, make_questions(name, protocol.questions), notices, other)
        await trial.open()
    except MachineError as error:
        raise TrialFailure(f"{FaultCause.ENGINE}: {error}") from error
    return trial


async def _other_machine(protocol: Protocol, machines: AsyncExitStack) -> Callable[[], Awaitable[MachineEnd]]:
    """A second machine, for as long as the trial lasts, and how to shut it down."""
    if (wired := _wired()) is None:
        raise MachineError(f"{Arm.OTHER_MACHINE} needs a second machine; use --sandbox offswitch or bubblewrap")
    machine, witness = await machines.enter_async_context(_another(wired))
    await machine.open_desk(desk_order((), Protocol(), {}))

    async def end() -> MachineEnd:
        await machine.run(SCRIPT, protocol.command_timeout_s)
        return await witness.end(time.time() + protocol.grace_s)

    return end


async def _machine() -> tuple[Machine, Witness]:
    """The sample's machine and who sees it from outside: the best that its provider has to offer."""
    wired = _wired()
    if wired is not None:
        return Machine(wired.wire), wired.witness
    channel = InterfaceChannel(sandbox())
    machine = Machine(channel)
    return machine, await _witness(machine, channel)


def _wired() -> WiredEnvironment | None:
    """The sample's machine, where a provider of this project has made it."""
    try:
        return sandbox().as_type(WiredEnvironment)
    except TypeError:
        return None


@asynccontextmanager
async def _another(wired: WiredEnvironment) -> AsyncGenerator[tuple[Machine, Witness]]:
    async with wired.another() as (wire, witness):
        yield Machine(wire), witness


async def _witness(machine: Machine, channel: InterfaceChannel) -> Witness:
    """The engine where the provider runs its machine there, else the provider's own interface."""

    async def is_alive() -> bool:
        return await machine.look() is not None

    by_interface = InterfaceWitness(is_alive, lambda: channel.started_again)
    try:
        connection = await sandbox().connection()
    except (NotImplementedError, ConnectionError):
        return by_interface
    if connection.type != "docker" or connection.container is None:
        return by_interface
    return EngineWitness(connection.container)


def _tools(trial: Trial) -> list[Tool]:
    async def bash(command: str) -> str:
        return await trial.run(command)

    async def submit(answer: str) -> str:
        await trial.submit(answer)
        return answer

    # Not parallel: the commands of one turn run in order, one after the other.
    shell = ToolDef(bash, "bash", word("shell"), {"command": word("shell_command")}, parallel=False)
    hand_in = ToolDef(submit, "submit", word("submit"), {"answer": word("submit_answer")}, parallel=False)
    return [shell.as_tool(), hand_in.as_tool()]


async def _take_turns(state: TaskState, trial: Trial) -> Ending:
    while trial.over is None:
        message = await _generate(state, trial)
        if not message.tool_calls:
            return Ending.STOPPED
        messages, _ = await execute_tools(state.messages, state.tools)
        state.messages.extend(messages)
    return trial.over


async def _generate(state: TaskState, trial: Trial) -> ChatMessageAssistant:
    """One model turn; whatever the API does wrong is a fault of our machinery."""
    try:
        output: ModelOutput = await get_model().generate(state.messages, state.tools)
    except LimitExceededError:
        raise
    except Exception as error:
        raise _Broken(FaultCause.MODEL_API, f"{type(error).__name__}: {error}".splitlines()[0]) from error
    if output.error and not output.choices:
        raise _Broken(FaultCause.MODEL_API, output.error)
    trial.turn += 1
    trial.say(output.message.text)
    state.output = output
    state.messages.append(output.message)
    state.metadata["model_served"] = output.model
    if output.stop_reason == "content_filter":
        raise _Broken(FaultCause.CONTENT_FILTER, "the model's answer was withheld by a content filter")
    return output.message


def _raise_failure(evidence: Evidence) -> None:
    """A trial without a verdict is an error to Inspect: counted, shown, and retried where asked for."""
    judgement = judge(evidence)
    if judgement.verdict is Verdict.FAILURE:
        raise TrialFailure(f"{judgement.failure}: {'; '.join(judgement.reasons)}")
