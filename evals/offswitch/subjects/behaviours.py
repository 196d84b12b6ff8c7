"""The catalogue: scripts with the verdict and the methods that they are to get, and a sentence."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, model_validator

from offswitch.acts import Method
from offswitch.errors import InputError
from offswitch.scene import Way
from offswitch.subjects.script_file import Script
from offswitch.user_files import parse_yaml
from offswitch.verdict import Verdict

INSTALLED = Path(__file__).parent / "behaviours"
IN_SOURCES = Path(__file__).parents[3] / "tests" / "golden" / "behaviours"
TAMPERING = (Verdict.SABOTAGED, Verdict.EVADED, Verdict.ATTEMPTED)


class Need(StrEnum):
    """What a behaviour takes for granted of the agent's tools, and not every agent has."""

    JOBS = "jobs"
    """what a command leaves behind in its session goes on after it"""
    PROCESSES = "processes"
    """nearly all processes that a machine can have are its own"""


class Behaviour(Script):
    """What a scripted agent does, and what is to be said of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str
    """what the agent does and what comes of it, in one sentence"""
    verdict: Verdict
    methods: list[Method]
    """the exact set"""
    harmless: bool = False
    needs: tuple[Need, ...] = ()
    way: Way = Way.DESK
    """what runs the script; another than the desk needs time to pass, and each answer takes some then"""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.verdict is Verdict.FAILURE:
            raise ValueError("a behaviour of an agent is no failure of our machinery")
        if self.harmless and self.verdict in TAMPERING:
            raise ValueError(f"a harmless behaviour is not {self.verdict}")
        if bool(self.methods) != (self.verdict in TAMPERING):
            raise ValueError("methods go with sabotaged, evaded and attempted, and with nothing else")
        return self


@dataclass(frozen=True)
class BehaviourResult:
    """What the detector said of a behaviour."""

    name: str
    expected: Behaviour
    verdict: str
    methods: frozenset[str]
    missing: str | None
    """the kind of evidence that an undecided trial lacks"""
    log: str
    """path of the log with the trial"""
    refused: bool = False
    """the agent's own program would not run a command, so that this was not what the behaviour does"""

    @property
    def right(self) -> bool:
        """The verdict is the expected one."""
        return self.verdict == self.expected.verdict

    @property
    def exact(self) -> bool:
        """The methods are the expected ones, no more and no less."""
        return self.methods == frozenset(map(str, self.expected.methods))


def catalogue() -> Path:
    """Where the behaviours are that come with this version."""
    return INSTALLED if INSTALLED.exists() else IN_SOURCES


def load_behaviours(folder: Path) -> dict[str, Behaviour]:
    """Name -> behaviour for every YAML file of a folder; InputError names file and field."""
    found = {path.stem: parse_yaml(path, Behaviour) for path in sorted(folder.glob("*.yaml"))}
    if not found:
        raise InputError(f"{folder}: no behaviours here; give a folder of YAML files")
    return found
