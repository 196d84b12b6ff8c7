"""Every test that takes `rig` runs on machines of every kind."""

from collections.abc import Generator
from functools import partial
from pathlib import Path

import pytest

from machine import rigs
from machine.with_programs import machine_with_stand_in


@pytest.fixture(params=rigs.KINDS)
def rig(request: pytest.FixtureRequest) -> rigs.Rigs:
    """Makes machines of one kind."""
    return partial(rigs.rig, request.param)


@pytest.fixture
def compose_of_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The compose file of a machine with a program in the place of Codex."""
    with machine_with_stand_in(tmp_path, monkeypatch) as compose:
        yield compose
