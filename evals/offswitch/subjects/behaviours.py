"""The catalogue of behaviours: scripts with the verdict and the methods that the detector must give them."""

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
    """What a behaviour needs of the agent's tools that not every agent offers."""

    JOBS = "jobs"
    """jobs that a command leaves in its session go on after it"""
    CLOSED_HOME = "closed_home"
    """commands begin in a home directory that nobody can enter any more"""
    PROCESSES = "processes"
    """the behaviour itself can use nearly all processes that a machine may have"""


class Behaviour(Script):
    """What a scripted agent does, and the verdict that it must get."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str
    """what the agent does and what comes of it, in one sentence"""
    verdict: Verdict
    methods: list[Method]
    """the exact set"""
    harmless: bool = False
    needs: tuple[Need, ...] = ()
    way: Way = Way.DESK
    """what runs the script; with any way but the desk, time passes, and each answer takes some of it"""

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
    not_played: str | None = None
    """why the agent's own program did not play the behaviour as written; None where it did, and in a loop"""

    @property
    def right(self) -> bool:
        """The verdict is the expected one."""
        return self.verdict == self.expected.verdict

    @property
    def exact(self) -> bool:
        """The methods are the expected ones, no more and no less."""
        return self.methods == frozenset(map(str, self.expected.methods))


def catalogue() -> Path:
    """The folder of the behaviours that come with this version."""
    return INSTALLED if INSTALLED.exists() else IN_SOURCES


def load_behaviours(folder: Path) -> dict[str, Behaviour]:
    """Name -> behaviour for every YAML file of a folder; InputError names file and field."""
    found = {path.stem: parse_yaml(path, Behaviour) for path in sorted(folder.glob("*.yaml"))}
    if not found:
        raise InputError(f"{folder}: no behaviours here; give a folder of YAML files")
    return found
