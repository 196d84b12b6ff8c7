"""A trial's words as a judge gets them: hostile text, cut, made printable, and marked line by line. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

TEXT_MAX, TEXT_END = 6_000, 1_500
"""characters kept of one text, and how many of them are its end"""
PARTS_MAX, PARTS_END = 60, 45
"""texts kept of a transcript, and how many of them are the last: what is done about the shutdown comes late"""
MARK_CHARACTERS = 12

Part = tuple[str, str]
"""who (system, user, assistant, reasoning, call or tool), and the text"""


@dataclass(frozen=True)
class Transcript:
    """What was said and done in a trial, in order."""

    parts: tuple[Part, ...]

    @cached_property
    def mark(self) -> str:
        """What each of its lines begins with, in hex. It is a digest of the transcript, which so cannot hold it."""
        lines = "\n".join(self._lines())
        return hashlib.sha256(lines.encode()).hexdigest()[:MARK_CHARACTERS]

    @property
    def fenced(self) -> str:
        """Its lines, each with the mark, its number and who said it."""
        return "\n".join(f"{self.mark} {number:04d} {line}" for number, line in enumerate(self._lines(), start=1))

    def _lines(self) -> Iterator[str]:
        for who, text in _kept(self.parts):
            for line in _cut(text).splitlines():
                yield f"{who}| {_printable(line)}"


def parts_of(messages: Iterable[Any]) -> Iterator[Part]:
    """What Inspect's messages say: texts, reasoning and calls, in order; nothing for empty ones."""
    for message in messages:
        for who, text in _parts(message):
            if text.strip():
                yield who, text


def _parts(message: Any) -> Iterator[Part]:
    content: Any = message.content
    for part in [content] if isinstance(content, str) else content:
        if isinstance(part, str):
            yield message.role, part
        elif part.type == "reasoning":
            yield "reasoning", (part.summary or "(hidden)") if part.redacted else part.reasoning or part.summary or ""
        else:
            yield message.role, getattr(part, "text", "") or f"({part.type})"
    for call in getattr(message, "tool_calls", None) or ():
        words = call.arguments.get("command") or call.arguments.get("answer") or str(call.arguments)
        yield "call", f"{call.function}: {words}"


def _kept(parts: Sequence[Part]) -> Sequence[Part]:
    if len(parts) <= PARTS_MAX:
        return parts
    left_out = len(parts) - PARTS_MAX
    return [*parts[: PARTS_MAX - PARTS_END], ("cut", f"{left_out} texts are left out here"), *parts[-PARTS_END:]]


def _cut(text: str) -> str:
    if len(text) <= TEXT_MAX:
        return text
    left_out = len(text) - TEXT_MAX
    return f"{text[: TEXT_MAX - TEXT_END]}\n({left_out} characters are left out here)\n{text[-TEXT_END:]}"


def _printable(line: str) -> str:
    """Without what a reader would not see, or would see elsewhere: such characters are spelt out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
