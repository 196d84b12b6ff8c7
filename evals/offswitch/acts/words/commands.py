"""The simple commands of a shell text that are certain to have run, taken apart.

What hangs on a condition, stands in a loop or in a function may never have run, so it is left out;
so is a text that is not whole, because a shell runs nothing of it.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from offswitch.acts.words.syntax import Node, node, nodes, parsed, within

MOVING = ("cd", "pushd", "popd")
FORGETTING = ("read", "eval", "source", ".", "unset", "mapfile", "readarray", "getopts")
"""after which nobody knows what a variable is"""
SURE = ("cd", "echo", "printf", "true", ":", "pwd", "id", "whoami", "set")
"""what comes to a good end as a rule, so that what follows it with && has run"""
EMPTYING = (">", ">|", "&>")
WRITING = (*EMPTYING, ">>", "&>>", "<>")
FEEDING = ("<<", "<<-", "<<<")
NOTHING = "/dev/null"
NOWHERE = "?"
"""a directory that is not known"""
BRACES = re.compile(r"(.*?)\{([^{}]*,[^{}]*)\}(.*)", re.DOTALL)
EXPANDED_MAX = 64


@dataclass(frozen=True)
class Words:
    """One simple command: its words as far as they are known, and where it ran."""

    words: tuple[str | None, ...]
    """None for a word that only the shell could have told; a pattern of file names stands as it is"""
    directory: str
    empties: tuple[str | None, ...] = ()
    """files that it opens anew to write into"""
    feed: str | None = None
    """what it is given to read, where that stands in the text"""

    def path(self, word: str | None) -> str | None:
        """A word as an absolute path."""
        return posixpath.normpath(posixpath.join(self.directory, word)) if word else None


@lru_cache(4096)
def certain_commands(text: str, home: str) -> tuple[Words, ...]:
    """Every simple command of a text that begins at home and is certain to have run, in order."""
    tree = parsed(text)
    try:
        return () if tree is None else tuple(_Reading(home, home, {"HOME": home}, _functions(tree)).of_text(tree))
    except RecursionError:
        return ()


@lru_cache(4096)
def every_command(text: str) -> tuple[tuple[str | None, ...], ...]:
    """The words of every simple command of a text, wherever it stands; None for a word that is not plain."""
    calls = (found for found in within(parsed(text)) if found.get("Type") == "CallExpr" and found.get("Args"))
    reading = _Reading("", "", {}, frozenset())
    return tuple(tuple(reading.words_of(call)) for call in calls)


def program_names(text: str) -> tuple[str | None, ...]:
    """What every simple command of a text begins with, wherever it stands; None where that is not plain."""
    return tuple(posixpath.basename(words[0]) if words[0] is not None else None for words in every_command(text))


@lru_cache(4096)
def writes_files(text: str) -> bool:
    """Whether a text sends any output into a file."""
    reading = _Reading("", "", {}, frozenset())
    redirections = (one for found in within(parsed(text)) for one in nodes(found, "Redirs"))
    return any(one.get("Op") in WRITING and reading.literal(node(one, "Word")) != NOTHING for one in redirections)


def _functions(tree: Node) -> frozenset[str]:
    return frozenset(
        found["Name"]["Value"] for found in within(tree) if found.get("Type") == "FuncDecl" and "Name" in found
    )


@dataclass
class _Reading:
    """Follows a text from top to bottom; directory and variables go with it."""

    home: str
    directory: str
    variables: Mapping[str, str | None]
    functions: frozenset[str]
    """names that mean whatever the text says"""
    strict: bool = False
    """the first command that fails ends the text"""
    over: bool = field(default=False, init=False)
    """what follows may never have run"""

    def of_text(self, tree: Node) -> Iterator[Words]:
        for statement in nodes(tree, "Stmts"):
            if self.over:
                return
            yield from self._of_statement(statement)
            self.over |= self.strict and not _is_sure(statement)

    def _of_statement(self, statement: Node) -> Iterator[Words]:
        command = node(statement, "Cmd")
        if command.get("Type") == "CallExpr" or not command:
            yield from self._of_call(command, nodes(statement, "Redirs"))
        else:
            yield from self._of_compound(command)

    def _of_compound(self, command: Node) -> Iterator[Words]:
        match command.get("Type"):
            case "Block":
                yield from self.of_text(command)
            case "Subshell":
                yield from replace(self).of_text(command)  # what it changes ends with it
            case "IfClause":
                for statement in nodes(command, "Cond"):
                    yield from self._of_statement(statement)
                self._lose_way(command)
            case "TimeClause":
                yield from self._of_statement(node(command, "Stmt"))
            case "BinaryCmd":
                yield from self._of_statement(node(command, "X"))
                # The right side of && and || runs only if the left one says so, that of a pipe in a shell of its own.
                operator, right = command.get("Op"), node(command, "Y")
                sure = operator == "&&" and _is_sure(node(command, "X"))
                if sure or operator not in ("&&", "||"):
                    yield from self._of_statement(right)
                if not sure:
                    self._lose_way(right)
            case "DeclClause":
                self._assign(nodes(command, "Args"))
            case _:
                self._lose_way(command)

    def _lose_way(self, part: Node) -> None:
        """Where a part that may have run changes the directory or variables, nobody knows them any more."""
        if any(set(_named(found)) & {*MOVING} for found in within(part)):
            self.directory = NOWHERE
        if any(found.get("Assigns") or found.get("Type") in ("DeclClause", "WordIter") for found in within(part)):
            self.variables = {}

    def _of_call(self, call: Node, redirections: list[Node]) -> Iterator[Words]:
        words = tuple(self.words_of(call)) or (":",)
        if not nodes(call, "Args"):
            self._assign(nodes(call, "Assigns"))
        empties = tuple(self.literal(node(one, "Word")) for one in redirections if one.get("Op") in EMPTYING)
        if words[0] not in self.functions and (nodes(call, "Args") or empties):
            yield Words(words, self.directory, empties, self._feed(redirections))
            self._follow(words)

    def _follow(self, words: tuple[str | None, ...]) -> None:
        """What a command means for those that come after it."""
        match words[0]:
            case "cd":
                named = [word for word in words[1:] if word is None or not word.startswith("-")]
                to = named[0] if named else self.home
                self.directory = Words((), self.directory).path(to) or NOWHERE
            case "pushd" | "popd":
                self.directory = NOWHERE
            case "set":
                options = [word or "" for word in words[1:]]
                flags = "".join(option for option in options if option.startswith("-"))
                self.strict |= "e" in flags or "errexit" in options
                self.over |= "n" in flags or "noexec" in options
            case name:
                self.over |= name in ("exit", "return") or (name == "exec" and len(words) > 1)
                self.variables = {} if name in FORGETTING else self.variables

    def _assign(self, assignments: list[Node]) -> None:
        for one in assignments:
            if not one.get("Naked") and "Name" in one:
                plain = not (one.get("Append") or one.get("Array") or one.get("Index"))
                value = self.literal(node(one, "Value")) if plain else None
                self.variables = {**self.variables, one["Name"]["Value"]: value}

    def _feed(self, redirections: list[Node]) -> str | None:
        documents = (node(one, "Hdoc" if "Hdoc" in one else "Word") for one in redirections if one.get("Op") in FEEDING)
        return next((self.literal(document, quoted=True) for document in documents), None)

    def words_of(self, call: Node) -> Iterator[str | None]:
        """The words of a simple command, braces taken apart."""
        for word in nodes(call, "Args"):
            parts = nodes(word, "Parts")
            if len(parts) == 1 and parts[0].get("Type") == "Lit":
                yield from map(self._bare, _alternatives(str(parts[0]["Value"])))
            else:
                yield self.literal(word)

    def literal(self, word: Node, quoted: bool = False) -> str | None:
        """What a word becomes, None where that hangs on more than this text."""
        parts = [self._part(part, quoted) for part in nodes(word, "Parts")]
        return None if None in parts else "".join(part for part in parts if part is not None)

    def _part(self, part: Node, quoted: bool = False) -> str | None:
        match part.get("Type"):
            case "SglQuoted":
                return None if part.get("Dollar") is True else str(part.get("Value", ""))
            case "DblQuoted":
                return self.literal(part, quoted=True)
            case "ParamExp":
                return self._variable(part)
            case "Lit":
                return str(part["Value"]) if quoted else self._bare(str(part["Value"]))
            case _:
                return None

    def _variable(self, part: Node) -> str | None:
        changed = any(part.get(name) for name in ("Excl", "Length", "Width", "Index", "Slice", "Repl", "Names", "Exp"))
        known = {**self.variables, "PWD": self.directory}
        return None if changed else known.get(part["Param"]["Value"])

    def _bare(self, text: str) -> str:
        if text == "~" or text.startswith("~/"):
            text = self.home + text[1:]
        return text.replace("\\", "")


def _is_sure(statement: Node) -> bool:
    """Whether it comes to a good end as a rule."""
    command = node(statement, "Cmd")
    if command.get("Type") == "BinaryCmd":
        return command.get("Op") == "&&" and _is_sure(node(command, "X")) and _is_sure(node(command, "Y"))
    names = _named(command)
    return not statement.get("Negated") and (command.get("Type") == "DeclClause" or (bool(names) and names[0] in SURE))


def _named(command: Node) -> list[str]:
    """The first word of a simple command where it is plain; ':' stands for assignments alone."""
    if command.get("Type") != "CallExpr":
        return []
    words = nodes(command, "Args")
    parts = nodes(words[0], "Parts") if words else [{"Type": "Lit", "Value": ":"}]
    return [posixpath.basename(str(parts[0]["Value"]))] if len(parts) == 1 and parts[0].get("Type") == "Lit" else []


def _alternatives(text: str) -> list[str]:
    """A word for each of the words in its braces."""
    pending, found = [text], list[str]()
    while pending and len(found) + len(pending) < EXPANDED_MAX:
        word = pending.pop(0)
        if braces := BRACES.fullmatch(word):
            pending = [f"{braces[1]}{one}{braces[3]}" for one in braces[2].split(",")] + pending
        else:
            found.append(word)
    return found + pending
