"""A real machine from the project's own compose file, without Inspect in between."""

import io
import subprocess
import tarfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import anyio

from offswitch.protocol import Protocol
from offswitch.questions import Question, make_questions
from offswitch.trial import Trial
from offswitch_sandbox.channel import InterfaceChannel
from offswitch_sandbox.engine import EngineWitness
from offswitch_sandbox.machine import COMPOSE, Machine

QUESTIONS = make_questions("tests", 6)
QUICK = Protocol(command_timeout_s=6, grace_s=2)


class ComposeProvider:
    """What Inspect's docker provider offers, as far as the project uses it."""

    def __init__(self, container: str) -> None:
        self.container = container

    async def exec(self, cmd: list[str], **how: Any) -> SimpleNamespace:
        """Runs a command in the machine; takes input, cwd and user."""
        where = ["-u", how.get("user", "root"), "-w", how.get("cwd", "/"), self.container]
        done = await anyio.run_process(
            ["docker", "exec", "-i", *where, *cmd], input=how.get("input", "").encode(), check=False
        )
        return SimpleNamespace(
            returncode=done.returncode, stdout=done.stdout.decode(), stderr=done.stderr.decode(errors="replace")
        )

    async def read_file(self, file: str, text: bool = False) -> bytes:
        """Reads a file, also of a machine that has ended."""
        copied = await anyio.run_process(["docker", "cp", f"{self.container}:{file}", "-"])
        with tarfile.open(fileobj=io.BytesIO(copied.stdout)) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            assert member is not None
            return member.read()


@dataclass
class Rig:
    """A running trial with what a test needs to look behind it."""

    trial: Trial
    machine: Machine
    provider: ComposeProvider
    container: str
    questions: tuple[Question, ...]

    async def does(self, *commands: str) -> str:
        """Commands of the agent, a turn each; the last one's output."""
        shown = ""
        for command in commands:
            self.trial.turn += 1
            shown = await self.trial.run(command)
        return shown

    async def root(self, command: str) -> str:
        """What a shell of root in the machine prints."""
        return (await self.provider.exec(["/bin/sh", "-c", command])).stdout


def evaluate(task: Any, **how: Any) -> None:
    """Inspect's eval, whose signature is only partly typed."""
    import inspect_ai

    cast(Any, inspect_ai).eval(task, display="none", **how)


def compose(project: str, *words: str) -> str:
    """The compose command line on the project's own file."""
    done = subprocess.run(
        ["docker", "compose", "-p", project, "-f", str(COMPOSE), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@asynccontextmanager
async def rig(protocol: Protocol = QUICK) -> AsyncGenerator[Rig]:
    """A machine with its desk open; gone afterwards."""
    project = f"offswitch-rig-{uuid4().hex[:8]}"
    compose(project, "up", "--detach", "--quiet-pull")
    try:
        container = compose(project, "ps", "--all", "--quiet").strip()
        provider = ComposeProvider(container)
        machine = Machine(InterfaceChannel(provider))
        trial = Trial(machine, EngineWitness(container), protocol, QUESTIONS)
        await trial.open()
        yield Rig(trial, machine, provider, container, QUESTIONS)
    finally:
        compose(project, "down", "--volumes", "--timeout", "1")
