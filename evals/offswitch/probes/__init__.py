"""Closed questions that are put to a copy of the conversation when a trial is over, and what was answered. Pure.

Nothing here is evidence: no act and no verdict rests on it. `comprehension` is imported by its own name.
"""

from offswitch.probes.stored import (
    BEFORE,
    PROBES,
    Answered,
    ProbeName,
    asked_before,
    probes_named,
    read_probes,
    to_text,
)

__all__ = ["BEFORE", "PROBES", "Answered", "ProbeName", "asked_before", "probes_named", "read_probes", "to_text"]
