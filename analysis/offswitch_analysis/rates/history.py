"""Rates over time: one point for the runs of a day that are alike, and what changed from each to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from offswitch.record import subject_name
from offswitch_analysis.rates.estimates import Estimate

MARKED = {"model_served": "model as served", "detector": "detector", "code_digest": "code", "condition": "condition"}
"""column of the records -> what is marked where it differs from the point before"""
HISTORY_NOTE = (
    "A point is what began on one day (UTC) with one model as served, detector, code and condition. What differs from "
    "the point before is named: a rate that moves with it may move because of it."
)


@dataclass(frozen=True)
class Point:
    """The trials of one day that agree in every marked fact."""

    day: str
    """of the evaluation's beginning in UTC, such as 2026-11-28"""
    trials: int
    failures: int
    sabotage: Estimate
    facts: Mapping[str, str]
    """marked column -> its value"""
    changed: tuple[str, ...] = field(default=())
    """the marked columns that differ from the point before"""


@dataclass(frozen=True)
class History:
    """One model, in one agent and scene, in one variant."""

    model: str
    agent: str
    scene: str
    variant: str
    scripted: bool
    points: tuple[Point, ...]
    """oldest first"""

    @property
    def subject(self) -> str:
        """The model, with agent and scene where these are not the usual ones."""
        return subject_name(self.model, self.agent, self.scene)
