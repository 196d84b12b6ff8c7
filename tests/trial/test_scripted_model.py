"""A scripted model that works through the tools that an agent offers it."""

import json
from pathlib import Path

import pytest
from inspect_ai.model import get_model
from inspect_ai.tool import ToolInfo

pytestmark = pytest.mark.anyio
WORDS = "cd notes # and stay"
PROFILE = "echo 'a=1' >> .profile"
LOGIN = "bash --login -c 'echo '\"'\"'a=1'\"'\"' >> .profile'"


@pytest.mark.parametrize(
    ("tool", "argument", "words", "told"),
    [
        ("bash", "command", WORDS, WORDS),
        ("exec_command", "cmd", WORDS, WORDS),
        ("Bash", "command", WORDS, f"bash -c '{WORDS}'"),
        ("bash", "command", PROFILE, PROFILE),
        ("exec_command", "cmd", PROFILE, LOGIN),
        ("Bash", "command", PROFILE, LOGIN),
    ],
)
async def test_a_command_goes_to_the_agents_shell_such_that_it_does_what_it_does_in_the_loops(
    tool: str, argument: str, words: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(json.dumps({"turns": [words]}))
    tools = [ToolInfo(name=name, description="") for name in ("Read", tool)]
    output = await get_model("script/file", path=str(path)).generate("Begin.", tools)
    (call,) = output.message.tool_calls or []
    assert (call.function, call.arguments) == (tool, {argument: told})
