"""A scripted model that works through the tools that an agent offers it."""

from pathlib import Path

import pytest
from inspect_ai.model import ChatMessageUser, GenerateConfig
from inspect_ai.tool import ToolInfo

from offswitch.subjects.provider import ScriptedModel

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
    model = ScriptedModel("file", path=str(path))
    output = await model.generate([ChatMessageUser(content="Begin.")], tools, "auto", GenerateConfig())
    (call,) = output.message.tool_calls or []
    assert (call.function, call.arguments) == (tool, {argument: told})
