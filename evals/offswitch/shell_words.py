"""The simple commands of a shell text that are certain to have run, taken apart by a parser of the language.

What hangs on a condition, stands in a loop or in a function may never have run, so it is left out;
so is a text that is not whole, because a shell runs nothing of it. The parser is shfmt, in a process of its
own: these texts are hostile, and it is written in a language in which they cannot spoil its memory.
"""

import json
import posixpath
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, cast

from offswitch.errors import InputError

TEXT_CHARACTERS_MAX = 4096
"""a longer text is not read: size decides, and not how busy the host is"""
PARSING_S = 30.0
LAYERS_MAX = 8
"""of commands within commands; more than that nobody writes by hand"""
RAISING = ("sudo", "doas", "su", "pkexec", "runuser")
"""wrappers that ask for another user's rights"""
PREFIXES = ("env", "nohup", "setsid", "nice", "ionice", "time", "timeout", "stdbuf", "exec", "command", "builtin")
SHELLS = ("sh", "bash", "dash", "su", "runuser")
MOVING = ("cd", "pushd", "popd")
NOWHERE = "?"
"""a directory that is not known"""
Node = dict[str, Any]
"""of shfmt's syntax tree; see the package mvdan.cc/sh/v3/syntax for the kinds and their fields"""


@dataclass(frozen=True)
class Words:
    """One simple command: its words as far as they are known, and where it ran."""

    words: tuple[str | None, ...]
    """None for a word that only the shell could have told"""
    directory: str

    def path(self, word: str | None) -> str | None:
        """A word as an absolute path."""
        return posixpath.normpath(posixpath.join(self.directory, word)) if word else None


@lru_cache(4096)
def certain_commands(text: str, home: str) -> tuple[Words, ...]:
    """Every simple command of a text that begins at home and is certain to have run, in order."""
    tree = _parsed(text)
    try:
        return () if tree is None else tuple(_Reading(home, home).of_statements(tree))
    except RecursionError:
        return ()


@lru_cache(4096)
def program_names(text: str) -> tuple[str | None, ...]:
    """What every simple command of a text begins with, wherever it stands; None where that is not plain."""
    calls = (node for node in _within(_parsed(text)) if node.get("Type") == "CallExpr" and node.get("Args"))
    return tuple(map(_name_of, calls))


def _name_of(node: Node) -> str | None:
    """The program that a simple command runs; None where it is none or the name is not plain."""
    words = _nodes(node, "Args") if node.get("Type") == "CallExpr" else []
    name = _Reading("", "").literal(words[0]) if words else None
    return None if name is None else posixpath.basename(name)


def _within(tree: Any) -> Iterator[Node]:
    """Every node of a tree."""
    pending: list[Any] = [tree]
    while pending:
        found = pending.pop()
        if isinstance(found, dict):
            node = cast(Node, found)
            yield node
            pending.extend(node.values())
        elif isinstance(found, list):
            pending.extend(cast(list[Any], found))


def _parsed(text: str) -> Node | None:
    """The syntax tree of a text, None where it is none or could not be read."""
    if len(text) > TEXT_CHARACTERS_MAX:
        return None
    words = [_parser(), "--to-json", "-ln", "bash"]
    try:
        done = subprocess.run(
            words, input=text.encode("utf-8", "replace"), capture_output=True, timeout=PARSING_S, check=False
        )
        return json.loads(done.stdout) if done.returncode == 0 else None
    except (subprocess.TimeoutExpired, ValueError, RecursionError):
        return None


@cache
def _parser() -> str:
    path = shutil.which("shfmt", path=sysconfig.get_path("scripts")) or shutil.which("shfmt")
    if path is None:
        raise InputError("shfmt is not installed, without which words cannot be read; install offswitch again")
    return path


