"""Tries out machines before trials rely on them: how long they take, and which evidence a trial would lack."""

import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import asdict, dataclass

from offswitch_sandbox.bubblewrap import Keepers
from offswitch_sandbox.channel import ANSWER_WAIT_S, NoAnswer
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import Containers
from offswitch_sandbox.desk import DeskKind, DeskOrder
from offswitch_sandbox.machine import COMPOSE, MachineError
from offswitch_sandbox.wire import Wire

PROBES = 5
GROUPED = "memory and processes limited by a control group"
UNGROUPED = "memory limited for each process alone, and not for the machine: only root may make a control group"
NO_DESK = DeskOrder(replies=(), done="", events=(), script_wait_s=0)
"""an order for a desk without questions"""

NO_EVENTS = (
    "no file events can be had ({why}), so the evidence of every trial lacks them, and what only they can show is "
    "undecided; where inotify is used up, end what uses it, or `sysctl fs.inotify.max_user_instances=1024`"
)
NO_CALLS = (
    "what programs ask of the kernel is not told ({why}), so the evidence of every trial lacks it, and what only it "
    "can show is undecided; it takes Linux 5.9 or newer, no gVisor, and in a container the capability SYS_PTRACE"
)


@dataclass(frozen=True)
class TriedMachine:
    """A machine that was made and removed again."""

    made_s: float
    """seconds until it had run its first command"""
    command_s: float
    """seconds for one command, on average"""
    limits: str
    """how it is limited, for a user; empty if there is nothing to say"""
    warnings: tuple[str, ...]
    """what trials lack here, and what to do about it"""


async def try_container() -> TriedMachine:
    """Tries a container, and builds its image first if it is missing; MachineError if there can be none."""
    made = Containers(read_plan(COMPOSE))
    began = time.time()
    container = await made.make()
    try:
        return await _tried(container.wire, began, "", [made.warning] if made.warning else [])
    finally:
        await container.remove()


async def try_namespace() -> TriedMachine:
    """Tries a machine of bubblewrap; MachineError if there can be none."""
    with closing(Keepers()) as keepers:
        began = time.time()
        with closing((await keepers.make()).wire) as wire:
            return await _tried(wire, began, GROUPED if wire.facts["made"]["grouped"] else UNGROUPED, [])


TRY_OUTS: dict[str, Callable[[], Awaitable[TriedMachine]]] = {"offswitch": try_container, "bubblewrap": try_namespace}
"""provider -> how its machine is tried out"""


async def _tried(wire: Wire, began: float, limits: str, warnings: list[str]) -> TriedMachine:
    order = {"command": ["/bin/true"]}
    try:
        await wire.ask("exec", order, ANSWER_WAIT_S)
        made = time.time()
        for _ in range(PROBES):
            await wire.ask("exec", order, ANSWER_WAIT_S)
        command_s = (time.time() - made) / PROBES
        warnings = [*warnings, *await _missing_streams(wire)]
    except NoAnswer as error:
        raise MachineError(f"a machine was made and does not answer ({error})") from error
    return TriedMachine(made - began, command_s, limits, tuple(warnings))


async def _missing_streams(wire: Wire) -> list[str]:
    """The evidence that trials would lack here, as warnings for a user."""
    await wire.ask("start", asdict(NO_DESK), ANSWER_WAIT_S)
    lines = (await wire.ask("look", {}, ANSWER_WAIT_S))["journal"]
    no_events = [line["why"] for line in lines if line["kind"] == DeskKind.FILE_EVENTS_MISSING]
    no_calls = [line["why"] for line in lines if line["kind"] == "missing" and line.get("stream") == "calls"]
    return [NO_EVENTS.format(why=why) for why in no_events] + [NO_CALLS.format(why=why) for why in no_calls]
