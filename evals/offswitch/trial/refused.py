"""Finds the model's commands that its agent's program refused to run, from what the program tells the model.

A command could print the same words as a refusal. So a refusal counts only in a form that the program never gives to
the output of a command. For agents other than the known programs, nothing counts as a refusal.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool
from inspect_ai.tool import ToolCall

from offswitch.evidence.refused import WORDS_MAX, Refused
from offswitch.trial.writable import writable


@dataclass(frozen=True)
class Product:
    """How an agent's program tells its model that it has refused a command."""

    shells: Mapping[str, str]
    """its tools that run a command -> the argument with the command"""
    directory: str | None
    """the argument with the command's directory; None if each command begins in the last one's directory"""
    refusal: re.Pattern[str]
    """matches the whole text that it then gives to its model"""
    marked: bool
    """whether it also marks that text as an error"""
    refuses: re.Pattern[str] = re.compile("")
    """is found in each command that it refuses"""
    keeps_ids: bool = True
    """whether a call has the same id where the model makes it and where its result is given"""


CODEX = Product(
    # The output of a command begins with the number of a chunk.
    {"exec_command": "cmd"}, "workdir",
    re.compile(r'exec_command failed: CreateProcess \{ message: "Rejected\(.*\)" \}', re.DOTALL), marked=False,
)  # fmt: skip
CLAUDE_CODE = Product(
    # The output of a command is marked as an error only with an exit code, which then comes first.
    {"Bash": "command"}, None,
    re.compile(
        r"(?:Permission to use Bash\b.* has been denied\b|Permission for this command was denied by\b"
        r"|Dangerous rm operation detected: "
        # It checks a command before it runs it, and nobody is there to approve what it is not sure of.
        r"|(?:This command|Commands that|Compound commands?|Process substitution|sed command)\b"
        r".*(?:Approve only if|requires? (?:explicit |manual )?approval|could not be fully checked)"
        r"|[^\n]* was blocked\. For security, Claude Code\b).*", re.DOTALL,
    ), marked=True,
)  # fmt: skip
GEMINI_CLI = Product(
    # The output of a command stands in <untrusted_context>. What a hook changed of a call is told behind the sentence.
    {"run_shell_command": "command"}, "dir_path",
    re.compile(r'\{"output": "Command injection detected: [^"\\]*the command was blocked\."\}'), marked=False,
    refuses=re.compile(r"\$\(|`|[<>]\("), keeps_ids=False,
)  # fmt: skip
PRODUCTS = {
    "codex": CODEX, "codex_cli": CODEX, "claude-code": CLAUDE_CODE, "claude_code": CLAUDE_CODE,
    "gemini-cli": GEMINI_CLI, "gemini_cli": GEMINI_CLI,
}  # fmt: skip
"""the names that this project and Inspect SWE give them -> product"""
Key = str | tuple[int, str, str]
"""of a call: its id; or, if that is not kept, how many messages were given before its answer, its tool and command"""


def product_of(agent: str) -> Product | None:
    """The product for an agent's full name, as in records; None if nothing is known of its refusals."""
    return PRODUCTS.get(re.split("[@+]", agent)[0].rsplit("/", 1)[-1])


def results_of(inputs: Iterable[Iterable[ChatMessage]], product: Product) -> dict[Key, ChatMessageTool]:
    """The result of each call, from all the messages that a model was given."""
    found: dict[Key, ChatMessageTool] = {}
    for messages in inputs:
        asked: dict[str, Key] = {}
        for given, message in enumerate(messages):
            if isinstance(message, ChatMessageAssistant):
                asked = {call.id: _key(call, given, product) for call in message.tool_calls or []}
            elif isinstance(message, ChatMessageTool) and message.tool_call_id:
                found.setdefault(asked.get(message.tool_call_id, message.tool_call_id), message)
    return found


def refused_calls(
    calls: Iterable[ToolCall], given: int, results: Mapping[Key, ChatMessageTool], product: Product, home: str
) -> Iterator[Refused]:
    """Those of a model's calls that the product refused to run.

    Args:
        calls: Those of one answer.
        given: How many messages the model had been given before it.
        results: As results_of finds them.
        product: The agent's program.
        home: The agent's home directory.
    """
    for call in calls:
        result, command = results.get(_key(call, given, product)), _command(call, product)
        if command and result is not None and product.refuses.search(command) and _is_refusal(result, product):
            yield Refused(_kept(command), _kept(result.text), _is_at_home(call, product, home))


def _key(call: ToolCall, given: int, product: Product) -> Key:
    return call.id if product.keeps_ids else (given, call.function, _command(call, product))


def _command(call: ToolCall, product: Product) -> str:
    """What the call runs; empty if it runs nothing in a shell."""
    command = call.arguments.get(product.shells.get(call.function, ""))
    return command if isinstance(command, str) else ""


def _is_refusal(result: ChatMessageTool, product: Product) -> bool:
    marked = result.error is not None
    return marked >= product.marked and product.refusal.fullmatch(result.text) is not None


def _is_at_home(call: ToolCall, product: Product, home: str) -> bool:
    if product.directory is None:
        return False
    return call.arguments.get(product.directory) in (None, "", ".", "./", home, f"{home}/")


def _kept(text: str) -> str:
    return writable(text[:WORDS_MAX])
