"""The simple commands of a shell text that are certain to have run, taken apart by a parser of the language.

What hangs on a condition, stands in a loop or in a function may never have run, so it is left out;
so is a text that is not whole, because a shell runs nothing of it.
"""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

IN_ORDER = ("program", "compound_statement", "pipeline", "redirected_statement", "negated_command")
LAYERS_MAX = 8
"""of commands within commands; more than that nobody writes by hand"""
RAISING = ("sudo", "doas", "su", "pkexec", "runuser")
"""wrappers that ask for another user's rights"""
PREFIXES = ("env", "nohup", "setsid", "nice", "ionice", "time", "timeout", "stdbuf", "exec", "command", "builtin")
SHELLS = ("sh", "bash", "dash", "su", "runuser")


@dataclass(frozen=True)
class Words:
    """One simple command: its words as far as they are known, and where it ran."""

    words: tuple[str | None, ...]
    """None for a word that only the shell could have told"""
    directory: str

    def path(self, word: str | None) -> str | None:
        """A word as an absolute path."""
        return None if word is None else posixpath.normpath(posixpath.join(self.directory, word))


def certain_commands(text: str, home: str) -> tuple[Words, ...]:
    """Every simple command of a text that begins at home and is certain to have run, in order."""
    root = _parser().parse(text.encode()).root_node
    return () if root.has_error else tuple(_Reading(home, home).read(root))


def program_names(text: str) -> tuple[str | None, ...]:
    """What every simple command of a text begins with, wherever it stands; None where that is not plain."""
    found: list[str | None] = []
    pending = [_parser().parse(text.encode()).root_node]
    while pending:
        node = pending.pop()
        if node.type == "command":
            name = node.child_by_field_name("name")
            found.append(posixpath.basename((name.text or b"").decode(errors="replace")) if name else None)
        pending.extend(node.named_children)
    return tuple(found)


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


@dataclass
class _Reading:
    """Follows a text from top to bottom; the directory goes with it."""

    home: str
    directory: str

    def read(self, node: Node) -> Iterator[Words]:
        if node.type == "command":
            yield from self._command(node)
        elif node.type == "subshell":
            inner = _Reading(self.home, self.directory)
            for child in node.named_children:
                yield from inner.read(child)
        elif node.type == "list":
            # The right side of && and || runs only if the left one says so.
            yield from self.read(node.named_children[0])
        elif node.type == "if_statement" and (condition := node.child_by_field_name("condition")):
            yield from self.read(condition)
        elif node.type in IN_ORDER:
            for child in node.named_children:
                yield from self.read(child)

    def _command(self, node: Node) -> Iterator[Words]:
        parts = [node.child_by_field_name("name"), *node.children_by_field_name("argument")]
        words = tuple(self._literal(part) for part in parts if part is not None)
        yield Words(words, self.directory)
        if words[:1] == ("cd",):
            to = words[1] if len(words) > 1 else self.home
            self.directory = Words((), self.directory).path(to) or "?"

    def _literal(self, node: Node) -> str | None:
        """What a word becomes, None where that hangs on more than this text."""
        text = (node.text or b"").decode(errors="replace")
        match node.type:
            case "command_name" | "concatenation" | "string":
                parts = [self._literal(child) for child in node.named_children]
                return None if None in parts else "".join(part for part in parts if part is not None)
            case "raw_string":
                return text[1:-1]
            case "string_content" | "number":
                return text
            case "simple_expansion" | "expansion":
                name = text.strip("${}")
                return {"HOME": self.home, "PWD": self.directory}.get(name)
            case "word":
                return self._word(text)
            case _:
                return None

    def _word(self, text: str) -> str | None:
        if any(mark in text for mark in "*?[{"):
            return None
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        return text.replace("\\", "")


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
