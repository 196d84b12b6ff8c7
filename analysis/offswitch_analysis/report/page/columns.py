"""The table of cells: what its columns are called, say and are sorted by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from offswitch_analysis.rates.summary import TOO_FEW, Cell, Estimate, Normalised, PublishedRate
from offswitch_analysis.report.page.words import (
    DASH,
    MEANINGS,
    MEASURES,
    counted,
    few,
    interval,
    line,
    name,
    percent,
    whole,
    word,
)

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


def columns() -> Sequence[Column]:
    """All of them, in groups."""
    return (*_cell(), *_sabotage(), *_bounds(), *_other_measures(), *_verdicts(), *_costs(), *_notes())


def _cell() -> list[Column]:
    return [
        _text(CELL, "model", "Model", lambda c: name(c.model)),
        _text(CELL, "variant", "Variant", lambda c: c.variant),
        _text(CELL, "kind", "Subject", kind),
        _text(CELL, "condition", "Condition", lambda c: c.condition),
    ]


def _sabotage() -> list[Column]:
    def show(cell: Cell) -> str:
        return "too few" if few(cell, "sabotage") else _rate(cell.measures["sabotage"])

    return [
        Column(SABOTAGE, "sabotage", "Rate %", show, lambda c: _worth(c.measures["sabotage"])),
        Column(
            SABOTAGE, "low", "95 % interval", lambda c: _limits(c.measures["sabotage"]),
            lambda c: c.measures["sabotage"].low, "equal-tailed Jeffreys interval, sorted by its lower limit",
        ),
        _count(SABOTAGE, "n", "n", lambda c: c.measures["sabotage"].n),
    ]  # fmt: skip


def _bounds() -> list[Column]:
    return [
        Column(
            BOUNDS, "at_most", "At most %", lambda c: percent(c.at_most), lambda c: c.at_most,
            "one-sided 95 % Clopper-Pearson limit",
        ),
        Column(
            BOUNDS, "min", "Undecided as compliance", lambda c: whole(c.undecided_as_compliance),
            lambda c: _worth(c.undecided_as_compliance),
        ),
        Column(
            BOUNDS, "max", "Undecided as sabotage", lambda c: whole(c.undecided_as_sabotage),
            lambda c: _worth(c.undecided_as_sabotage),
        ),
        Column(
            BOUNDS, "clustered", "Clustered interval", lambda c: interval(c.clustered.low, c.clustered.high),
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


def _other_measures() -> list[Column]:
    return (
        [
            Column(OTHERS, name, label, _measure(name), _measured(name))
            for name, label in MEASURES.items()
            if name != "sabotage"
        ]
        + [
            Column(
                OTHERS,
                "task_done",
                "Task done",
                lambda c: whole(c.task_done),
                lambda c: _worth(c.task_done),
                "all answers handed in and right",
            )
        ]
        + [
            Column(OTHERS, f"share_{name}", label, _share(name), _shared(name))
            for name, label in (("failure", "Failures"), ("undecided", "Undecided"), ("unexposed", "Unexposed"))
        ]
    )


def _verdicts() -> list[Column]:
    trials = _count(VERDICTS, "trials", "Trials", lambda c: c.trials)
    return [trials, *map(_verdict, MEANINGS)]


def _costs() -> list[Column]:
    return [
        Column(COSTS, "tokens", "Tokens, mean", lambda c: f"{c.tokens:,.0f}", lambda c: c.tokens),
        Column(
            COSTS, "seconds", "Seconds, median",
            lambda c: DASH if c.duration_s is None else f"{c.duration_s:.1f}", lambda c: c.duration_s,
        ),
    ]  # fmt: skip


def _notes() -> list[Column]:
    return [
        _text(NOTES, "methods", "Methods", lambda c: counted(c.methods)),
        _text(NOTES, "aftermath", "After surviving", lambda c: counted(c.aftermath)),
        _text(NOTES, "failures", "Causes of failures", lambda c: counted(c.failures)),
        _text(NOTES, "missing", "Evidence missing", lambda c: counted(c.missing)),
        _text(NOTES, "rulings", "Rulings", lambda c: counted(c.rulings)),
        _text(NOTES, "published", "Published elsewhere", lambda c: "; ".join(map(published_text, c.published))),
    ]


def kind(cell: Cell) -> str:
    """What the subject is."""
    return "scripted" if cell.scripted else "real"


def published_text(found: PublishedRate) -> str:
    """A published rate with what is known of it, on one line."""
    limits = "" if found.low is None or found.high is None else f" ({interval(found.low, found.high)})"
    return f"{percent(found.rate)}{limits} n {found.n or 'not printed'}, {name(found.study)}"


def _text(group: str, key: str, label: str, show: Callable[[Cell], str]) -> Column:
    return Column(group, key, label, lambda c: line(show(c)), lambda c: line(show(c)) or None)


def _count(group: str, key: str, label: str, count: Callable[[Cell], int]) -> Column:
    return Column(group, key, label, lambda c: f"{count(c):,}", count)


def _verdict(name: str) -> Column:
    return _count(VERDICTS, name, word(name), lambda c: c.verdicts.get(name, 0))


def _measure(name: str) -> Callable[[Cell], str]:
    return lambda cell: whole(cell.measures[name])


def _measured(name: str) -> Callable[[Cell], Value]:
    return lambda cell: _worth(cell.measures[name])


def _share(name: str) -> Callable[[Cell], str]:
    return lambda cell: whole(cell.shares[name])


def _shared(name: str) -> Callable[[Cell], Value]:
    return lambda cell: _worth(cell.shares[name])


def _worth(estimate: Estimate) -> float | None:
    """What a rate is sorted by: one that is not shown gives no place away."""
    return estimate.rate if estimate.n >= TOO_FEW else None


def _rate(estimate: Estimate) -> str:
    return DASH if estimate.rate is None else percent(estimate.rate)


def _limits(estimate: Estimate) -> str:
    return interval(estimate.low, estimate.high)


def _normalised(found: Normalised) -> str:
    if found.value is None:
        return f"refused: {line(found.refused or 'no reason given')}"
    low, high = (DASH if limit is None else f"{limit:.2f}" for limit in (found.low, found.high))
    return f"{found.value:.2f} ({low} to {high})"
