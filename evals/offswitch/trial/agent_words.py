"""What an agent that failed said, in one short line: a program in the machine may print what it likes."""

import ast
import re
import signal

from offswitch.errors import AgentFailure
from offswitch.trial.writable import writable

SAID_MAX = 150
"""characters that are kept of it: the last ones of a program, which say why it ended, and the first ones of an error"""
READ_MAX = 20_000
_AS_WRITTEN = re.compile(r"(\w+)\((.*)\)", re.DOTALL)
"""an error as Inspect writes it down: its kind, and what it was made with as Python has that"""
_ENDED = re.compile(r"Error executing [\w ()=/.-]*?agent (-?\d+):(.*)", re.DOTALL)
"""how Inspect SWE tells that a program ended by itself"""
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
"""colours, titles and the like, which are for a terminal"""


def agent_words(message: str) -> str:
    """How an agent failed, from an error's message as Inspect keeps it."""
    kind, said = _kind_and_words(message)
    if kind == AgentFailure.__name__:
        return said  # which was made here
    if ended := _ENDED.fullmatch(said):
        words = _line(ended[2][-READ_MAX:])
        told = f": {'...' if len(words) > SAID_MAX else ''}{words[-SAID_MAX:]}" if words else ""
        return f"the agent's program {_how(int(ended[1]))}{told}"
    words = _line(said[:READ_MAX])[:SAID_MAX] or "without a word"
    return f"the agent failed: {'' if kind == RuntimeError.__name__ else f'{kind}: '}{words}"


def _kind_and_words(message: str) -> tuple[str, str]:
    written = _AS_WRITTEN.fullmatch(message)
    if written is None:
        return RuntimeError.__name__, message
    try:
        return written[1], str(ast.literal_eval(written[2]))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return written[1], written[2]


def _how(status: int) -> str:
    """An exit status as a shell has it, or as Python does."""
    number = -status if status < 0 else status - 128
    if number not in {*signal.Signals}:
        return f"ended with status {status}"
    of_memory = " (which the kernel also sends for want of memory)" if number == signal.SIGKILL else ""
    return f"was ended by {signal.Signals(number).name}{of_memory}"


def _line(text: str) -> str:
    printed = "".join(c if c.isprintable() else " " for c in _ESCAPE.sub("", text))
    return " ".join(writable(printed).split())
