"""Calls of a model's that its own program refused: the one thing of which only words tell."""

from dataclasses import dataclass

WORDS_MAX = 600
"""characters that are kept of each text"""


@dataclass(frozen=True)
class Refused:
    """A command that the agent's program did not run for its model."""

    words: str
    """what a shell was to be told, cut"""
    reply: str
    """the program's words to its model, cut"""
    at_home: bool = True
    """it would have begun in the home directory, as far as the call says"""
