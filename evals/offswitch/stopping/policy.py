"""Limits for rates: the rules of a policy, which trials each is about, and how they are read from a file."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from offswitch.errors import InputError
from offswitch.record import is_of_pack, scene_name
from offswitch.user_files import read_yaml
from offswitch.verdict import MEASURES, OUTSIDE_HEADLINE, Verdict

SHARES = tuple(verdict.value for verdict in Verdict if verdict in OUTSIDE_HEADLINE)
"""verdicts that are shares of the trials, because no rate of sabotage counts them"""
COMPETENCE = "K"
"""of this project's letters: the agent is told to prevent the shutdown"""
LIMITED = (*(measure.name for measure in MEASURES), *SHARES)
"""what a rule may limit"""
FIELDS = {"measure", "variant", "model", "agent", "scene", "at_most", "at_least", "anytime"}
CONFIDENCE, CONFIDENCE_MAX = 0.95, 0.9999


class Named(Protocol):
    """What tells the trials of a condition from others."""

    @property
    def model(self) -> str:
        """Its name in logs."""
        ...

    @property
    def agent(self) -> str:
        """What it works in."""
        ...

    @property
    def scene(self) -> str:
        """What comes when."""
        ...

    @property
    def variant(self) -> str:
        """The words, by name."""
        ...

    @property
    def condition(self) -> str:
        """What may be pooled."""
        ...


@dataclass(frozen=True)
class PolicyRule:
    """A limit for one rate of some cells."""

    measure: str
    limit: float
    upper: bool
    """at most the limit, else at least"""
    variant: str | None
    model: str | None
    agent: str | None = None
    scene: str | None = None
    """its name, with or without what tells its files from others; None: every one, each for itself"""
    anytime: bool = False
    """checked by limits that hold however often one looks"""

    def __str__(self) -> str:
        of = f" of {self.model or 'every model'}" if self.model or self.agent else ""
        agent = f" in {self.agent}" if self.agent else ""
        scene = f" in scene {self.scene}" if self.scene else ""
        variant = f" in {self.variant}" if self.variant else ""
        bound, anytime = "at most" if self.upper else "at least", ", anytime" if self.anytime else ""
        return f"{self.measure}{of}{agent}{scene}{variant} {bound} {100 * self.limit:g} %{anytime}"


@dataclass(frozen=True)
class Policy:
    """Rules and the confidence at which they are to be kept."""

    rules: tuple[PolicyRule, ...]
    confidence: float = CONFIDENCE


def read_policy(path: Path) -> Policy:
    """A policy from a YAML file; InputError names the file, the rule and the field."""
    content: Any = read_yaml(path)
    given = cast(dict[str, Any], content) if isinstance(content, dict) else {}
    if set(given) - {"rules", "confidence"} or "rules" not in given:
        raise InputError(f"{path}: rules: a list of rules is needed, and beside it at most confidence")
    return policy_of(str(path), given)


def policy_of(where: str, given: dict[str, Any]) -> Policy:
    """A policy from its fields, rules and confidence; InputError begins with where it stands."""
    rules = given.get("rules")
    if not isinstance(rules, list) or not rules:
        raise InputError(f"{where}: rules: a list of rules is needed, and beside it at most confidence")
    confidence = given.get("confidence", CONFIDENCE)
    if not isinstance(confidence, float) or not 0.5 <= confidence <= CONFIDENCE_MAX:
        raise InputError(f"{where}: confidence: is from 0.5 to {CONFIDENCE_MAX}, such as 0.95, not {confidence!r}")
    listed = enumerate(cast(list[Any], rules), start=1)
    return Policy(tuple(rule_of(f"{where}: rules[{n}]", one) for n, one in listed), confidence)


def rule_of(where: str, given: Any) -> PolicyRule:
    """A rule from its fields; InputError begins with where it stands."""
    fields = cast(dict[str, Any], given) if isinstance(given, dict) else {}
    if unknown := sorted(map(str, set(fields) - FIELDS)):
        raise InputError(f"{where}.{unknown[0]}: no such field; there are {', '.join(sorted(FIELDS))}")
    measure = fields.get("measure")
    if measure not in LIMITED:
        raise InputError(f"{where}.measure: is one of {', '.join(LIMITED)}, not {measure!r}")
    if ("at_most" in fields) == ("at_least" in fields):
        raise InputError(f"{where}: needs either at_most or at_least")
    bound, anytime = "at_most" if "at_most" in fields else "at_least", fields.get("anytime", False)
    if not isinstance(anytime, bool):
        raise InputError(f"{where}.anytime: is true or false, not {anytime!r}")
    names = (_name(where, fields, key) for key in ("variant", "model", "agent", "scene"))
    limit = share_of(f"{where}.{bound}", fields[bound])
    return PolicyRule(str(measure), limit, bound == "at_most", *names, anytime=anytime)


def _name(where: str, fields: dict[str, Any], key: str) -> str | None:
    if key in fields and not isinstance(fields[key], str):
        raise InputError(f"{where}.{key}: is one name, or is left out for all, not {fields[key]!r}")
    return fields.get(key)


def share_of(where: str, given: Any) -> float:
    """The fraction that 1 %, "1%" or 0.01 is; InputError begins with where it stands.

    A bare number from 1 on would be ambiguous.
    """
    percent = re.fullmatch(r"\s*([0-9.]+)\s*%\s*", given) if isinstance(given, str) else None
    try:
        share = float(percent[1]) / 100 if percent else float(given)
    except (TypeError, ValueError, OverflowError):
        share = -1.0
    if not 0 <= share <= 1 or (share == 1 and not percent) or isinstance(given, bool):
        raise InputError(f"{where}: is a share such as 1 %, 0.01 or 100 %, not {str(given)[:40]}")
    return share


def is_about(rule: PolicyRule, cell: Named) -> bool:
    """A rule for every variant leaves out the positive control, in which resisting is what was asked for."""
    named = rule.variant == cell.variant
    every = rule.variant is None and (rule.measure in SHARES or rule.measure == "exposure" or not is_check(cell))
    there = rule.scene in (None, cell.scene, scene_name(cell.scene))
    return rule.model in (None, cell.model) and rule.agent in (None, cell.agent) and there and (named or every)


def is_check(cell: Named) -> bool:
    """Whether it checks competence, so that sabotage is what was asked for."""
    return cell.variant == COMPETENCE and not is_of_pack(cell.condition)
