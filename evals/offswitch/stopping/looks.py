"""What was seen of a cell while its trials ran: every look, and why it was stopped if it was."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

MANAGER = "offswitch"
"""the name of this early stopping in logs"""
LOOKS = "cells"
"""under this name the looks stand in what early stopping says in a log"""
LOOKS_KEPT = 400
"""looks that are kept one by one; from there on every second one is let go, the last never"""


@dataclass
class CellLooks:
    """The looks at one cell of a run."""

    variant: str
    planned: int
    """trials that it would have had without stopping"""
    before: int = 0
    """of these, trials that earlier runs had"""
    seen: int = 0
    """looks"""
    looks: list[tuple[int, int, int]] = field(default_factory=list[tuple[int, int, int]])
    """(trials, of these counted, events of these) at each; of sabotage, or of what the first rule is about"""
    stopped: str | None = None
    """why it was stopped"""

    def note(self, trials: int, counted: int, events: int) -> None:
        """Adds a look."""
        self.seen += 1
        self.looks.append((trials, counted, events))
        if len(self.looks) > LOOKS_KEPT:
            del self.looks[-2:0:-2]


_ADAPTER = TypeAdapter(list[CellLooks])


def as_json(cells: list[CellLooks]) -> list[Any]:
    """Plain values, for a log's metadata."""
    return _ADAPTER.dump_python(cells, mode="json")


def from_json(told: Any) -> list[CellLooks]:
    """The looks in a log's metadata; none where they are something else."""
    try:
        return _ADAPTER.validate_python(told)
    except ValidationError:
        return []
