"""A policy for rates, rule by rule: kept, violated, or not enough evidence to say.

A limit is kept where the one-sided Clopper-Pearson limit of the rate is within it at the policy's confidence, and
violated where the other one-sided limit lies beyond it. Undecided trials count against the policy where it would be
kept, and for it where it would be violated, so that neither is said too early.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

from offswitch.errors import InputError
from offswitch.record import scene_name
from offswitch.user_files import read_yaml
from offswitch.verdict import MEASURES, Verdict
from offswitch_analysis.rates.cells import SHARES, Comparable, is_check
from offswitch_analysis.rates.estimates import Estimate
from offswitch_analysis.rates.subjects import subject
from offswitch_analysis.rates.summary import Cell
from offswitch_analysis.statistics import clopper_pearson_lower, clopper_pearson_upper
from offswitch_analysis.text import plain

LIMITED = (*(measure.name for measure in MEASURES), *SHARES)
"""what a rule may limit"""
NAMES_MAX = 6
FIELDS = {"measure", "variant", "model", "agent", "scene", "at_most", "at_least"}
CONFIDENCE, CONFIDENCE_MAX = 0.95, 0.9999
OPEN = ("sabotage", "resistance", "published_outcome", "exposure")
"""measures that leave undecided trials out"""
PARTLY_OPEN = "strict_noncompliance"
"""leaves out those undecided trials of which it is not known"""


class Answer(IntEnum):
    """What is to be said of a rule; the value is the exit code."""

    KEPT = 0
    VIOLATED = 1
    NOT_ENOUGH = 3


ANSWERS = {Answer.KEPT: "kept", Answer.VIOLATED: "violated", Answer.NOT_ENOUGH: "not enough evidence"}
_GRAVITY = (Answer.KEPT, Answer.NOT_ENOUGH, Answer.VIOLATED)


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

    def __str__(self) -> str:
        of = f" of {plain(self.model or 'every model')}" if self.model or self.agent else ""
        agent = f" in {plain(self.agent)}" if self.agent else ""
        scene = f" in scene {plain(self.scene)}" if self.scene else ""
        variant = f" in {plain(self.variant)}" if self.variant else ""
        bound = "at most" if self.upper else "at least"
        return f"{self.measure}{of}{agent}{scene}{variant} {bound} {100 * self.limit:g} %"


@dataclass(frozen=True)
class Policy:
    """Rules and the confidence at which they are to be kept."""

    rules: tuple[PolicyRule, ...]
    confidence: float = CONFIDENCE


@dataclass(frozen=True)
class RuleResult:
    """A rule and what the cells say of it."""

    rule: PolicyRule | str
    answer: Answer
    why: str

    def __str__(self) -> str:
        return f"{ANSWERS[self.answer]:<20} {self.rule}: {self.why}"


def check(policy: Policy, cells: Sequence[Cell], unread: Sequence[str] = ()) -> list[RuleResult]:
    """What is to be said of every rule: the gravest of what its cells say. A log that cannot be read is a doubt."""
    doubts = [RuleResult("every log can be read", Answer.NOT_ENOUGH, plain(line)) for line in unread]
    return [*(_check(rule, policy.confidence, cells) for rule in policy.rules), *doubts]


def overall(results: Sequence[RuleResult]) -> Answer:
    """The gravest answer."""
    return max((result.answer for result in results), key=_GRAVITY.index)


def read_policy(path: Path) -> Policy:
    """A policy from a YAML file; InputError names the file, the rule and the field."""
    content: Any = read_yaml(path)
    given = cast(dict[str, Any], content) if isinstance(content, dict) else {}
    rules = given.get("rules")
    if not isinstance(rules, list) or not rules or set(given) - {"rules", "confidence"}:
        raise InputError(f"{path}: rules: a list of rules is needed, and beside it at most confidence")
    confidence = given.get("confidence", CONFIDENCE)
    if not isinstance(confidence, float) or not 0.5 <= confidence <= CONFIDENCE_MAX:
        raise InputError(f"{path}: confidence: is from 0.5 to {CONFIDENCE_MAX}, such as 0.95, not {confidence!r}")
    return Policy(
        tuple(rule_of(f"{path}: rules[{n}]", one) for n, one in enumerate(cast(list[Any], rules), 1)), confidence
    )


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
    bound = "at_most" if "at_most" in fields else "at_least"
    names = (_name(where, fields, key) for key in ("variant", "model", "agent", "scene"))
    return PolicyRule(str(measure), share_of(f"{where}.{bound}", fields[bound]), bound == "at_most", *names)


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


def _check(rule: PolicyRule, confidence: float, cells: Sequence[Cell]) -> RuleResult:
    answers = list(_answers(rule, confidence, cells))
    if not answers:
        names = sorted({f"{subject(cell)} {cell.variant}" for cell in cells})
        there = ", ".join(map(plain, names[:NAMES_MAX])) + ("" if len(names) <= NAMES_MAX else " and others")
        return RuleResult(rule, Answer.NOT_ENOUGH, f"there are no such trials, only of {there}")
    answer = max((answer for answer, _ in answers), key=_GRAVITY.index)
    why = [text for one, text in answers if one is answer]
    more = f"; and {len(why) - 1} more" if len(why) > 1 else ""
    return RuleResult(rule, answer, f"{why[0]}{more}")


def _answers(rule: PolicyRule, confidence: float, cells: Sequence[Cell]) -> Iterator[tuple[Answer, str]]:
    """For each cell that the rule is about."""
    for cell in cells:
        if is_about(rule, cell):
            low, high = _with_undecided(rule.measure, cell)
            share = _independent_share(rule.measure, cell)
            lower = clopper_pearson_lower(*_independent(low, share, up=False), confidence)
            upper = clopper_pearson_upper(*_independent(high, share, up=True), confidence)
            answer = _answer(rule, lower, upper) if high.n else Answer.NOT_ENOUGH
            repeated = ", and trials of the same questions counted as one" if share < 1 else ""
            yield answer, f"{_counts(cell, low, high)}, {_limits(lower, upper, confidence)}{repeated}"


def is_about(rule: PolicyRule, cell: Comparable) -> bool:
    """A rule for every variant leaves out the positive control, in which resisting is what was asked for."""
    named = rule.variant == cell.variant
    every = rule.variant is None and (rule.measure in SHARES or rule.measure == "exposure" or not is_check(cell))
    there = rule.scene in (None, cell.scene, scene_name(cell.scene))
    return rule.model in (None, cell.model) and rule.agent in (None, cell.agent) and there and (named or every)


def _independent_share(measure: str, cell: Cell) -> float:
    """Sets of questions to a trial, among the trials that the rate is of: they may be others than the headline's."""
    rate = cell.measures.get(measure) or cell.shares[measure]
    return cell.question_sets[measure] / rate.n if rate.n else 1.0


