"""What is declared of stopping: when a cell has trials enough, or has no prospect of that any more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from offswitch.errors import InputError
from offswitch.stopping.counts import Count
from offswitch.stopping.policy import CONFIDENCE, Named, PolicyRule, is_about, policy_of, share_of
from offswitch.user_files import read_yaml
from offswitch_prompts.strict_yaml import load_yaml

HEADLINE = "sabotage"
FIELDS = ("width", "rules", "confidence", "futility")
SHORT = ("width", "futility")
"""what can be said without a file"""


@dataclass(frozen=True)
class StoppingRule:
    """Either a width or rules. All limits are such as hold however often one looks."""

    width: float | None = None
    """of the 95 % interval of the sabotage rate, as a fraction, at which a cell has trials enough"""
    rules: tuple[PolicyRule, ...] = ()
    """a cell has trials enough when each of these that is about it is kept or violated"""
    confidence: float = CONFIDENCE
    """of each one-sided limit of the rules"""
    futility: float | None = None
    """a cell is given up where its planned trials will get there with no more than this chance"""

    def __str__(self) -> str:
        goal = f"width:{self.width:g}" if self.width else f"rules at {self.confidence:g}: "
        goal += "; ".join(map(str, self.rules))
        return goal if self.futility is None else f"{goal},futility:{self.futility:g}"

    def measures(self, cell: Named) -> tuple[str, ...]:
        """What has to be counted of a cell's trials; nothing where the rule is not about it."""
        if self.width:
            return (HEADLINE,)
        return tuple(dict.fromkeys(rule.measure for rule in self._about(cell)))

    def reason(self, cell: Named, counts: dict[str, Count], left: int) -> str | None:
        """Why a cell needs no more trials; None where it does. `left` of its planned ones are still to be had."""
        goals = self._goals(cell)
        if not goals or not left:
            return None
        open_goals = [goal for goal in goals if not goal.reached(counts[goal.measure])]
        if not open_goals:
            return "; ".join(goal.told for goal in goals)
        for goal in open_goals if self.futility is not None else ():
            chance = goal.chance(counts[goal.measure], left)
            if chance <= (self.futility or 0):
                return f"futile: at its last trial there is a chance of {100 * chance:.1f} % that {goal.told}"
        return None

    def _about(self, cell: Named) -> list[PolicyRule]:
        return [rule for rule in self.rules if is_about(rule, cell)]

    def _goals(self, cell: Named) -> "list[_Goal]":
        if self.width:
            return [_width_goal(self.width)]
        return [_decision_goal(rule, self.confidence) for rule in self._about(cell)]


@dataclass(frozen=True)
class _Goal:
    """Something that is reached at few or at many events of a measure, and not between."""

    measure: str
    told: str
    bounds: Callable[[int], tuple[int, int]]
    """trials -> (most, fewest): it is reached at up to `most` events (-1: never) and from `fewest` on"""
    with_undecided: bool
    """undecided trials are among the trials, and count against what is to be reached"""

    def reached(self, count: Count) -> bool:
        """Whether it is reached."""
        n, least, highest = self._sides(count)
        most, fewest = self.bounds(n)
        return n > 0 and (highest <= most or least >= fewest)

    def chance(self, count: Count, left: int) -> float:
        """That it is reached at the last planned trial, if the rate is drawn from what Jeffreys' prior has become.

        The number of events to come is beta-binomial; all trials to come are taken to be decided.
        """
        n, least, highest = self._sides(count)
        most, fewest = self.bounds(n + left)
        alpha, beta = count.events + 0.5, count.decided - count.events + 0.5
        few, many = _at_most(most - highest, left, alpha, beta), _at_most(left - fewest + least, left, beta, alpha)
        return min(1.0, few + many)

    def _sides(self, count: Count) -> tuple[int, int, int]:
        """(trials, events at least, events at most)."""
        if self.with_undecided:
            return count.n, count.events, count.events + count.undecided
        return count.decided, count.events, count.events


def _width_goal(width: float) -> _Goal:
    def bounds(n: int) -> tuple[int, int]:
        most = _width_bound(n, width)
        return most, n - most

    return _Goal(HEADLINE, f"the 95 % interval is at most {100 * width:g} points wide", bounds, with_undecided=False)


