"""What is known of work that is no sums, when the agent has handed in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What the command said that looked the agent's work over, where that is no sums."""

    status: int | None
    """0 where the work is done; None where its time was up"""
    said: str = ""
    """its last words, cut; the agent's own programs may have written them"""
