"""Real machines of every kind, without Inspect in between."""

import io
import os
import shutil
import signal
import socket
import tarfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache, partial
from types import SimpleNamespace
from typing import Any, cast

import anyio.to_thread
import pytest
from docker.utils import socket as engine_socket
from inspect_ai.log import EvalLog

from offswitch.evidence import Ending, History, join
from offswitch.scene import Protocol, Question, make_questions
from offswitch.scene.work import Work
from offswitch.trial import Session, TrialMachine, close, replayed
from offswitch.verdict import Judgement, judge
from offswitch_sandbox import COMPOSE, Machine, Witness
from offswitch_sandbox.bubblewrap import Keepers
from offswitch_sandbox.channel import Channel, InterfaceChannel
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import Containers
from offswitch_sandbox.engine import EngineWitness, engine
from offswitch_sandbox.wire import Wire

QUESTIONS = make_questions("tests", 6)
QUICK = Protocol(command_timeout_s=6, grace_s=2)
WIRED = ("offswitch", "bubblewrap")
KINDS = ("interface", *WIRED)
"""interface: a container of the same plan, by what Inspect's sandbox interface offers and nothing more"""


@dataclass
class Rig:
    """A running trial with what a test needs to look behind it."""

    kind: str
    channel: Channel
    session: Session
    machine: Machine
    questions: tuple[Question, ...]
    container: str | None
    """None where there is none"""

    async def does(self, *commands: str) -> str:
        """Commands of the agent, a turn each; the last one's output."""
        shown = ""
        for command in commands:
            self.session.recording.add_turn()
            shown = await self.session.run(command)
        return shown

    async def root(self, command: str) -> str:
        """What a shell of root in the container prints."""
        assert self.container is not None
        done = await ContainerInterface(self.container).exec(["/bin/sh", "-c", command])
        return done.stdout

    async def closed(self, ending: Ending) -> History:
        """What is known of the trial at its end, without any replay."""
        return join(await close(self.session, ending))

    async def judged(self, ending: Ending) -> Judgement:
        """The verdict, with changed files tried in a fresh machine where the kind of machine has that."""
        evidence = await close(self.session, ending)
        if self.kind != "interface":
            evidence = await replayed(evidence, self.machine.sightings, partial(another, self.kind))
        return judge(join(evidence))

    def kill(self) -> None:
        """Ends the machine from outside, by force."""
        if self.container is not None:
            engine().api.kill(self.container)
        else:
            assert isinstance(self.channel, Wire)
            os.kill(self.channel.facts["made"]["first"], signal.SIGKILL)


@asynccontextmanager
async def another(kind: str) -> AsyncGenerator[tuple[Machine, Witness]]:
    async with MACHINES[kind]() as (channel, witness, _):
        yield Machine(channel), witness


Rigs = Callable[..., AbstractAsyncContextManager[Rig]]


class ContainerInterface:
    """What Inspect's docker provider offers, as far as the project uses it."""

    def __init__(self, container: str) -> None:
        self.container = container

    async def exec(self, cmd: list[str], **how: Any) -> SimpleNamespace:
        """Runs a command in the machine; takes input, cwd and user."""
        order = partial(self._exec, cmd, how.get("user", "root"), how.get("cwd", "/"), how.get("input", "").encode())
        # A command that is given up ends with its container.
        return await anyio.to_thread.run_sync(order, abandon_on_cancel=True)

    def _exec(self, cmd: list[str], user: str, cwd: str, given: bytes) -> SimpleNamespace:
        """By the engine itself: a process of its own for each command costs more than the command."""
        api = engine().api
        # What the command says before the engine's answer has been read would be lost with it.
        waiting = ["/bin/sh", "-c", 'read -r go; exec "$@"', "sh", *cmd]
        number = api.exec_create(self.container, waiting, stdin=True, user=user, workdir=cwd)["Id"]
        response = api.exec_start(number, socket=True)
        connection: socket.socket = response._sock
        connection.settimeout(None)
        connection.sendall(b"\n" + given)
        connection.shutdown(socket.SHUT_WR)
        said = {1: b"", 2: b""}
        for stream, part in cast(Any, engine_socket).frames_iter(response, tty=False):
            said[stream] += part
        response.close()
        return SimpleNamespace(
            returncode=api.exec_inspect(number)["ExitCode"],
            stdout=said[1].decode(), stderr=said[2].decode(errors="replace"),
        )  # fmt: skip

    async def read_file(self, file: str, text: bool = False) -> bytes:
        """Reads a file, also of a machine that has ended."""
        chunks, _ = await anyio.to_thread.run_sync(partial(engine().api.get_archive, self.container, file))
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            assert member is not None
            return member.read()


def evaluate(task: Any, **how: Any) -> list[EvalLog]:
    """Inspect's eval, whose signature is only partly typed."""
    import inspect_ai

    return cast(Any, inspect_ai).eval(task, display="none", **how)


@asynccontextmanager
async def rig(kind: str, protocol: Protocol = QUICK, work: Work | None = None) -> AsyncGenerator[Rig]:
    """A machine with its desk open, and work at home where that is no sums; gone afterwards."""
    async with MACHINES[kind]() as (channel, witness, container):
        machine = Machine(channel)
        session = await Session.open(TrialMachine(machine, witness, protocol), QUESTIONS, work=work)
        yield Rig(kind, channel, session, machine, QUESTIONS, container)


@asynccontextmanager
async def by_interface() -> AsyncGenerator[tuple[Channel, Witness, str | None]]:
    plan = read_plan(COMPOSE)
    image = containers().image
    api = engine().api
    # As Inspect's docker provider would start it: with the image's own first process.
    created = api.create_container_from_config({"Image": image, "HostConfig": dict(plan.host_config)})["Id"]
    try:
        api.start(created)
        yield InterfaceChannel(ContainerInterface(created)), EngineWitness(created), created
    finally:
        api.remove_container(created, force=True, v=True)


@asynccontextmanager
async def by_engine() -> AsyncGenerator[tuple[Channel, Witness, str | None]]:
    container = await containers().make()
    try:
        yield container.wire, container, container.id
    finally:
        await container.remove()


@asynccontextmanager
async def by_namespaces() -> AsyncGenerator[tuple[Channel, Witness, str | None]]:
    namespace = await keepers().make()
    try:
        yield namespace.wire, namespace, None
    finally:
        await namespace.remove()


MACHINES = {"interface": by_interface, "offswitch": by_engine, "bubblewrap": by_namespaces}


@cache
def containers() -> Containers:
    return Containers(read_plan(COMPOSE))


@cache
def keepers() -> Keepers:
    return Keepers()


def in_turn(names: str, cases: Sequence[tuple[Any, ...]], kinds: Sequence[str] = WIRED) -> pytest.MarkDecorator:
    """Each case on one kind of machine, the kinds in turn: for tables in which code that all of them share decides.

    The first of the names is the fixture that makes the machines: `rig` or `wired`.
    """
    return pytest.mark.parametrize(names, alternating(cases, kinds), indirect=[names.partition(",")[0]])


def alternating(cases: Sequence[tuple[Any, ...]], kinds: Sequence[str] = WIRED) -> list[tuple[Any, ...]]:
    """Each case after a kind of machine, the kinds in turn."""
    return [(kinds[n % len(kinds)], *case) for n, case in enumerate(cases)]


def is_there(program: str) -> bool:
    """Whether a program is installed."""
    return shutil.which(program) is not None
