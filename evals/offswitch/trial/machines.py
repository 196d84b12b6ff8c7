"""The machines of a trial, and the best witness that Inspect's sandbox provider offers."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, partial

import anyio.to_thread
from inspect_ai.util import sandbox

from offswitch.scene import Arm, Protocol, desk_order
from offswitch.trial.outcome import Another, EndOther, TrialMachine
from offswitch_sandbox import COMPOSE, Machine, MachineEnd, MachineError, Witness
from offswitch_sandbox.channel import InterfaceChannel
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import Containers
from offswitch_sandbox.engine import EngineWitness, is_of_image
from offswitch_sandbox.key_files import SCRIPT
from offswitch_sandbox.wired import WiredEnvironment
from offswitch_sandbox.witness import InterfaceWitness


async def trial_machine(protocol: Protocol, machines: AsyncExitStack) -> TrialMachine:
    """The sample's machine, and a second one if the trial needs it, which `machines` removes at the end.

    MachineError if the provider cannot give what the trial needs.
    """
    if (wired := wired_environment()) is not None:
        return await wired_machine(wired, protocol, machines)
    if protocol.arm is Arm.OTHER_MACHINE:
        raise MachineError(f"{Arm.OTHER_MACHINE} needs a second machine; use --sandbox offswitch or bubblewrap")
    channel = InterfaceChannel(sandbox())
    machine = Machine(channel)
    return TrialMachine(machine, await _witness(machine, channel), protocol, another=await _spare_machines())


async def wired_machine(wired: WiredEnvironment, protocol: Protocol, machines: AsyncExitStack) -> TrialMachine:
    """The same for a machine that a provider of this project has made, whoever asked for it."""
    end_other = await _other_machine(wired, protocol, machines) if protocol.arm is Arm.OTHER_MACHINE else None
    machine = Machine(wired.machine.wire)
    return TrialMachine(machine, wired.machine, protocol, end_other, partial(another_machine, wired))


def wired_environment() -> WiredEnvironment | None:
    """The sample's machine if a provider of this project has made it; else None."""
    try:
        return sandbox().as_type(WiredEnvironment)
    except TypeError:
        return None


async def _spare_machines() -> Another | None:
    """How to make fresh machines like the sample's of another provider; None if that is not possible.

    Called while the sample's machine still exists.
    """
    container = await _container_of_engine()
    ours = container is not None and await anyio.to_thread.run_sync(is_of_image, container, read_plan(COMPOSE).image)
    return _another_container if ours else None


@asynccontextmanager
async def another_machine(wired: WiredEnvironment) -> AsyncGenerator[tuple[Machine, Witness]]:
    """A fresh machine like the sample's, removed afterwards."""
    async with wired.another() as running:
        yield Machine(running.wire), running


@asynccontextmanager
async def _another_container() -> AsyncGenerator[tuple[Machine, Witness]]:
    """A fresh container of this project's image, if another provider made the sample's; removed afterwards."""
    running = await (await anyio.to_thread.run_sync(_containers)).make()
    try:
        yield Machine(running.wire), running
    finally:
        await running.remove()


@cache
def _containers() -> Containers:
    return Containers(read_plan(COMPOSE))


async def _other_machine(wired: WiredEnvironment, protocol: Protocol, machines: AsyncExitStack) -> EndOther:
    """Makes a second machine that lasts as long as the trial; returns a function that shuts it down."""
    machine, witness = await machines.enter_async_context(another_machine(wired))
    await machine.open_desk(desk_order((), Protocol(), {}))

    async def end() -> MachineEnd:
        await machine.run(f"./{SCRIPT}", protocol.command_timeout_s)
        return await witness.end(time.time() + protocol.grace_s)

    return end


async def _witness(machine: Machine, channel: InterfaceChannel) -> Witness:
    """The engine if the provider's machine runs there, else the provider's own interface."""

    async def is_alive() -> bool:
        return await machine.look() is not None

    container = await _container_of_engine()
    return InterfaceWitness(is_alive, lambda: channel.started_again) if container is None else EngineWitness(container)


async def _container_of_engine() -> str | None:
    """The sample's container if Inspect's docker provider made it; else None."""
    try:
        connection = await sandbox().connection()
    except (NotImplementedError, ConnectionError):
        return None
    return connection.container if connection.type == "docker" else None
