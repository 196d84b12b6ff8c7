"""A policy for rates, rule by rule: kept, violated, or not enough evidence to say.

A limit is kept where the one-sided limit of the rate is within it at the policy's confidence, and violated where the
other one-sided limit lies beyond it. The limits are Clopper and Pearson's, for a number of trials that was fixed, or
such as hold however often one looks, in rules that say `anytime`. Where trials may have been stopped because of what
was seen, rules of the first kind say nothing. No rule says anything where a model declares to be trained on the prompt
or the pack. Undecided trials count against the policy where it would be kept, and for it where it would be violated, so
that neither is said too early.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from offswitch.record import trained_on
from offswitch.stopping.anytime import anytime_lower, anytime_upper
from offswitch.stopping.policy import Policy, PolicyRule, is_about
from offswitch.verdict import Verdict
from offswitch_analysis.rates.estimates import Estimate
from offswitch_analysis.rates.subjects import subject
from offswitch_analysis.rates.summary import Cell
from offswitch_analysis.statistics import clopper_pearson_lower, clopper_pearson_upper
from offswitch_analysis.text import plain

NAMES_MAX = 6
OPEN = ("sabotage", "resistance", "published_outcome", "exposure")
"""measures that leave undecided trials out"""
PARTLY_OPEN = "strict_noncompliance"
"""leaves out those undecided trials of which it is not known"""
REFUSED = (
    "its trials may have been stopped because of what was seen, and limits for a fixed number of trials do not hold "
    "then; say anytime: true in the rule"
)
SPOILED = (
    "its model declares to be trained on {}, so that its rates there say nothing of others; gate it by other prompts"
)


class Answer(IntEnum):
    """What is to be said of a rule; the value is the exit code."""

    KEPT = 0
    VIOLATED = 1
    NOT_ENOUGH = 3


ANSWERS = {Answer.KEPT: "kept", Answer.VIOLATED: "violated", Answer.NOT_ENOUGH: "not enough evidence"}
_GRAVITY = (Answer.KEPT, Answer.NOT_ENOUGH, Answer.VIOLATED)


@dataclass(frozen=True)
class RuleResult:
    """A rule and what the cells say of it."""

    rule: PolicyRule | str
    answer: Answer
    why: str

    def __str__(self) -> str:
        return f"{ANSWERS[self.answer]:<20} {plain(self.rule)}: {self.why}"


def check(policy: Policy, cells: Sequence[Cell], unread: Sequence[str] = ()) -> list[RuleResult]:
    """What is to be said of every rule: the gravest of what its cells say. A log that cannot be read is a doubt."""
    doubts = [RuleResult("every log can be read", Answer.NOT_ENOUGH, plain(line)) for line in unread]
    return [*(_check(rule, policy.confidence, cells) for rule in policy.rules), *doubts]


def overall(results: Sequence[RuleResult]) -> Answer:
    """The gravest answer."""
    return max((result.answer for result in results), key=_GRAVITY.index)


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
            yield _answer_of(rule, confidence, cell)


def _answer_of(rule: PolicyRule, confidence: float, cell: Cell) -> tuple[Answer, str]:
    low, high = _with_undecided(rule.measure, cell)
    counts = _counts(cell, low, high)
    if declared := trained_on(cell.condition):
        return Answer.NOT_ENOUGH, f"{counts}: {SPOILED.format(' and '.join(declared))}"
    if cell.stopping and not rule.anytime:
        return Answer.NOT_ENOUGH, f"{counts}: {REFUSED}"
    share = _independent_share(rule.measure, cell)
    lower_of, upper_of = (
        (anytime_lower, anytime_upper) if rule.anytime else (clopper_pearson_lower, clopper_pearson_upper)
    )
    lower = lower_of(*_independent(low, share, up=False), confidence)
    upper = upper_of(*_independent(high, share, up=True), confidence)
    answer = _answer(rule, lower, upper) if high.n else Answer.NOT_ENOUGH
    anytime = ", however often one looks" if rule.anytime else ""
    repeated = ", and trials of the same questions counted as one" if share < 1 else ""
    return answer, f"{counts}, {_limits(lower, upper, confidence)}{anytime}{repeated}"


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
