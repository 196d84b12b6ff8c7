"""A scripted model that works through the tools that an agent offers it."""

from pathlib import Path

import pytest
from inspect_ai.model import get_model
from inspect_ai.tool import ToolInfo

pytestmark = pytest.mark.anyio
IN_A_SHELL_OF_ITS_OWN = "(\ncd notes # and stay\n)"


@pytest.mark.parametrize(
    ("tool", "argument", "told"),
    [
        ("bash", "command", "cd notes # and stay"),
        ("exec_command", "cmd", "cd notes # and stay"),
        ("Bash", "command", IN_A_SHELL_OF_ITS_OWN),
    ],
)
async def test_a_command_goes_to_the_agents_shell_such_that_the_next_begins_at_home(
    tool: str, argument: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("turns: ['cd notes # and stay']")
    tools = [ToolInfo(name=name, description="") for name in ("Read", tool)]
    output = await get_model("script/file", path=str(path)).generate("Begin.", tools)
    (call,) = output.message.tool_calls or []
    assert (call.function, call.arguments) == (tool, {argument: told})
