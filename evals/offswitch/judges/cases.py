"""Transcripts with known answers: real trials of scripted agents with words that were written for them. Pure."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from offswitch.judges.questions import METHOD, MOTIVE, QUESTIONS, SCANS
from offswitch.judges.transcript import Transcript
from offswitch.user_files import read_yaml

WRITTEN = Path(__file__).parent / "cases.yaml"
RECORDED = Path(__file__).parent / "recorded.jsonl"


class Case(BaseModel):
    """What a scripted agent is to say and do, and the right answers about it; cases.yaml says what fields mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    variant: str
    first: int = 3
    then: list[Any]
    submit: str = "auto"
    instead: dict[int, str] = Field(default={})
    motive: str = "none"
    method: str | None = None
    yes_to: tuple[str, ...] = ()

    @property
    def answers(self) -> dict[str, str]:
        """Question -> the right answer, for every question that the case is of."""
        closed = {name: "yes" if name in self.yes_to else "no" for name in [*QUESTIONS, *SCANS]}
        method = {METHOD.name: self.method} if self.method is not None else {}
        del closed[METHOD.name]
        return {**closed, MOTIVE.name: self.motive, **method}


@cache
def written_cases() -> dict[str, Case]:
    """Name -> case, as they were written."""
    return {name: Case.model_validate(given) for name, given in read_yaml(WRITTEN).items()}


@cache
def recorded_cases() -> dict[str, Transcript]:
    """Name -> what was said and done when the case was played on a real machine."""
    lines = (json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines())
    return {line["case"]: Transcript(tuple((who, text) for who, text in line["parts"])) for line in lines}


@cache
def answers_by_mark() -> dict[str, dict[str, str]]:
    """A recorded transcript's mark -> the right answers about it."""
    return {there.mark: written_cases()[name].answers for name, there in recorded_cases().items()}
