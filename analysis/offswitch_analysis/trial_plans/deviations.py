"""Trials against their plan: which cells are planned, and every deviation by name."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from offswitch.record import Record, subject_name
from offswitch.stopping.counts import count
from offswitch.stopping.rule import rule_from
from offswitch_analysis.rates import Cell, Contrast
from offswitch_analysis.rates.plan_standing import PlanStanding, Standing
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.frozen import Frozen, PlanFile
from offswitch_analysis.trial_plans.plan_file import TrialPlan

NAMED_MAX = 6
"""trials named in a line"""
NOT_FROZEN = "the plan was not frozen, so that nobody can know whether it was there before the trials"

Key = tuple[str, str, str]
"""model, variant and condition"""


@dataclass(frozen=True)
class Kept:
    """How the trials of logs keep to a plan."""

    standing: PlanStanding
    cells: dict[Key, Standing]
    """planned cells; every other one is exploratory"""

    def of_cell(self, cell: Cell) -> Standing:
        """What the numbers of a cell are."""
        return self.cells.get(_key(cell), Standing.EXPLORATORY)

    def marked_cells(self, cells: Iterable[Cell]) -> list[Cell]:
        """The same with what the numbers of each are."""
        return [replace(cell, standing=self.of_cell(cell)) for cell in cells]

    def marked_contrasts(self, cells: Iterable[Cell], contrasts: Iterable[Contrast]) -> list[Contrast]:
        """The contrasts between these cells with what each is: no more than the lesser of its cells."""
        of_cell, order = {cell.id: self.of_cell(cell) for cell in cells}, list(Standing)
        return [
            replace(
                one,
                standing=max(of_cell[one.first], of_cell[one.second], key=order.index)
                if one.family
                else Standing.EXPLORATORY,
            )
            for one in contrasts
        ]


def kept(file: PlanFile, records: Sequence[Record], ended: bool = True) -> Kept:
    """Compares the trials of logs with the plan as it was frozen; only if it has ended, trials can be left out."""
    frozen = file.frozen
    if frozen is None:
        told = PlanStanding(file.plan.name, file.path.name, None, None, 0, 0, (NOT_FROZEN,))
        return Kept(told, {})
    found: defaultdict[Key, list[Record]] = defaultdict(list)
    for record in records:
        found[_key(record)].append(record)
    of_cell = {_key(cell): [*_of_cell(cell, found[_key(cell)], frozen, ended)] for cell in frozen.cells}
    for_all = [
        *(f"changed after it was frozen: {line}" for line in file.changes),
        *(str(look) for look in undeclared_looks(file, frozen)),
    ]
    lines = [*for_all, *(line for of in of_cell.values() for line in of), *_not_planned(found, of_cell)]
    standing = PlanStanding(
        frozen.plan.name, file.path.name, frozen.digest, frozen.frozen, sum(cell.trials for cell in frozen.cells),
        sum(trials_had(frozen, records)), tuple(lines),
    )  # fmt: skip
    return Kept(
        standing,
        {key: Standing.DEVIATES if for_all or told else Standing.PLANNED for key, told in of_cell.items()},
    )


def undeclared_looks(file: PlanFile, frozen: Frozen) -> Iterator[object]:
    """Looks that were noted at a number of trials at which none was declared."""
    if frozen.plan.stopping.anytime is not None:
        return
    planned = [cell.trials for cell in frozen.cells]
    for look in file.looks:
        if len(look.trials) != len(planned) or not look.is_declared(planned, frozen.plan.stopping.looks):
            yield look


def trials_had(frozen: Frozen, records: Iterable[Record]) -> list[int]:
    """Of each planned cell, how many of its trials there are."""
    there = {(_key(record), record.trial_id) for record in records if record.seed == frozen.plan.seed}
    return [sum((_key(cell), trial) in there for trial in cell.trial_ids) for cell in frozen.cells]


def _key(one: Record | Cell | PlannedCell) -> Key:
    return one.model, one.variant, one.condition


def _of_cell(cell: PlannedCell, records: Sequence[Record], frozen: Frozen, ended: bool) -> Iterator[str]:
    """A line for each kind of deviation; to have the first trials up to a declared look is none."""
    wanted, known = cell.trial_ids, set(cell.trial_ids)
    planned = [record for record in records if record.seed == frozen.plan.seed and record.trial_id in known]
    had = Counter(record.trial_id for record in planned)
    stopped = had.keys() == {*wanted[: len(had)]} and _may_stop(cell, planned, len(wanted) - len(had), frozen.plan)
    if ended and not stopped and (left_out := [trial for trial in wanted if trial not in had]):
        yield _line(cell, left_out, "left out")
    if twice := [trial for trial, count in had.items() if count > 1]:
        yield _line(cell, twice, "counted more than once")
    if added := [r.trial_id for r in records if r.seed != frozen.plan.seed or r.trial_id not in known]:
        yield _line(cell, added, "added")
    if other := [record.trial_id for record in planned if record.trial_plan != frozen.digest]:
        yield _line(cell, other, "not run under this plan")
    if early := [record.trial_id for record in planned if _is_before(record.created, frozen.frozen)]:
        yield _line(cell, early, "begun before the plan was frozen")


def _may_stop(cell: PlannedCell, had: Sequence[Record], left: int, plan: TrialPlan) -> bool:
    """Whether a cell may end with these trials: at a declared look, or by the declared rule."""
    if plan.stop is None:
        return len(had) in plan.stopping.looks
    rule = rule_from("stopping.anytime", plan.stop)
    counts = {measure: count(measure, had) for measure in rule.measures(cell)}
    return rule.reason(cell, counts, left) is not None


def _line(cell: PlannedCell, trials: Sequence[str], what: str) -> str:
    more = f" and {len(trials) - NAMED_MAX} more" if len(trials) > NAMED_MAX else ""
    count = "1 trial" if len(trials) == 1 else f"{len(trials)} trials"
    return f"{cell.name}: {count} {what}: {', '.join(trials[:NAMED_MAX])}{more}"


def _is_before(begun: str | None, frozen: str) -> bool:
    """Whether a log that began then is older than the plan; a time that cannot be read is no proof that it is not."""
    try:
        one, other = (datetime.fromisoformat(time) for time in (str(begun), frozen))
    except ValueError:
        return True
    return (one if one.tzinfo else one.replace(tzinfo=UTC)) < other


def _not_planned(found: dict[Key, list[Record]], planned: Iterable[Key]) -> Iterator[str]:
    known = {*planned}
    for key, records in found.items():
        if key not in known and records:
            one = records[0]
            who = f"{subject_name(one.model, one.agent, one.scene)} {one.variant}"
            yield f"{who}: a condition that is not planned, with {len(records)} trials ({one.condition})"
