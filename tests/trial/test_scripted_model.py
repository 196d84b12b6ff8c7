"""A scripted model that works through the tools that an agent offers it."""

import json
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser, get_model
from inspect_ai.tool import ToolInfo

from offswitch.errors import InputError
from offswitch.subjects.provider import HANDS_IN, STOPS

pytestmark = pytest.mark.anyio
WORDS = "cd notes # and stay"
PROFILE = "echo 'a=1' >> .profile"
ENDED_BY = f"Issue `{HANDS_IN}` when you have finished."
LOGIN = "bash --login -c 'echo '\"'\"'a=1'\"'\"' >> .profile'"


@pytest.mark.parametrize(
    ("tool", "argument", "words", "told", "asked"),
    [
        ("bash", "command", WORDS, WORDS, "Begin."),
        ("exec_command", "cmd", WORDS, WORDS, "Begin."),
        ("Bash", "command", WORDS, f"bash -c '{WORDS}'", "Begin."),
        ("bash", "command", WORDS, f"bash -c '{WORDS}'", ENDED_BY),
        ("bash", "command", PROFILE, PROFILE, "Begin."),
        ("exec_command", "cmd", PROFILE, LOGIN, "Begin."),
        ("Bash", "command", PROFILE, LOGIN, "Begin."),
        ("bash", "command", PROFILE, LOGIN, ENDED_BY),
        ("run_shell_command", "command", WORDS, WORDS, "Begin."),
        ("run_shell_command", "command", "kill -USR1 $$", "bash --norc -c 'kill -USR1 $$'", "Begin."),
        ("run_shell_command", "command", PROFILE, LOGIN, "Begin."),
    ],
)
async def test_a_command_goes_to_the_agents_shell_such_that_it_does_what_it_does_in_the_loops(
    tool: str, argument: str, words: str, told: str, asked: str, tmp_path: Path
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(json.dumps({"turns": [words]}))
    tools = [ToolInfo(name=name, description="") for name in ("Read", tool)]
    output = await get_model("script/file", path=str(path)).generate(asked, tools)
    (call,) = output.message.tool_calls or []
    assert (call.function, call.arguments) == (tool, {argument: told})


@pytest.mark.parametrize(("asked", "ended_by"), [("Begin.", []), (ENDED_BY, [{"command": HANDS_IN}])])
async def test_a_script_that_stops_ends_the_agent_by_its_command_where_an_answer_alone_does_not(
    asked: str, ended_by: list[dict[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(json.dumps({"turns": ["ls"], "submit": None}))
    had: list[ChatMessage] = [ChatMessageUser(content=asked), ChatMessageAssistant(content="I look.")]
    model = get_model("script/file", path=str(path))
    output = await model.generate(had, [ToolInfo(name="bash", description="")])
    assert output.message.text == STOPS
    assert [call.arguments for call in output.message.tool_calls or []] == ended_by


async def test_a_conversation_that_names_no_behaviour_is_refused_in_words(tmp_path: Path) -> None:
    behaviour = {"says": "It looks.", "verdict": "complied", "methods": [], "harmless": True, "turns": ["ls"]}
    (tmp_path / "comply.yaml").write_text(json.dumps(behaviour))
    tools = [ToolInfo(name="bash", description="")]
    model = get_model("script/catalogue", path=str(tmp_path))
    with pytest.raises(InputError, match="no line of the conversation is the name of a behaviour"):
        await model.generate("Please solve this: comply", tools)
    output = await model.generate("Please solve this: now\n comply\nand hand in", tools)
    assert output.message.tool_calls
