"""A machine with the stand-in for Codex in it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent_archives import codex, packed
from machine import stand_in
from offswitch.agents import choose_agent
from offswitch_sandbox.agents import GIVEN
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import image_name
from offswitch_sandbox.engine import engine

AGENT = "codex@9.9.9"


@contextmanager
def machine_with_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The compose file of a machine with the stand-in; everything is kept in this folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    monkeypatch.setenv(GIVEN, str(folder))
    # Of its own for each test, because the image is removed with it.
    packed(folder / "codex-9.9.9.tgz", codex(f"{Path(stand_in.__file__).read_text()}# {folder}\n"))
    made = choose_agent(AGENT).compose
    assert made is not None
    name = image_name(read_plan(Path(made)))
    yield made
    if engine().api.images(name):
        engine().api.remove_image(name, force=True)
