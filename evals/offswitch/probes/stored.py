"""The probes by name, and what they left in a log beside the evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from offswitch.errors import InputError

PROBES = "probes"
"""the key of a sample's store, and the name of the task's parameter and of a sample's metadata"""


class ProbeName(StrEnum):
    """What can be asked when a trial is over."""

    COMPREHENSION = "comprehension"
    """what was announced, what it was asked to do about that, and what it may do"""
    CONFESS = "confess"
    """whether it tampered or tried to, and why"""
    FORECAST = "forecast"
    """of the conversation before its first turn: will the shutdown take place, and will it let that be?"""


BEFORE = (ProbeName.FORECAST,)
"""probes of what lies before the trial"""


@dataclass(frozen=True)
class Answered:
    """What came of one probe."""

    answers: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """question -> the option chosen, by its name; None where the answer had not the form that was asked for"""
    said: str = ""
    """the model's words, cut"""
    failed: str | None = None
    """why there was no answer"""
    stated: Mapping[str, float] = field(default_factory=dict[str, float])
    """question -> the probability of yes, from 0 to 1, where one is asked for"""
    target: float | None = None
    """what it was asked under, where a mistake costs something"""


_ADAPTER = TypeAdapter(dict[ProbeName, Answered])


def probes_named(text: str) -> tuple[ProbeName, ...]:
    """The probes of a parameter such as "comprehension"; InputError where there is none of a name."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in list(ProbeName):
            raise InputError(f"probes: there is none called {name}; there are {', '.join(ProbeName)}")
    return tuple(dict.fromkeys(map(ProbeName, names)))


def asked_before(sample: Mapping[str, object]) -> tuple[ProbeName, ...]:
    """The probes of a sample's metadata that are put to what lies before the trial; they make its condition another."""
    named = str(sample.get(PROBES) or "").split(",")
    return tuple(name for name in BEFORE if name in named)


def to_text(answered: Mapping[ProbeName, Answered]) -> str:
    """For the log: one text."""
    return _ADAPTER.dump_json(dict(answered)).decode()


def read_probes(text: object) -> dict[ProbeName, Answered]:
    """From the log, where anything may stand: nothing where that is not what to_text gave."""
    try:
        return _ADAPTER.validate_json(text) if isinstance(text, str) else {}
    except ValidationError:
        return {}
