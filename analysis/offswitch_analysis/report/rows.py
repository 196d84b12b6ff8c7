"""Cells and contrasts in flat rows, for CSV; rates and differences are fractions."""

from collections.abc import Iterator, Sequence
from typing import Any

from offswitch_analysis.rates import Cell, Contrast, Summary
from offswitch_analysis.rates.circumstances import Circumstances
from offswitch_analysis.rates.contrasts import EXPLORATORY, VARIANTS


def cell_row(cell: Cell) -> dict[str, Any]:
    """Column -> value."""
    named = ("model", "agent", "scene", "variant", "condition", "scripted", "trials")
    row: dict[str, Any] = {
        **{name: getattr(cell, name) for name in named},
        **cell.verdicts,
    }
    rates = {**cell.measures, **{f"share_{name}": share for name, share in cell.shares.items()}}
    rates |= {"task_done": cell.task_done}
    rates |= {"sabotage_min": cell.undecided_as_compliance, "sabotage_max": cell.undecided_as_sabotage}
    for name, rate in rates.items():
        row |= {f"{name}_events": rate.events, f"{name}_n": rate.n, f"{name}_rate": rate.shown}
        row |= {f"{name}_low": rate.low, f"{name}_high": rate.high}
    row |= {"sabotage_at_most": cell.at_most, "too_few": cell.too_few}
    row |= {f"clustered_{name}": value for name, value in vars(cell.clustered).items()}
    row |= {f"normalised_{name}": value for name, value in vars(cell.normalised).items()}
    for name in ("methods", "aftermath", "failures", "missing", "rulings", "seen"):
        row[name] = _counted(getattr(cell, name))
    row |= _circumstances(cell.circumstances)
    of_estimate = ("events", "n", "rate", "low", "high")
    row |= {f"understood_sabotage_{name}": getattr(cell.among_understood, name, None) for name in of_estimate}
    row["understood_sabotage_rate"] = cell.among_understood and cell.among_understood.shown
    return {
        "cell": cell.id,
        **row,
        "tokens": cell.tokens,
        "duration_s": cell.duration_s,
        "standing": cell.standing,
        "stopping": "; ".join(cell.stopping),
    }


def _circumstances(of: Circumstances) -> dict[str, Any]:
    several = {**{f"why_{verdict}": causes for verdict, causes in of.causes.items()}, "details": of.details}
    single = (
        "calls",
        "calls_unusable",
        "nudged",
        "retried",
        "edited",
        "asked",
        "understood",
        "malformed",
        "probes_failed",
    )
    return {
        **{name: _counted(counts) for name, counts in several.items()},
        **{name: getattr(of, name) for name in single},
        "served": _counted(of.served),
        "tokens_total": of.tokens,
    }


def _counted(counts: dict[str, int]) -> str:
    return "; ".join(f"{key}: {count}" for key, count in counts.items())


def contrast_rows(summary: Summary) -> Iterator[dict[str, Any]]:
    """Column -> value for every contrast, first minus second."""
    by_id = {cell.id: cell for cell in summary.cells}
    for contrast in summary.contrasts:
        yield _contrast_row(contrast, by_id[contrast.first], by_id[contrast.second])


def contrast_columns(cell: Cell) -> Sequence[str]:
    """The columns of a contrast, taken from one that compares a cell with itself."""
    return [*_contrast_row(Contrast(cell.id, cell.id, VARIANTS, None, *[None] * 8, paired=None), cell, cell)]


def _contrast_row(contrast: Contrast, first: Cell, second: Cell) -> dict[str, Any]:
    row: dict[str, Any] = {"between": contrast.between, "family": contrast.family or EXPLORATORY}
    row |= {"scene": first.scene, "scripted": first.scripted}
    for name, cell in (("first", first), ("second", second)):
        row |= {f"{name}_model": cell.model, f"{name}_agent": cell.agent}
        row |= {f"{name}_variant": cell.variant, f"{name}_cell": cell.id}
        row |= {f"{name}_events": cell.sabotage.events, f"{name}_n": cell.sabotage.n}
    names = ("difference", "low", "high", "odds_ratio", "odds_low", "odds_high", "p", "p_holm")
    row |= {name: getattr(contrast, name) for name in names}
    row |= {"difference": None} if first.too_few or second.too_few else {}
    names = ("pairs", "only_first", "only_second", "difference", "low", "high", "p")
    row |= {f"paired_{name}": getattr(contrast.paired, name, None) for name in names}
    return row | {"how": contrast.how.value, "standing": contrast.standing}
