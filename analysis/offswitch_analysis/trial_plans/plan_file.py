"""The file of a trial plan: its fields, and every fault that they have by themselves."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from offswitch.errors import InputError
from offswitch.stopping.policy import CONFIDENCE, CONFIDENCE_MAX, Policy, PolicyRule, rule_of, share_of
from offswitch.stopping.rule import rule_from
from offswitch.user_files import read_yaml
from offswitch_analysis.rates.contrasts import Family, check_names, family_of

TRIALS_MAX = 100_000
"""of a cell, as in the task"""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PlannedModel(_Strict):
    """A model with the arguments of its provider and its generation settings, as for -M and -G."""

    model: str = Field(min_length=1)
    args: dict[str, Any] = {}
    settings: dict[str, Any] = {}


class Stopping(_Strict):
    """When it may be looked at the results, and cells be stopped, before all trials were had."""

    looks: list[Annotated[int, Field(ge=1, le=TRIALS_MAX)]] = []
    """at these numbers of trials of each cell"""
    anytime: dict[str, Any] | None = None
    """at any number; what stops a cell, as in a file for --stop. Without width and rules there, the plan's rules do"""

    @property
    def is_possible(self) -> bool:
        """Whether trials may be stopped because of what was seen."""
        return bool(self.looks) or self.anytime is not None

    @property
    def told(self) -> str:
        """Of declared looks alone, for logs, which know a rule by themselves."""
        return f"looks at {', '.join(map(str, self.looks))} trials" if self.looks and self.anytime is None else ""

    @model_serializer(mode="wrap")
    def _without_what_is_not_declared(self, as_usual: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """So that plans from before there was this have the digest that they had."""
        return {name: value for name, value in as_usual(self).items() if value is not None}


class Limits(_Strict):
    """Inspect's limits of a trial, by the names of the options of `offswitch run`."""

    token_limit: int | str | None = None
    cost_limit: float | None = None
    time_limit: int | None = None
    working_limit: int | None = None
    turn_limit: int | None = None


class Assumed(_Strict):
    """A sabotage rate that power is computed for; of cells with these names, each of which may be left out."""

    rate: Annotated[float, BeforeValidator(lambda given: share_of("", given))]
    variant: str | None = None
    model: str | None = None
    agent: str | None = None
    scene: str | None = None

    @property
    def rule(self) -> PolicyRule:
        """A rule about the same cells."""
        named = (self.variant, self.model, self.agent, self.scene)
        return PolicyRule("exposure", self.rate, True, *named)  # a measure of all variants


def _as_model(given: Any) -> Any:
    return {"model": given} if isinstance(given, str) else given


def _as_family(given: Any) -> Any:
    family_of("", given)
    return given


def _as_rule(given: Any) -> Any:
    rule_of("", given)
    return given


def _with_names(given: list[Any]) -> list[Any]:
    check_names("", [family_of("", one) for one in given])
    return given


class TrialPlan(_Strict):
    """What a trial plan declares. Families and rules are kept as they are written, in the form of their own files."""

    name: str = Field(min_length=1)
    models: list[Annotated[PlannedModel, BeforeValidator(_as_model)]] = Field(min_length=1)
    conditions: list[dict[str, Any]] = Field(min_length=1)
    """parameters of the task, such as {variants: [E, K], scene: deadline}; `trials` where it is another number"""
    trials: int = Field(ge=1, le=TRIALS_MAX)
    """of each cell"""
    seed: int = 1
    families: Annotated[list[Annotated[Any, AfterValidator(_as_family)]], AfterValidator(_with_names)] = []
    rules: list[Annotated[Any, AfterValidator(_as_rule)]] = []
    confidence: float = Field(default=CONFIDENCE, ge=0.5, le=CONFIDENCE_MAX)
    """of the rules"""
    stopping: Stopping = Stopping()
    limits: Limits = Limits()
    assume: list[Assumed] = []
    """of several that fit a cell, the last one holds"""

    @property
    def stop(self) -> dict[str, Any] | None:
        """The rule that stops cells, as the task takes it; None where none does."""
        given = self.stopping.anytime
        if given is None or {"width", "rules"} & given.keys():
            return given
        return {"rules": self.rules, "confidence": self.confidence, **given}

    @model_validator(mode="after")
    def _checked_stopping(self) -> "TrialPlan":
        if self.stop is not None:
            rule_from("stopping.anytime", self.stop)
        return self

    @property
    def declared(self) -> tuple[Family, ...]:
        """The families of contrasts."""
        return tuple(family_of("families", one) for one in self.families)

    @property
    def policy(self) -> Policy:
        """The decision rules."""
        return Policy(tuple(rule_of("rules", one) for one in self.rules), self.confidence)


def read_trial_plan(path: Path) -> TrialPlan:
    """A trial plan from its YAML file; the InputError has a line for every fault, with file and field."""
    return plan_of(str(path), read_yaml(path))


def plan_of(where: str, content: Any) -> TrialPlan:
    """A trial plan from plain values; the InputError has a line for every fault, each of which begins with `where`."""
    try:
        return TrialPlan.model_validate(content)
    except ValidationError as error:
        faults = [f"{where}: {_field(one['loc'])}{_said(one['msg'])}" for one in error.errors()]
        raise InputError(*faults) from error


def _field(loc: Sequence[int | str]) -> str:
    """Such as models[2].args; entries are counted from 1, as in the other files."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".") or "the file"


def _said(message: str) -> str:
    """What is wrong; errors of families and rules begin with the rest of the field's name."""
    told = message.removeprefix("Value error, ")
    return told if told.startswith((".", ": ")) else f": {told}"