@dataclass
class _Reading:
    """Follows a text from top to bottom; the directory goes with it."""

    home: str
    directory: str

    def of_statements(self, node: Node) -> Iterator[Words]:
        for statement in _nodes(node, "Stmts"):
            yield from self._of_command(_node(statement, "Cmd"))

    def _of_command(self, node: Node) -> Iterator[Words]:
        match node.get("Type"):
            case "CallExpr":
                yield from self._of_call(node)
            case "Block":
                yield from self.of_statements(node)
            case "Subshell":
                yield from _Reading(self.home, self.directory).of_statements(node)
            case "IfClause":
                yield from self.of_statements({"Stmts": node.get("Cond")})
                self._lose_way(node)
            case "TimeClause":
                yield from self._of_command(_node(_node(node, "Stmt"), "Cmd"))
            case "BinaryCmd":
                yield from self._of_command(_node(_node(node, "X"), "Cmd"))
                # The right side of && and || runs only if the left one says so.
                if node.get("Op") not in ("&&", "||"):
                    yield from self._of_command(_node(_node(node, "Y"), "Cmd"))
                self._lose_way(_node(node, "Y"))
            case _:
                self._lose_way(node)

    def _lose_way(self, node: Node) -> None:
        """Where a part that may have run changes the directory, nobody knows it any more."""
        if any(_name_of(found) in MOVING for found in _within(node)):
            self.directory = NOWHERE

    def _of_call(self, node: Node) -> Iterator[Words]:
        words = tuple(self.literal(word) for word in _nodes(node, "Args"))
        if not words:
            return
        yield Words(words, self.directory)
        if words[0] == "cd":
            named = [word for word in words[1:] if word is None or not word.startswith("-")]
            to = named[0] if named else self.home
            self.directory = Words((), self.directory).path(to) or NOWHERE
        elif words[0] in MOVING:
            self.directory = NOWHERE

    def literal(self, word: Node) -> str | None:
        """What a word becomes, None where that hangs on more than this text."""
        parts = [self._part(part) for part in _nodes(word, "Parts")]
        return None if None in parts else "".join(part for part in parts if part is not None)

    def _part(self, part: Node, quoted: bool = False) -> str | None:
        match part.get("Type"):
            case "SglQuoted":
                return None if part.get("Dollar") is True else str(part.get("Value", ""))
            case "DblQuoted":
                inner = [self._part(one, quoted=True) for one in _nodes(part, "Parts")]
                return None if None in inner else "".join(one for one in inner if one is not None)
            case "ParamExp":
                return self._variable(part)
            case "Lit":
                return str(part["Value"]) if quoted else self._bare(str(part["Value"]))
            case _:
                return None

    def _variable(self, part: Node) -> str | None:
        changed = any(part.get(name) for name in ("Excl", "Length", "Width", "Index", "Slice", "Repl", "Names", "Exp"))
        known = {"HOME": self.home, "PWD": self.directory}
        return None if changed else known.get(part["Param"]["Value"])

    def _bare(self, text: str) -> str | None:
        if any(mark in text for mark in "*?["):
            return None
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        return text.replace("\\", "")


def _node(node: Node, name: str) -> Node:
    return node.get(name) or {}


def _nodes(node: Node, name: str) -> list[Node]:
    return node.get(name) or []


def unwrapped(command: Words, home: str, layers: int = 0) -> Iterator[tuple[Words, bool]]:
    """The command within its wrappers, and whether one of them asks for another user's rights."""
    words = list(command.words)
    if not words or words[0] is None or layers > LAYERS_MAX:
        return
    name = posixpath.basename(words[0])
    inner = _inner(name, words[1:])
    if inner is None:
        yield Words((name, *words[1:]), command.directory), False
        return
    within = certain_commands(inner, home) if isinstance(inner, str) else (Words(tuple(inner), command.directory),)
    for found in within:
        for last, raised in unwrapped(found, home, layers + 1):
            yield last, raised or name in RAISING


def _inner(name: str, rest: Sequence[str | None]) -> str | list[str | None] | None:
    """What a wrapper runs: a text of the shell's or words; None for a command that is no wrapper."""
    if name == "eval":
        return " ".join(word or "" for word in rest)
    if name in SHELLS:
        texts = (i + 1 for i, word in enumerate(rest) if word is not None and _takes_text(word))
        place = next(texts, len(rest))
        return (rest[place] or "") if place < len(rest) else None
    if name == "command" and rest and rest[0] in ("-v", "-V"):
        return []  # only asks
    if name in (*RAISING, *PREFIXES):
        left = list(rest)
        while left and _is_option(left[0]):
            left.pop(0)
        return left
    return None


def _takes_text(word: str) -> bool:
    return word.startswith("-") and not word.startswith("--") and word.endswith("c")


def _is_option(word: str | None) -> bool:
    """An option, a variable or a length of time before the command proper."""
    return word is None or word.startswith("-") or "=" in word or word.rstrip("smh").isdecimal()
