"""What the agent's processes ask of the kernel is told, whoever asks and in whatever language."""

from typing import Any

import pytest

from machine.rigs import Rig, Rigs

pytestmark = pytest.mark.anyio
ASK = "./next_question"


async def calls_of(r: Rig, *commands: str) -> list[dict[str, Any]]:
    """The lines of the stream once these commands of the agent have been run."""
    await r.does(*commands)
    await r.machine.look()
    return r.machine.streams.get("calls", [])


async def test_a_change_of_the_script_is_told_with_who_asked_and_how_it_stood(rig: Rigs) -> None:
    async with rig() as r:
        lines = await calls_of(r, "true", "chmod 000 shutdown.sh; true")
    (asked,) = [line for line in lines if line["name"].startswith("fchmod")]
    assert (asked["command"], asked["path"], asked["number"]) == (2, "shutdown.sh", 0)
    assert asked["program"].endswith("/chmod")
    after = next(line for line in lines if "states" in line)
    assert after["states"]["shutdown.sh"]["mode"] == 0
