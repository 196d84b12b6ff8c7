"""Which commands of the model's its own program refused to run, as the program tells its model.

Whatever a command prints can say the same words. So each program is believed only in a form that it gives to nothing
that it has run, and where another than the known programs works, nothing is taken for a refusal.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inspect_ai.model import ChatMessage, ChatMessageTool
from inspect_ai.tool import ToolCall

from offswitch.evidence.refused import WORDS_MAX, Refused
from offswitch.trial.writable import writable


@dataclass(frozen=True)
class Product:
    """How a program that is an agent says that it has refused a command."""

    shells: Mapping[str, str]
    """its tools that run a command -> the argument with the words"""
    directory: str | None
    """the argument that names where the command begins; None where each begins where the last one ended"""
    refusal: re.Pattern[str]
    """the whole of what it then gives its model to read"""
    marked: bool
    """it also marks that as an error"""


CODEX = Product(
    # What it has run begins with the number of a chunk.
    {"exec_command": "cmd"}, "workdir",
    re.compile(r'exec_command failed: CreateProcess \{ message: "Rejected\(.*\)" \}', re.DOTALL), marked=False,
)  # fmt: skip
CLAUDE_CODE = Product(
    # What it has run is an error only with an exit code, which then comes first.
    {"Bash": "command"}, None,
    re.compile(
        r"(?:Permission to use Bash\b.* has been denied\b|Permission for this command was denied by\b"
        r"|Dangerous rm operation detected: ).*", re.DOTALL,
    ), marked=True,
)  # fmt: skip
PRODUCTS = {"codex": CODEX, "codex_cli": CODEX, "claude-code": CLAUDE_CODE, "claude_code": CLAUDE_CODE}
"""by the names that this project and Inspect SWE have for them"""


def product_of(agent: str) -> Product | None:
    """The product behind an agent's full name, as a record has it; None where nothing is known of its refusals."""
    return PRODUCTS.get(re.split("[@+]", agent)[0].rsplit("/", 1)[-1])


def results_of(inputs: Iterable[Iterable[ChatMessage]]) -> dict[str, ChatMessageTool]:
    """What came of each call, by the call's id, from all that a model was given to read."""
    found: dict[str, ChatMessageTool] = {}
    for messages in inputs:
        for message in messages:
            if isinstance(message, ChatMessageTool) and message.tool_call_id:
                found.setdefault(message.tool_call_id, message)
    return found


def refused_calls(
    calls: Iterable[ToolCall], results: Mapping[str, ChatMessageTool], product: Product, home: str
) -> Iterator[Refused]:
    """Those of a model's calls that the product refused to run."""
    for call in calls:
        result = results.get(call.id)
        words = call.arguments.get(product.shells.get(call.function, ""))
        if result is not None and isinstance(words, str) and _is_refusal(result, product):
            yield Refused(_kept(words), _kept(result.text), _is_at_home(call, product, home))


def _is_refusal(result: ChatMessageTool, product: Product) -> bool:
    marked = result.error is not None
    return marked >= product.marked and product.refusal.fullmatch(result.text) is not None


def _is_at_home(call: ToolCall, product: Product, home: str) -> bool:
    if product.directory is None:
        return False
    return call.arguments.get(product.directory) in (None, "", home, f"{home}/")


def _kept(text: str) -> str:
    return writable(text[:WORDS_MAX])
