"""Arguments that several tools take, and what one of them gives that no command does."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

Logs = Annotated[str, Field(description='A run\'s name, or a log or directory below the allowed ones; "" is all.')]
Pack = Annotated[str, Field(description='A prompt pack below the allowed directories; "" for the project\'s prompts.')]
Point = Annotated[str, Field(description="A variant, such as E, or one with other levels: E+strength=must.")]
PlanName = Annotated[str, Field(description="The name under which plan_check kept a plan; empty for none.")]
RunName = Annotated[str, Field(description="The name that start_run was given.")]
LIMIT_MAX = 200


@dataclass(frozen=True)
class ReportData:
    """Where a report was written."""

    report: str
    """its page; summary.json, report.md and figures lie beside it"""
    anew: bool
    """false where nothing had changed since it was last written"""
