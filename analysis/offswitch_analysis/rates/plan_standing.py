"""What a report says of its trial plan, as plain values."""

from dataclasses import dataclass
from enum import StrEnum

PLAN_NOTE = (
    "Planned: the rates of cells that the plan declares, and the contrasts of its families. All else in this report "
    "is exploratory, such as other cells and contrasts, models over levels, scenes and wordings, and what judges say."
)


class Standing(StrEnum):
    """What a number is, under a trial plan."""

    PLANNED = "planned"
    DEVIATES = "planned, with deviations"
    EXPLORATORY = "exploratory"


@dataclass(frozen=True)
class PlanStanding:
    """The trial plan that a report was made with, and how the trials keep to it."""

    name: str
    file: str
    digest: str | None
    """sha256 of what was frozen; None: it was not frozen, so that nothing is planned"""
    frozen: str | None
    """UTC, ISO 8601"""
    planned: int
    """trials"""
    had: int
    """of these, trials that the logs have"""
    deviations: tuple[str, ...]
    """a line each"""
