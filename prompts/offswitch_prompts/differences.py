"""What one prompt says and another does not, word by word."""

import re
from collections.abc import Mapping
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"
_WORD = re.compile(r"\S+|\s+")


def word_diff(one: str, other: str) -> list[tuple[str, str]]:
    """Pieces of text in order, each the same in both, gone from the one or new in the other."""
    before, after = _WORD.findall(one), _WORD.findall(other)
    pieces: list[tuple[str, str]] = []
    for _, begin, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, new = "".join(before[begin:end]), "".join(after[first:last])
        pieces += [(SAME, gone)] if gone == new else [piece for piece in ((GONE, gone), (NEW, new)) if piece[1]]
    return pieces


def differing_levels(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Factor -> its level in each, where they differ."""
    return {factor: (one[factor], other[factor]) for factor in one if one[factor] != other[factor]}