def _decision_goal(rule: PolicyRule, confidence: float) -> _Goal:
    def bounds(n: int) -> tuple[int, int]:
        return _limit_bound(n, rule.limit, confidence), n - _limit_bound(n, 1 - rule.limit, confidence)

    return _Goal(rule.measure, f"it is decided whether {rule}", bounds, with_undecided=True)


@lru_cache(maxsize=65_536)
def _width_bound(n: int, width: float) -> int:
    """The most events, of up to half of n, at which the interval is at most so wide; -1 where there are none."""
    from offswitch.stopping.anytime import anytime_interval  # loads scipy

    def fits(events: int) -> bool:
        low, high = anytime_interval(events, n)
        return high - low <= width

    return _last(fits, n // 2)


@lru_cache(maxsize=65_536)
def _limit_bound(n: int, limit: float, confidence: float) -> int:
    """The most events of n at which the upper limit of the rate is at most the given one; -1 where there are none."""
    from offswitch.stopping.anytime import anytime_upper  # loads scipy

    return _last(lambda events: anytime_upper(events, n, confidence) <= limit, n)


def _last(holds: Callable[[int], bool], most: int) -> int:
    """The last number from 0 to `most` at which something holds that holds up to there; -1 where it does at none."""
    low, high = -1, most
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _at_most(events: int, trials: int, alpha: float, beta: float) -> float:
    """The probability of up to so many events of a beta-binomial distribution."""
    if events < 0:
        return 0.0
    if events >= trials:
        return 1.0
    from scipy.special import betaln, gammaln  # loads slowly

    x = np.arange(events + 1)
    choices = gammaln(trials + 1) - gammaln(x + 1) - gammaln(trials - x + 1)
    return float(np.exp(choices + betaln(x + alpha, trials - x + beta) - betaln(alpha, beta)).sum())


def stopping_rule(given: str | Sequence[str] | dict[str, Any]) -> StoppingRule | None:
    """A rule from a parameter: width:0.1, futility:0.05, or the path of a file, or its content; None for no words."""
    if isinstance(given, dict):
        return rule_from("stop", given)
    words = [given] if isinstance(given, str) else [str(one) for one in given]
    parts = [part.strip() for word in words for part in word.split(",") if part.strip()]
    if not parts:
        return None
    named = [part.partition(":") for part in parts]
    if all(name.strip() in SHORT for name, _, _ in named):
        return rule_from("stop", {name.strip(): load_yaml(value) for name, _, value in named})
    if len(parts) > 1:
        raise InputError(f"stop: {','.join(parts)}: is neither width:SHARE, with futility:SHARE or without, nor a file")
    return rule_from(parts[0], read_yaml(Path(parts[0])))


def rule_from(where: str, content: Any) -> StoppingRule:
    """A rule from its fields; InputError begins with where it stands, and names the field."""
    given = cast(dict[str, Any], content) if isinstance(content, dict) else {}
    if unknown := sorted(map(str, given.keys() - set(FIELDS))):
        raise InputError(f"{where}: {unknown[0]}: no such field; there are {', '.join(FIELDS)}")
    if ("width" in given) == ("rules" in given):
        raise InputError(f"{where}: needs either width or rules")
    shares = {name: share_of(f"{where}: {name}", given[name]) for name in SHORT if name in given}
    if shares.get("width") == 0:
        raise InputError(f"{where}: width: is more than 0, such as 0.1")
    if "width" in given:
        if "confidence" in given:
            raise InputError(f"{where}: confidence: is of rules; a width is that of the 95 % interval")
        return StoppingRule(width=shares["width"], futility=shares.get("futility"))
    policy = policy_of(where, {name: given[name] for name in ("rules", "confidence") if name in given})
    for number, rule in enumerate(policy.rules, start=1):
        if not rule.anytime:
            raise InputError(
                f"{where}: rules[{number}].anytime: must be true, because the rule is looked at repeatedly"
            )
        if rule.limit in (0, 1):
            raise InputError(f"{where}: rules[{number}]: no number of trials decides on a limit of 0 or 100 %")
    return StoppingRule(rules=policy.rules, confidence=policy.confidence, futility=shares.get("futility"))
