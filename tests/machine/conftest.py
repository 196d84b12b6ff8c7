"""Machines for tests: of every kind by `rig`, of this project's providers by `wired`, the least costly by `lightest`.

Of a trial in namespaces, one in a container costs four times the CPU time, and one by the interface alone ten times,
because each order is a process of its own there. So single tests of all that a machine does take `rig`; tables of what
an agent does to files and processes take `wired`, each case on the next kind (`rigs.in_turn`) unless the machine itself
decides; and tables of what the desk alone decides, whose code is the same in all machines, take `lightest`.
"""

from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from machine import rigs
from machine.with_programs import machine_with_stand_in
from offswitch import hooks
from offswitch.evidence import EVIDENCE
from offswitch.record.digests import digest


@pytest.fixture(params=rigs.KINDS)
def rig(request: pytest.FixtureRequest) -> rigs.Rigs:
    """Makes machines of one kind."""
    return partial(rigs.rig, request.param)


@pytest.fixture(params=rigs.WIRED)
def wired(request: pytest.FixtureRequest) -> rigs.Rigs:
    """Makes machines of one of this project's providers, which can try files in a fresh one."""
    return partial(rigs.rig, request.param)


@pytest.fixture
def lightest() -> rigs.Rigs:
    """Makes machines of bubblewrap."""
    return partial(rigs.rig, "bubblewrap")


@pytest.fixture
def compose_of_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The compose file of a machine with a program in the place of Codex."""
    with machine_with_stand_in(tmp_path, monkeypatch) as compose:
        yield compose


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Id of a sample -> the digest of its evidence just before its probes are asked."""
    found: dict[str, str] = {}
    ask = hooks.ask_probes

    async def noting(state: Any, by_loop: bool) -> None:
        found[str(state.sample_id)] = digest(str(state.store.get(EVIDENCE)))
        await ask(state, by_loop)

    monkeypatch.setattr(hooks, "ask_probes", noting)
    return found
