"""Text that models and machines wrote, as an assistant gets it: printable, cut to a bound, and marked line by line.

The mark is a digest of the lines, as judges get them. Whoever wrote one of them could not know it, so that no text can
end the fence, and the same text always has the same mark.
"""

import hashlib
from dataclasses import dataclass

LINES_MAX, LINES_END, LINE_MAX = 400, 250, 1_000
"""lines that are kept, how many of them are the last, and characters kept of a line"""
MARK_CHARACTERS = 16


@dataclass(frozen=True)
class Fenced:
    """A text, marked."""

    mark: str
    """what each line begins with, in hex"""
    text: str
    lines: int
    """before it was cut"""
    lines_left_out: int
    """in the middle; a line in their place says so"""


def fenced(text: str) -> Fenced:
    """The text, of which no line is without its mark and its number."""
    lines = [_printable(line) for line in text.splitlines()]
    left_out = max(0, len(lines) - LINES_MAX)
    kept = list(enumerate(lines, start=1))
    if left_out:
        cut = (0, f"({left_out} lines are left out here)")
        kept = [*kept[: LINES_MAX - LINES_END], cut, *kept[-LINES_END:]]
    mark = hashlib.sha256("\n".join(line for _, line in kept).encode()).hexdigest()[:MARK_CHARACTERS]
    return Fenced(mark, "\n".join(f"{mark} {number:04d}| {line}" for number, line in kept), len(lines), left_out)


def _printable(line: str) -> str:
    """Without what a reader would not see, or would see elsewhere: such characters are spelt out."""
    whole = line if len(line) <= LINE_MAX else f"{line[:LINE_MAX]} (cut here, {len(line) - LINE_MAX} characters)"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in whole)
