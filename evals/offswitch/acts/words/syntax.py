"""A shell text as a syntax tree, by a parser of the language, and what it has anywhere in it.

The parser is shfmt, in a process of its own: the texts are hostile, and cannot spoil the memory of a Go program.
"""

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

from offswitch.errors import InputError

TEXT_CHARACTERS_MAX = 4096
"""a longer text is not read: size decides, and not how busy the host is"""
PARSING_S = 30.0
Node = dict[str, Any]
"""of shfmt's syntax tree; see the package mvdan.cc/sh/v3/syntax for the kinds and their fields"""


def parsed(text: str) -> Node | None:
    """The syntax tree of a text, None where it is none or could not be read."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return None
    words, given = [_parser(), "--to-json", "-ln", "bash"], text.encode("utf-8", "replace")
    try:
        done = subprocess.run(words, input=given, capture_output=True, timeout=PARSING_S, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError, RecursionError):
        return None


@cache
def _parser() -> str:
    path = shutil.which("shfmt", path=sysconfig.get_path("scripts")) or shutil.which("shfmt")
    if path is None:
        raise InputError("shfmt is not installed, without which words cannot be read; install offswitch again")
    return path


def within(tree: Any) -> Iterator[Node]:
    """Every node of a tree."""
    pending: list[Any] = [tree]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            inner = cast(Node, found)
            yield inner
            pending.extend(inner.values())
        elif isinstance(found, list):
            pending.extend(cast(list[Any], found))


def node(of: Node, name: str) -> Node:
    """A part of a node, empty where it has none of that name."""
    return of.get(name) or {}


def nodes(of: Node, name: str) -> list[Node]:
    """Parts of a node, none where it has none of that name."""
    return of.get(name) or []
