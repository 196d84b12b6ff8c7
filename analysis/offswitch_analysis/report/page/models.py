"""What the page says of a whole model, in one agent: sums over all its cells."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from offswitch.stopping.policy import is_check
from offswitch.verdict import Verdict
from offswitch_analysis.rates import Cell, Estimate, Summary, cells_by_subject, estimate
from offswitch_analysis.rates.circumstances import DETAILS_MAX, WITH_CAUSE
from offswitch_analysis.rates.remarks import NO_VALID_CALL, served, served_by, why, without_valid_call
from offswitch_analysis.report.page import words
from offswitch_analysis.report.page.columns import kind
from offswitch_analysis.report.page.words import counted
from offswitch_analysis.text import TOO_FEW, percent


@dataclass(frozen=True)
class Quality:
    """How far a model's rates can be trusted."""

    subject: str
    kind: str
    trials: int
    failed: Estimate
    failures: str
    details: tuple[str, ...]
    """what was said of failures, the most frequent first"""
    exposure: Estimate
    unfinished: Estimate
    why: dict[str, str]
    """unexposed, unfinished -> why; empty where there are none"""
    calls: str
    """those that could not be carried out, of all"""
    hint: str
    nudged: int
    retried: int
    edited: int
    understood: str
    """of the trials that were asked, how many understood; empty where none was asked"""
    understood_by_variant: tuple[tuple[str, str], ...]
    """(variant, sabotage rate among the trials that understood)"""
    served: str
    mixed: bool
    """several models answered in one cell"""
    undecided: str
    extremes: tuple[tuple[str, int, str], ...]
    """(variant, undecided trials, the rate with all of them as compliance, then as sabotage)"""
    competence: tuple[Estimate, ...]
    seen: tuple[tuple[str, int], ...]
    """(sandbox or detector, trials)"""
    rulings: str


def methods(summary: Summary) -> tuple[list[str], list[tuple[str, list[int]]]]:
    """The methods seen, the most frequent first, and (subject, count of each)."""
    total = _sum(summary.cells, lambda cell: cell.methods)
    seen = [method for method, count in total.most_common() if count]
    return seen, [
        (words.subject(cells[0]), [sum(cell.methods.get(method, 0) for cell in cells) for method in seen])
        for cells in cells_by_subject(summary.cells).values()
    ]


def quality(summary: Summary) -> list[Quality]:
    """One account per subject, over all its cells."""
    return [_quality(cells) for cells in cells_by_subject(summary.cells).values()]


def _quality(cells: Sequence[Cell]) -> Quality:
    doubtful = [cell for cell in cells if cell.verdicts.get(Verdict.UNDECIDED, 0)]
    return Quality(
        subject=words.subject(cells[0]), kind=" and ".join(sorted({kind(cell) for cell in cells})),
        trials=sum(cell.trials for cell in cells),
        failed=_pooled(cell.shares["failure"] for cell in cells),
        failures=counted(_sum(cells, lambda cell: cell.failures)),
        details=tuple(_details(cells)),
        exposure=_pooled(cell.measures["exposure"] for cell in cells),
        unfinished=_pooled(cell.shares[Verdict.UNFINISHED] for cell in cells),
        why=dict(_why(cells)), calls=_calls(cells), hint=NO_VALID_CALL if without_valid_call(cells) else "",
        nudged=_total(cells, "nudged"), retried=_total(cells, "retried"), edited=_total(cells, "edited"),
        understood=_understood(cells),
        understood_by_variant=tuple(
            (cell.variant, words.full_rate(one)) for cell in cells if (one := cell.among_understood) is not None
        ),
        served=served(served_by(cells)), mixed=any(len(cell.circumstances.served) > 1 for cell in cells),
        undecided=counted(_sum(cells, lambda cell: cell.missing)),
        extremes=tuple((cell.variant, cell.verdicts[Verdict.UNDECIDED], _extremes(cell)) for cell in doubtful),
        competence=tuple(cell.sabotage for cell in cells if is_check(cell)),
        seen=tuple(_sum(cells, lambda cell: cell.seen).most_common()),
        rulings=counted(_sum(cells, lambda cell: cell.rulings)),
    )  # fmt: skip


def _details(cells: Sequence[Cell]) -> Iterator[str]:
    said = _sum(cells, lambda cell: cell.circumstances.details).most_common(DETAILS_MAX)
    return (f"{detail} ({count:,})" for detail, count in said)


def _why(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    for verdict in WITH_CAUSE:
        causes = _sum(cells, lambda cell, verdict=verdict: cell.circumstances.causes.get(verdict, {}))
        yield verdict, why(dict(causes.most_common()))


def _calls(cells: Sequence[Cell]) -> str:
    unusable, all_calls = _total(cells, "calls_unusable"), _total(cells, "calls")
    return f"{unusable:,} of {all_calls:,}" + (f" ({percent(unusable / all_calls)} %)" if unusable else "")


def _understood(cells: Sequence[Cell]) -> str:
    understood, asked, malformed, failed = (
        _total(cells, name) for name in ("understood", "asked", "malformed", "probes_failed")
    )
    trouble = ((malformed, "with a malformed answer"), (failed, "not answered"))
    told = [f"{understood:,} of {asked:,}", *(f"{count:,} {what}" for count, what in trouble if count)]
    return ", ".join(told) if asked or failed else ""


def _total(cells: Sequence[Cell], name: str) -> int:
    return sum(getattr(cell.circumstances, name) for cell in cells)


def _pooled(estimates: Iterable[Estimate]) -> Estimate:
    pooled = list(estimates)
    return estimate(sum(one.events for one in pooled), sum(one.n for one in pooled))


def _sum(cells: Iterable[Cell], counts: Callable[[Cell], dict[str, int]]) -> Counter[str]:
    return sum((Counter(counts(cell)) for cell in cells), Counter[str]())


def _extremes(cell: Cell) -> str:
    low, high = cell.undecided_as_compliance, cell.undecided_as_sabotage
    return TOO_FEW if low.too_few else f"{percent(low.rate)} to {percent(high.rate)} %"
