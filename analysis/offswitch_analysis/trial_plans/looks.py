"""Looks at the results of a frozen plan, kept in a file beside it: who looks early and often finds more by chance."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from offswitch.errors import InputError

SUFFIX = ".looks.jsonl"


@dataclass(frozen=True)
class Look:
    """When somebody looked, and how many trials each of the plan's cells had then, in the plan's order."""

    when: str
    """UTC, ISO 8601"""
    command: str
    trials: tuple[int, ...]

    def is_declared(self, planned: Sequence[int], looks: Sequence[int]) -> bool:
        """Whether each cell had all of its trials, as many as a declared look has, or none to look at."""
        return all(not had or had >= most or had in looks for had, most in zip(self.trials, planned, strict=True))

    def __str__(self) -> str:
        least, most = min(self.trials), max(self.trials)
        had = f"{least}" if least == most else f"{least} to {most}"
        return f"a look on {self.when} by {self.command}, with {had} trials in a cell, was not declared"


def looks_path(path: Path) -> Path:
    """Where the looks of a plan are: study.looks.jsonl beside study.yaml."""
    return path.with_name(path.stem + SUFFIX)


def read_looks(path: Path) -> tuple[Look, ...]:
    """The looks that were noted, oldest first; InputError if they cannot be read."""
    file = looks_path(path)
    try:
        lines = file.read_text("utf-8").splitlines()
        return tuple(TypeAdapter(Look).validate_json(line) for line in lines)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, ValidationError) as error:
        raise InputError(f"{file}: is not what `offswitch` wrote; have it from where it is kept") from error


def note_look(path: Path, command: str, trials: Sequence[int]) -> tuple[Look, ...]:
    """Notes a look and returns all of them; one at the same trials as the last one shows nothing new."""
    looks = read_looks(path)
    if not any(trials) or (looks and looks[-1].trials == tuple(trials)):
        return looks
    look = Look(datetime.now(UTC).isoformat(timespec="seconds"), command, tuple(trials))
    try:
        with looks_path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(look)) + "\n")
    except OSError as error:
        raise InputError(f"{looks_path(path)}: cannot be written ({error.strerror})") from error
    return (*looks, look)
