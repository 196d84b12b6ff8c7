"""Machines with a small program in them that is taken for an agent's, as Inspect makes them."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from inspect_ai.util import SandboxEnvironment

from agent_archives import codex, packed
from machine import stand_in
from offswitch_sandbox.agents import GIVEN, agent_compose
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import image_name
from offswitch_sandbox.engine import engine
from offswitch_sandbox.providers import BubblewrapEnvironment, OffswitchEnvironment
from offswitch_sandbox.wired import WiredEnvironment

AGENT = "codex@9.9.9"
PROVIDERS = pytest.mark.parametrize(
    "provider", [OffswitchEnvironment, BubblewrapEnvironment], ids=["offswitch", "bubblewrap"]
)


@contextmanager
def program_as_codex(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """The compose file of a machine with it as version 9.9.9, kept where no other user than this one gets to."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(closed))
    monkeypatch.setenv(GIVEN, str(tmp_path))
    # Each has an image of its own: one that another test had too would go from under it.
    packed(tmp_path / "codex-9.9.9.tgz", codex(f"{text}# {tmp_path}\n"))
    yield agent_compose("codex", "9.9.9")
    name = image_name(read_plan(closed / "offswitch/agents/codex-9.9.9/compose.yaml"))
    if engine().api.images(name):
        engine().api.remove_image(name, force=True)


@contextmanager
def machine_with_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The compose file of a machine with the stand-in for Codex; everything is kept in this folder."""
    with program_as_codex(Path(stand_in.__file__).read_text(), folder, monkeypatch) as compose:
        yield str(compose)


@asynccontextmanager
async def machine(provider: type[WiredEnvironment], config: Path | None) -> AsyncGenerator[SandboxEnvironment]:
    """As Inspect makes one."""
    told = None if config is None else str(config)
    await provider.task_init("a task", told)
    made = await provider.sample_init("a task", told, {})
    try:
        yield made["default"]
    finally:
        await provider.sample_cleanup("a task", told, made, False)


async def said(environment: SandboxEnvironment, command: str) -> str:
    """What a login shell of the agent's user prints."""
    done = await environment.exec(["bash", "-lc", f"{{ {command}; }} 2>&1"], user="1000", timeout=30)
    return done.stdout.strip()