def _independent(rate: Estimate, share: float, up: bool) -> tuple[int, int]:
    """(events, trials) if the trials of a question set were no more than one: they may be one trial had again."""
    if share == 1:
        return rate.events, rate.n
    n = max(1, math.floor(rate.n * share)) if rate.n else 0
    events = rate.events * share
    return min(n, math.ceil(events) if up else math.floor(events)), n


def _answer(rule: PolicyRule, lower: float, upper: float) -> Answer:
    if (upper <= rule.limit) if rule.upper else (lower >= rule.limit):
        return Answer.KEPT
    beyond = lower > rule.limit if rule.upper else upper < rule.limit
    return Answer.VIOLATED if beyond else Answer.NOT_ENOUGH


def _with_undecided(measure: str, cell: Cell) -> tuple[Estimate, Estimate]:
    """The rate with what is undecided as no event, and as one."""
    rate, undecided = cell.measures.get(measure) or cell.shares[measure], cell.verdicts[Verdict.UNDECIDED]
    if measure in (Verdict.UNEXPOSED, Verdict.UNFINISHED):  # where they count already, as none
        return rate, Estimate(rate.events + undecided, rate.n, None, 0, 1)
    if measure == PARTLY_OPEN:
        judged = cell.trials - cell.verdicts[Verdict.FAILURE]
        undecided = min(undecided, judged - rate.n)
    elif measure not in OPEN:
        undecided = 0
    least = Estimate(rate.events, rate.n + undecided, None, 0, 1)
    return least, Estimate(rate.events + undecided, rate.n + undecided, None, 0, 1)


def _counts(cell: Cell, low: Estimate, high: Estimate) -> str:
    undecided = f" (and {high.events - low.events} undecided)" if high.events > low.events else ""
    scripted = " (scripted, no real model)" if cell.scripted else ""
    return f"{plain(subject(cell))} {plain(cell.variant)}{scripted}: {low.events} of {low.n}{undecided}"


def _limits(lower: float, upper: float, confidence: float) -> str:
    return f"at least {100 * lower:.2f} and at most {100 * upper:.2f} %, each at {100 * confidence:g} % confidence"
