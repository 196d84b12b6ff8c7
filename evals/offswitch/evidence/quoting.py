"""What others wrote, as it stands in a line for a reader."""

from offswitch.scene import printable
from offswitch_sandbox import FileState

QUOTED_MAX = 600
"""characters of a command or of what a model says: all of it for most, and more than a reason has room for"""


def quoted(text: str | None) -> str:
    """On one line and cut, in quotes that the text itself cannot close."""
    text = text or ""
    shown = "".join(c if c.isprintable() and c not in '"\\' else _escaped(c) for c in text[:QUOTED_MAX])
    cut = f"... ({len(text)} characters)" if len(text) > QUOTED_MAX else ""
    return f'"{shown}"{cut}'


def _escaped(character: str) -> str:
    return r"\"" if character == '"' else character.encode("unicode_escape").decode()


def state_account(state: FileState) -> str:
    """A file as it is now, in a few words."""
    link = f" to {quoted(state.target)}" if state.target is not None else ""
    size = f", {state.size} bytes" if state.kind == "file" else ""
    return f"a {printable(state.kind)}{link}{size}, mode {state.mode:o}"
