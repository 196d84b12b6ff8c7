"""Scripted agents: an Inspect model provider that replays a file, or plays a simulated subject.

Nothing they do says anything about a real model, and every output that shows their trials says so.
"""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)  # fmt: skip
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from offswitch.errors import InputError
from offswitch.probes.comprehension import answer_text, letters_in
from offswitch.probes.self_reports import probe_in, replies_text
from offswitch.refusals import as_inspect_error
from offswitch.scene import answers_to
from offswitch.scene.notices import HAND_IN_PATH
from offswitch.subjects.behaviours import load_behaviours
from offswitch.subjects.script_file import BUILT_IN, PROVIDER, Script, built_in_scripts, load_script
from offswitch.subjects.scripted_judge import JUDGE, judge_named
from offswitch.subjects.simulated import Subject, replies_in
from offswitch.subjects.wordings import wording_answer

_NO_CONFIG = GenerateConfig()
SHELLS = {"bash": "command", "exec_command": "cmd", "Bash": "command", "run_shell_command": "command"}
"""the name of the shell tool in the loop, Codex, Claude Code and Gemini CLI -> the argument with the command"""
HANDS_IN = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
"""the command by which mini-swe-agent's model ends; an answer without a call does not end it"""
OF_PROGRAMS = ("exec_command", "Bash", "run_shell_command")
"""shells that read login files only when the program starts, or never; so does mini-swe-agent's"""
OTHER_SHELL = "Bash"
"""Claude Code's shell: a command begins in the last one's directory, and functions replace grep and find; in the other
shells each command begins in the home directory, in a plain shell; mini-swe-agent's is /bin/sh, which is no bash"""
SUBSHELL = "run_shell_command"
"""Gemini CLI's shell: a command runs in a subshell, in which $$ is another process; it takes a `bash -c` off again"""
STOPS = "I stop here."
"""a script's answer when it has nothing left to do; an empty answer would not count as a choice"""


@modelapi(name=PROVIDER)
class ScriptedModel(ModelAPI):
    """`script/NAME`, and `script/file`, `subject`, `wordings` and `judge` with their arguments (-M path=F.yaml)."""

    def __init__(
        self, model_name: str, base_url: str | None = None, api_key: str | None = None,
        config: GenerateConfig = _NO_CONFIG, **model_args: Any,
    ) -> None:  # fmt: skip
        super().__init__(model_name, base_url, api_key, [], config)
        with as_inspect_error():
            self._choose = chooser(model_name, model_args)

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002 - Inspect's name for it
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """The script's next turn; the number of earlier answers in the conversation says which one that is."""
        script = self._choose(input)
        asked = input[-1].text if input else ""
        if letters := letters_in(asked):
            return _output(self.model_name, answer_text(letters, script.comprehension), [])
        if probe := probe_in(asked):
            return _output(self.model_name, replies_text(probe, script.self_reports), [])
        had = sum(isinstance(message, ChatMessageAssistant) for message in input)
        turn = script.turn(had)
        if turn is not None and tools:
            calls = [_shell_call(_in_own_shell(words, tools, script, input), tools) for words in turn.commands]
            is_last = script.submit is None and had + 1 == len(script.turns)
            return _output(self.model_name, turn.say, calls or (_ending_call(input, tools) if is_last else []))
        if turn is not None or script.submit is None or had > len(script.turns):
            return _output(self.model_name, STOPS, _ending_call(input, tools))
        return _output(self.model_name, *_handing_in(_answers(script, input), input, tools))

    def max_connections(self) -> int:
        """No API is behind it."""
        return 1000


def chooser(name: str, model_args: dict[str, Any]) -> Callable[[list[ChatMessage]], Script]:
    """A function from a conversation to its script; InputError for an unknown script or argument."""
    if name == "subject":
        return Subject.from_args(model_args).script_for
    if name == "catalogue":
        return _catalogue(model_args)
    if name == "wordings" and not model_args:
        return lambda conversation: Script(turns=[], submit=wording_answer(conversation[-1].text))
    if JUDGE.fullmatch(name):
        reply = judge_named(name, model_args)
        return lambda conversation: Script(turns=[], submit=reply(conversation[-1].text))
    if name == "file":
        path = model_args.pop("path", None)
        if path is None:
            raise InputError("script/file needs a file: add -M path=FILE.yaml")
    elif name in built_in_scripts():
        path = BUILT_IN / f"{name}.yaml"
    else:
        raise InputError(
            f"script/{name}: no such script; there are file, subject, wordings, {', '.join(built_in_scripts())}"
        )
    if model_args:
        raise InputError(f"script/{name}: unknown argument -M {next(iter(model_args))}")
    script = load_script(Path(path))
    return lambda conversation: script


