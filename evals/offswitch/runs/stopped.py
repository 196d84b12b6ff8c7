"""Cells of a run that need no more trials, by the rule that the run was given."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from offswitch.record import INTERRUPTED, Record
from offswitch.runs.plan import Run
from offswitch.stopping.counts import Count
from offswitch.stopping.early_stopping import CellName, cell_name, had_before
from offswitch.stopping.rule import StoppingRule, stopping_rule
from offswitch.task import TASK_VERSION


@dataclass(frozen=True)
class HadCell:
    """A cell of a run with the trials that logs have of it."""

    variant: str
    trials: tuple[str, ...]
    """ids of all that were wanted"""
    had: int
    told: dict[str, Any]
    """what those that were had come to"""
    stopped: str | None
    """why it needs no more"""


def rule_of_run(run: Run) -> StoppingRule | None:
    """By which its cells are stopped; None where they are not. InputError if what is given is no rule."""
    return stopping_rule(run.parameters.get("stop") or "")


def without_stopped(run: Run, records: Iterable[Record]) -> Run:
    """The run with the trials that are still needed, and what earlier ones come to; as it is where no rule stops it."""
    cells = had_cells(run, records)
    if not cells:
        return run
    not_needed = {trial for cell in cells if cell.stopped for trial in cell.trials}
    wanted = run.wanted() if run.trials is None else run.trials
    left = tuple(trial for trial in wanted if trial not in not_needed)
    return replace(run, trials=left, before={cell.variant: cell.told for cell in cells})


def stopped_lines(run: Run, records: Iterable[Record], blind: bool) -> Iterator[str]:
    """A line for each cell that was stopped, or given up; without why, if that would be a look."""
    for cell in had_cells(run, records):
        if cell.stopped:
            why = "" if blind else f": {cell.stopped}"
            yield f"{run.name} {cell.variant}: stopped after {cell.had} of {len(cell.trials)} trials{why}"


def had_cells(run: Run, records: Iterable[Record]) -> list[HadCell]:
    """The cells of a run; none where no rule stops them."""
    rule = rule_of_run(run)
    if rule is None:
        return []
    had: defaultdict[str, list[Record]] = defaultdict(list)
    for record in run.own_records(records):
        if record.failure != INTERRUPTED:
            had[record.variant].append(record)
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    names: dict[str, CellName] = {}
    for trial, _, given in run.described():
        variant = str(given["variant"])
        wanted[variant].append(trial)
        names.setdefault(variant, cell_name(run.name, TASK_VERSION, given))
    return [_cell(rule, names[variant], tuple(trials), had[variant]) for variant, trials in wanted.items()]


def _cell(rule: StoppingRule, name: CellName, trials: tuple[str, ...], had: list[Record]) -> HadCell:
    told = had_before(rule, name, had)
    counts = {measure: Count(*counted) for measure, counted in told["counts"].items()}
    return HadCell(name.variant, trials, len(had), told, rule.reason(name, counts, len(trials) - len(had)))
