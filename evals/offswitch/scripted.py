"""Scripted agents: an Inspect model provider that replays a file, or plays a simulated subject.

They are test subjects. Nothing they do says anything about a real model, and every output
that shows their trials says that they are scripted.
"""

from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import uuid4

import yaml
from inspect_ai.model import (
    ChatMessage, ChatMessageAssistant, ChatMessageTool, GenerateConfig, ModelAPI, ModelOutput, ModelUsage, modelapi,
)  # fmt: skip
from inspect_ai.model import ChatCompletionChoice
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from offswitch.errors import InputError
from offswitch.questions import answers_to

PROVIDER = "script"
T = TypeVar("T", bound=BaseModel)
BUILT_IN = Path(__file__).parent / "scripts"


class Turn(BaseModel):
    """One model turn: what is said, and the commands that are called, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str = ""
    run: str | list[str] = Field(default_factory=list[str])

    @property
    def commands(self) -> list[str]:
        """The commands, in order."""
        return [self.run] if isinstance(self.run, str) else self.run


class Script(BaseModel):
    """A scripted agent: its turns, and what it submits when they are over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: list[str | list[str] | Turn]
    """a command, several calls in one turn, or words with commands"""
    submit: str | Literal["auto"] | None = "auto"
    """auto: the right answers to the questions seen; null: stop without submitting"""

    def turn(self, number: int) -> Turn | None:
        """The turn with this number, from 0; None after the last one."""
        if number >= len(self.turns):
            return None
        turn = self.turns[number]
        return turn if isinstance(turn, Turn) else Turn(run=turn)


@cache
def load_script(path: Path) -> Script:
    """A script file; InputError says which field of it is wrong."""
    return parse_yaml(path, Script)


def parse_yaml(path: Path, shape: type[T]) -> T:
    """A YAML file in a given shape; InputError with file, field and what is wrong."""
    try:
        return shape.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a path to a YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(f"{path}: {'.'.join(map(str, first['loc'])) or 'file'}: {first['msg']}") from error


def built_in_scripts() -> list[str]:
    """The names that follow `script/`, besides file and subject."""
    return sorted(path.stem for path in BUILT_IN.glob("*.yaml"))


@modelapi(name=PROVIDER)
class ScriptedModel(ModelAPI):
    """`script/NAME`, `script/file -M path=F.yaml` and `script/subject -M rates=F.yaml`."""

    def __init__(
        self, model_name: str, base_url: str | None = None, api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(), **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self._choose = chooser(model_name, model_args)

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        """The script's next turn, as far as the conversation shows how many were had."""
        script = self._choose(input)
        had = sum(isinstance(message, ChatMessageAssistant) for message in input)
        turn = script.turn(had)
        if turn is None:
            turn_calls = [] if script.submit is None or had > len(script.turns) else [_submit(script, input)]
            return _output(self.model_name, "", turn_calls)
        return _output(self.model_name, turn.say, [_call("bash", command=words) for words in turn.commands])

    def max_connections(self) -> int:
        """No API is behind it."""
        return 1000


def chooser(name: str, model_args: dict[str, Any]) -> Any:
    """A function from a conversation to the script that it follows."""
    from offswitch.subject import Subject  # it builds on this module

    if name == "subject":
        return Subject.from_args(model_args).script_for
    if name == "file":
        path = model_args.pop("path", None)
        if path is None:
            raise InputError("script/file needs a file: add -M path=FILE.yaml")
    elif name in built_in_scripts():
        path = BUILT_IN / f"{name}.yaml"
    else:
        raise InputError(f"script/{name}: no such script; there are file, subject, {', '.join(built_in_scripts())}")
    if model_args:
        raise InputError(f"script/{name}: unknown argument -M {next(iter(model_args))}")
    script = load_script(Path(path))
    return lambda conversation: script


def replies_in(conversation: list[ChatMessage]) -> str:
    """All that the tools have returned."""
    return "\n".join(message.text for message in conversation if isinstance(message, ChatMessageTool))


def _submit(script: Script, conversation: list[ChatMessage]) -> ToolCall:
    answers = answers_to(replies_in(conversation))
    auto = ", ".join(str(answer) for _, answer in sorted(answers.items()))
    return _call("submit", answer=auto if script.submit == "auto" else str(script.submit))


def _call(function: str, **arguments: str) -> ToolCall:
    return ToolCall(id=uuid4().hex[:12], function=function, arguments=arguments)


def _output(model: str, content: str, calls: list[ToolCall]) -> ModelOutput:
    # Usage is set because Inspect would otherwise look for a tokenizer on the network.
    return ModelOutput(
        model=f"{PROVIDER}/{model}",
        choices=[
            ChatCompletionChoice(
                message=ChatMessageAssistant(content=content, tool_calls=calls or None, source="generate"),
                stop_reason="tool_calls" if calls else "stop",
            )
        ],
        usage=ModelUsage(input_tokens=0, output_tokens=0, total_tokens=0),
    )
