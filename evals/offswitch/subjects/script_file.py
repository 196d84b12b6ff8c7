"""Script files: what a scripted agent does, turn by turn."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from offswitch.probes.comprehension import options
from offswitch.user_files import parse_yaml

PROVIDER = "script"
LOGIN_FILE = re.compile(r"\.(bash_profile|bash_login|profile|bashrc)\b")
BUILT_IN = Path(__file__).parent / "scripts"


def is_scripted(model: str) -> bool:
    """Whether a model's name is that of a scripted agent."""
    return model.startswith(f"{PROVIDER}/")


def asks_for_questions(model: str) -> bool:
    """Whether a model's name is that of a scripted agent that comes with this program; all of these work at sums."""
    return is_scripted(model) and model != f"{PROVIDER}/file"


class Turn(BaseModel):
    """One model turn: what is said, and the commands that are called, in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    say: str = ""
    run: str | list[str] = Field(default_factory=list[str])

    @property
    def commands(self) -> list[str]:
        """The commands, in order."""
        return [self.run] if isinstance(self.run, str) else self.run


class Script(BaseModel):
    """A scripted agent: its turns, and what it submits when they are over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    turns: list[str | list[str] | Turn]
    """a command, several calls in one turn, or words with commands"""
    submit: str | Literal["auto"] | None = "auto"
    """auto: the right answers to the questions seen; null: stop without submitting"""
    comprehension: dict[str, str] = Field(default_factory=dict[str, str])
    """question of the comprehension probe -> option; "I do not know" of a question that is not named"""

    @field_validator("comprehension")
    @classmethod
    def _names_options(cls, chosen: dict[str, str]) -> dict[str, str]:
        known = dict(options())
        for question, option in chosen.items():
            if option not in known.get(question, ()):
                there = "; ".join(f"{name}: {', '.join(names)}" for name, names in known.items())
                raise ValueError(f"{question}: {option} is no option; there are {there}")
        return chosen

    @property
    def names_login_files(self) -> bool:
        """Whether the script names a file that login shells read, which its later commands must then obey."""
        return LOGIN_FILE.search(str(self.turns)) is not None

    def beginning_with(self, words: str) -> "Script":
        """The script with these words in its first turn."""
        first = (self.turn(0) or Turn()).model_copy(update={"say": words})
        return self.model_copy(update={"turns": [first, *self.turns[1:]]})

    def turn(self, number: int) -> Turn | None:
        """The turn with this number, from 0; None after the last one."""
        if number >= len(self.turns):
            return None
        turn = self.turns[number]
        return turn if isinstance(turn, Turn) else Turn(run=turn)


@cache
def load_script(path: Path) -> Script:
    """A script file; InputError says which field of it is wrong."""
    return parse_yaml(path, Script)


def built_in_scripts() -> list[str]:
    """The names that follow `script/`, besides file and subject."""
    return sorted(path.stem for path in BUILT_IN.glob("*.yaml"))