def _catalogue(model_args: dict[str, Any]) -> Callable[[list[ChatMessage]], Script]:
    """A function from a conversation to the behaviour whose name it holds."""
    folder = model_args.pop("path", None)
    if folder is None or model_args:
        raise InputError("script/catalogue needs a folder and nothing else: -M path=FOLDER; see `offswitch selftest`")
    known = load_behaviours(Path(folder))
    return lambda conversation: known[_behaviour_in(conversation, known)]


def _behaviour_in(conversation: list[ChatMessage], known: Mapping[str, Any]) -> str:
    """The first line of the conversation that is a behaviour's name, whatever an agent has put around it."""
    lines = (line.strip() for message in conversation for line in message.text.splitlines())
    name = next((line for line in lines if line in known), None)
    if name is None:
        raise InputError(
            "script/catalogue: no line of the conversation is the name of a behaviour; see `offswitch selftest`"
        )
    return name


def _answers(script: Script, conversation: list[ChatMessage]) -> str:
    answers = answers_to(replies_in(conversation))
    auto = ", ".join(str(answer) for _, answer in sorted(answers.items()))
    return auto if script.submit == "auto" else str(script.submit)


def _handing_in(answers: str, conversation: list[ChatMessage], tools: list[ToolInfo]) -> tuple[str, list[ToolCall]]:
    """The text and the calls that hand in the answers.

    The call is of the submit tool, of the program that the prompt names, or of the command that ends the agent.
    """
    if any(tool.name == "submit" for tool in tools):
        return "", [_call("submit", answer=answers)]
    if tools and _is_told(HAND_IN_PATH, conversation):
        return "", [_shell_call(f"{HAND_IN_PATH} {shlex.quote(answers)}", tools)]
    return answers, _ending_call(conversation, tools)


def _ending_call(conversation: list[ChatMessage], tools: list[ToolInfo]) -> list[ToolCall]:
    """The call that ends an agent; none for agents that an answer without a call ends."""
    return [_shell_call(HANDS_IN, tools)] if tools and _is_told(HANDS_IN, conversation) else []


def _is_told(words: str, conversation: list[ChatMessage]) -> bool:
    return any(words in message.text for message in conversation if message.role != "assistant")


def _shell_call(words: str, tools: list[ToolInfo]) -> ToolCall:
    """A call of the shell tool, under the names that the agent gives to the tool and its argument."""
    name = _shell(tools)
    return _call(name, **{SHELLS[name]: words})


def _shell(tools: list[ToolInfo]) -> str:
    offered = [tool.name for tool in tools]
    return next((name for name in SHELLS if name in offered), "bash")


def _in_own_shell(words: str, tools: list[ToolInfo], script: Script, conversation: list[ChatMessage]) -> str:
    """The command changed so that the agent's shell does what the loop's does, which is a new login shell each time."""
    name, of_mini = _shell(tools), _is_told(HANDS_IN, conversation)
    if script.names_login_files and (name in OF_PROGRAMS or of_mini):
        return f"bash --login -c {shlex.quote(words)}"
    if name == SUBSHELL and "$$" in words:
        return f"bash --norc -c {shlex.quote(words)}"
    return f"bash -c {shlex.quote(words)}" if name == OTHER_SHELL or of_mini else words


def _call(function: str, **arguments: str) -> ToolCall:
    return ToolCall(id=uuid4().hex[:12], function=function, arguments=arguments)


def _output(model: str, content: str, calls: list[ToolCall]) -> ModelOutput:
    # Usage is set because Inspect would otherwise look for a tokenizer on the network.
    usage = ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0)
    message = ChatMessageAssistant(content=content, tool_calls=calls or None, source="generate")
    choice = ChatCompletionChoice(message=message, stop_reason="tool_calls" if calls else "stop")
    return ModelOutput(model=f"{PROVIDER}/{model}", choices=[choice], usage=usage)
