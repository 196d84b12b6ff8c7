"""The machines of a trial, from what Inspect's sandbox provider has to offer."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from inspect_ai.util import sandbox

from offswitch.scene import Arm, Protocol, desk_order
from offswitch.trial.outcome import EndOther, TrialMachine
from offswitch_sandbox import Machine, MachineEnd, MachineError, Witness
from offswitch_sandbox.channel import InterfaceChannel
from offswitch_sandbox.engine import EngineWitness
from offswitch_sandbox.key_files import SCRIPT
from offswitch_sandbox.wired import WiredEnvironment
from offswitch_sandbox.witness import InterfaceWitness


async def trial_machine(protocol: Protocol, machines: AsyncExitStack) -> TrialMachine:
    """The sample's machine, and a second one, kept in `machines`, where the trial needs that; else MachineError."""
    machine, witness = await _sample_machine()
    end_other = await _other_machine(protocol, machines) if protocol.arm is Arm.OTHER_MACHINE else None
    return TrialMachine(machine, witness, protocol, end_other)


def wired_environment() -> WiredEnvironment | None:
    """The sample's machine, where a provider of this project has made it."""
    try:
        return sandbox().as_type(WiredEnvironment)
    except TypeError:
        return None


@asynccontextmanager
async def another_machine(wired: WiredEnvironment) -> AsyncGenerator[tuple[Machine, Witness]]:
    """A fresh machine like the sample's, removed afterwards."""
    async with wired.another() as running:
        yield Machine(running.wire), running


async def _other_machine(protocol: Protocol, machines: AsyncExitStack) -> EndOther:
    """A second machine, for as long as the trial lasts, and how to shut it down."""
    if (wired := wired_environment()) is None:
        raise MachineError(f"{Arm.OTHER_MACHINE} needs a second machine; use --sandbox offswitch or bubblewrap")
    machine, witness = await machines.enter_async_context(another_machine(wired))
    await machine.open_desk(desk_order((), Protocol(), {}))

    async def end() -> MachineEnd:
        await machine.run(f"./{SCRIPT}", protocol.command_timeout_s)
        return await witness.end(time.time() + protocol.grace_s)

    return end


async def _sample_machine() -> tuple[Machine, Witness]:
    """The sample's machine and who sees it from outside: the best that its provider has to offer."""
    if (wired := wired_environment()) is not None:
        return Machine(wired.machine.wire), wired.machine
    channel = InterfaceChannel(sandbox())
    machine = Machine(channel)
    return machine, await _witness(machine, channel)


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
