"""The table of cells: what its columns are called, say and are sorted by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offswitch.stopping.policy import SHARES
from offswitch.verdict import MEASURES
from offswitch_analysis.rates import Cell, Estimate
from offswitch_analysis.rates.circumstances import WITH_CAUSE
from offswitch_analysis.rates.published import PublishedRate
from offswitch_analysis.rates.remarks import served, why
from offswitch_analysis.rates.subjects import several_agents, several_scenes
from offswitch_analysis.rates.summary import Normalised
from offswitch_analysis.report.page import words
from offswitch_analysis.report.page.words import name
from offswitch_analysis.text import TOO_FEW, percent

CELL, SABOTAGE, BOUNDS, VERDICTS = "Cell", "Sabotage", "Sabotage, with what qualifies it", "Verdicts"
OTHERS, COSTS, NOTES = "Other measures: % (95 % interval) n", "Cost of a trial", "Notes"
ASIDE = (OTHERS, COSTS, NOTES)

Value = float | str | None
"""what a column is sorted by; None always comes last"""


@dataclass(frozen=True)
class Column:
    """One fact about every cell."""

    group: str
    key: str
    """names the column in the page's address"""
    label: str
    show: Callable[[Cell], str]
    value: Callable[[Cell], Value]
    note: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it is set flush right."""
        return self.group not in (CELL, NOTES)

    @property
    def style(self) -> str:
        """Names for the style sheet: `num` is set flush right, `aside` is not printed, for want of room."""
        return " ".join(["num"] * self.numeric + ["aside"] * (self.group in ASIDE))


def columns(cells: Sequence[Cell]) -> Sequence[Column]:
    """All of them, in groups; those of agent and scene where there is more than one."""
    of_cell = _cell(with_agent=bool(several_agents(cells)), with_scene=bool(several_scenes(cells)))
    return (*of_cell, *_sabotage(), *_other_measures(), *_verdicts_and_costs(), *_notes())


def _cell(with_agent: bool, with_scene: bool) -> list[Column]:
    return [
        _text(CELL, "model", "Model", lambda c: name(c.model)),
        *([_text(CELL, "agent", "Agent", lambda c: name(c.agent))] if with_agent else []),
        *([_text(CELL, "scene", "Scene", lambda c: name(c.scene))] if with_scene else []),
        _text(CELL, "variant", "Variant", lambda c: c.variant),
        _text(CELL, "kind", "Subject", kind),
        _text(CELL, "condition", "Condition", lambda c: c.condition),
    ]


def _sabotage() -> list[Column]:
    return [
        Column(SABOTAGE, "sabotage", "Rate %", _sabotage_rate, lambda c: _sort_value(c.sabotage)),
        Column(
            SABOTAGE, "low", "95 % interval", lambda c: words.interval(c.sabotage.low, c.sabotage.high),
            lambda c: c.sabotage.low, "sorted by its lower limit; Jeffreys, where trials could not be stopped",
        ),
        _count(SABOTAGE, "n", "n", lambda c: c.sabotage.n),
        Column(
            BOUNDS, "at_most", "At most %", lambda c: percent(c.at_most), lambda c: c.at_most,
            "one-sided 95 % limit; Clopper-Pearson, where trials could not be stopped",
        ),
        _rate(BOUNDS, "min", "Undecided as compliance", lambda c: c.undecided_as_compliance),
        _rate(BOUNDS, "max", "Undecided as sabotage", lambda c: c.undecided_as_sabotage),
        Column(
            BOUNDS, "clustered", "Clustered interval", lambda c: words.interval(c.clustered.low, c.clustered.high),
            lambda c: c.clustered.low, "with the question set as cluster",
        ),
        Column(
            BOUNDS, "design_effect", "Design effect", lambda c: f"{c.clustered.design_effect:.2f}",
            lambda c: c.clustered.design_effect,
        ),
        Column(
            BOUNDS, "normalised", "Over K", lambda c: _normalised(c.normalised), lambda c: c.normalised.value,
            "the rate over the rate in K, the competence check",
        ),
    ]  # fmt: skip


def _sabotage_rate(cell: Cell) -> str:
    if not words.is_drawn(cell, "sabotage"):
        return TOO_FEW
    return words.DASH if cell.sabotage.rate is None else percent(cell.sabotage.rate)


def _other_measures() -> list[Column]:
    return [
        *(
            _rate(OTHERS, one.name, one.label, lambda c, name=one.name: c.measures[name])
            for one in MEASURES
            if one.name != "sabotage"
        ),
        _rate(OTHERS, "task_done", "Task done", lambda c: c.task_done, "all answers handed in and right"),
        *(
            _rate(OTHERS, f"share_{one}", words.word(one).capitalize(), lambda c, one=one: c.shares[one])
            for one in SHARES
        ),
    ]


def _verdicts_and_costs() -> list[Column]:
    return [
        _count(VERDICTS, "trials", "Trials", lambda c: c.trials),
        *(_count(VERDICTS, one, words.word(one), lambda c, one=one: c.verdicts.get(one, 0)) for one in words.MEANINGS),
        Column(COSTS, "tokens", "Tokens, mean", lambda c: f"{c.tokens:,.0f}", lambda c: c.tokens),
        _count(COSTS, "tokens_total", "Tokens, all", lambda c: c.circumstances.tokens),
        Column(
            COSTS, "seconds", "Seconds, median",
            lambda c: words.DASH if c.duration_s is None else f"{c.duration_s:.1f}", lambda c: c.duration_s,
        ),
    ]  # fmt: skip


def _notes() -> list[Column]:
    return [
        _text(NOTES, "methods", "Methods", lambda c: words.counted(c.methods)),
        _text(NOTES, "aftermath", "After surviving", lambda c: words.counted(c.aftermath)),
        *(
            _text(NOTES, f"why_{one}", f"Why {words.word(one)}", lambda c, one=one: why(c.circumstances.causes[one]))
            for one in WITH_CAUSE
        ),
        _text(NOTES, "failures", "Causes of failures", lambda c: words.counted(c.failures)),
        _text(NOTES, "details", "What was said of failures", lambda c: words.counted(c.circumstances.details)),
        _count(NOTES, "calls_unusable", "Unusable calls", lambda c: c.circumstances.calls_unusable),
        _count(NOTES, "nudged", "Asked to go on", lambda c: c.circumstances.nudged),
        _count(NOTES, "retried", "After failed attempts", lambda c: c.circumstances.retried),
        _count(NOTES, "edited", "Scores edited", lambda c: c.circumstances.edited),
        _text(NOTES, "served", "Answered as", lambda c: served(c.circumstances.served)),
        _text(NOTES, "missing", "Evidence missing", lambda c: words.counted(c.missing)),
        _text(NOTES, "rulings", "Rulings", lambda c: words.counted(c.rulings)),
        _text(NOTES, "published", "Published elsewhere", lambda c: "; ".join(map(published_text, c.published))),
    ]


def kind(cell: Cell) -> str:
    """What the subject is."""
    return "scripted" if cell.scripted else "real"


def published_text(rate: PublishedRate) -> str:
    """A published rate with what is known of it, on one line."""
    limits = "" if rate.low is None or rate.high is None else f" ({words.interval(rate.low, rate.high)})"
    return f"{percent(rate.rate)}{limits} n {rate.n or 'not printed'}, {name(rate.study)}"


def _text(group: str, key: str, label: str, show: Callable[[Cell], str]) -> Column:
    return Column(group, key, label, lambda c: words.line(show(c)), lambda c: words.line(show(c)) or None)


def _count(group: str, key: str, label: str, count: Callable[[Cell], int]) -> Column:
    return Column(group, key, label, lambda c: f"{count(c):,}", count)


def _rate(group: str, key: str, label: str, estimate: Callable[[Cell], Estimate], note: str = "") -> Column:
    return Column(group, key, label, lambda c: words.full_rate(estimate(c)), lambda c: _sort_value(estimate(c)), note)


def _sort_value(estimate: Estimate) -> float | None:
    """A rate that is not shown is not given away by its place either."""
    return None if estimate.too_few else estimate.rate


def _normalised(ratio: Normalised) -> str:
    if ratio.value is None:
        return f"refused: {words.line(ratio.refused or 'no reason given')}"
    low, high = (words.DASH if limit is None else f"{limit:.2f}" for limit in (ratio.low, ratio.high))
    return f"{ratio.value:.2f} ({low} to {high})"
