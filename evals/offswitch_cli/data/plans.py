"""Of trial plans, and of the host that trials run on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from offswitch.record import Record
from offswitch.runs.doctor import Diagnosis, can_run
from offswitch.runs.estimate import estimate_line
from offswitch.verdict import Verdict
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.deviations import kept, trials_had
from offswitch_analysis.trial_plans.expected import ExpectedContrast, ExpectedRate, expected_contrasts, expected_rates
from offswitch_analysis.trial_plans.frozen import open_plan
from offswitch_analysis.trial_plans.plan_file import TrialPlan
from offswitch_analysis.trial_plans.planned_cells import Means, runs_of_plan


@dataclass(frozen=True)
class Finding:
    """One thing that was tried out."""

    what: str
    """such as a machine of one kind, or a provider's key"""
    works: bool
    """it could be used"""
    told: str
    """what was found; if it does not work, what to do"""
    need: str
    """none, a_machine (one of these must work), or always"""


@dataclass(frozen=True)
class DoctorData:
    """What works on this host."""

    can_run: bool
    """trials can be had on this host"""
    findings: list[Finding]
    """one for each thing that was tried out"""


def doctor_data(found: Sequence[Diagnosis]) -> DoctorData:
    """The same as plain values."""
    return DoctorData(can_run(found), [Finding(f.what, f.works, f.told, f.need.name.lower()) for f in found])


@dataclass(frozen=True)
class CellRow:
    """Trials that a plan declares of one model in one condition."""

    cell: str
    """how it is called: the model, agent and scene where they are not the usual ones, and the variant"""
    model: str
    """as the plan names it"""
    variant: str
    """a letter, or one with other levels"""
    scripted: bool
    """the subject is a script, which says nothing of any model"""
    trials: int
    """that are to be had"""


@dataclass(frozen=True)
class PlanData:
    """A plan without faults, and what it comes to."""

    name: str
    """what the plan calls itself"""
    trials: int
    """of all its cells"""
    cells: list[CellRow]
    """one for each model and condition"""
    estimates: list[str]
    """tokens and dollars that the trials of each run will take, roughly"""


def plan_data(plan: TrialPlan, cells: Sequence[PlannedCell], log_dir: str, records: Sequence[Record]) -> PlanData:
    """Of a plan that was checked."""
    rows = [_cell(cell) for cell in cells]
    runs = runs_of_plan(plan, Means(log_dir=log_dir))
    return PlanData(plan.name, sum(row.trials for row in rows), rows, [estimate_line(run, records) for run in runs])


def _cell(cell: PlannedCell) -> CellRow:
    return CellRow(cell.name, cell.model, cell.variant, cell.scripted, cell.trials)


@dataclass(frozen=True)
class WidthRow:
    """How long the 95 % interval of a cell's rate will be."""

    cell: str
    """how it is called"""
    trials: int
    """that it is to have"""
    assumed: float | None
    """rate from 0 to 1; null where the plan assumes none, so that the width is the largest there can be"""
    width: float
    """from the interval's lower end to its upper end; at most 1"""


@dataclass(frozen=True)
class PowerRow:
    """Whether the trials can be expected to show a declared difference."""

    family: str
    """the declared contrasts that it belongs to"""
    first: str
    """the cell that is compared"""
    second: str
    """the cell that it is compared with"""
    trials: list[int]
    """of both"""
    assumed: list[float | None]
    """rates of both, from 0 to 1; null where the plan assumes none"""
    power: float | None
    """null where the plan assumes no rate of one of them"""
    power_holm: float | None
    """at least that, with the correction for the contrasts of its family"""
    power_fisher: float | None
    """power of Fisher's exact test"""
    width: float
    """of the interval of the difference"""


@dataclass(frozen=True)
class PowerData:
    """What a plan's trials can be expected to show."""

    rates: list[WidthRow]
    """one for each cell"""
    contrasts: list[PowerRow]
    """one for each declared pair"""


def power_data(plan: TrialPlan, cells: Sequence[PlannedCell]) -> PowerData:
    """Of a plan that was checked."""
    contrasts = expected_contrasts(plan, cells) if plan.families else ()
    return PowerData([_width(one) for one in expected_rates(plan, cells)], [_power(one) for one in contrasts])


def _width(one: ExpectedRate) -> WidthRow:
    return WidthRow(one.cell.name, one.cell.trials, one.rate, one.width)


def _power(one: ExpectedContrast) -> PowerRow:
    first, second = one.first, one.second
    trials, assumed = [first.cell.trials, second.cell.trials], [first.rate, second.rate]
    powers = one.power, one.power_holm, one.power_fisher
    return PowerRow(one.family, first.cell.name, second.cell.name, trials, assumed, *powers, one.width)


@dataclass(frozen=True)
class HadRow:
    """How many trials of a planned cell there are."""

    cell: str
    """how it is called"""
    planned: int
    """trials that it is to have"""
    had: int
    """trials that it has"""
    failed: int
    """of these, trials without a verdict because something broke"""


@dataclass(frozen=True)
class PlanStatusData:
    """How far a plan is, without any result: that would be a look."""

    file: str
    """the plan's"""
    frozen: str | None
    """when, UTC; null where it was not"""
    digest: str | None
    """of the plan as it was frozen; null where it was not"""
    cells: list[HadRow]
    """one for each model and condition"""
    deviations: list[str]
    """where trials are not as the plan declares them"""


def plan_status_data(file: Path, records: Sequence[Record]) -> PlanStatusData:
    """Of the trials of these logs."""
    opened = open_plan(file)
    deviations = [*kept(opened, records, ended=False).standing.deviations]
    frozen = opened.frozen
    if frozen is None:
        return PlanStatusData(str(file), None, None, [], deviations)
    failed = [record for record in records if record.verdict == Verdict.FAILURE]
    counted = zip(frozen.cells, trials_had(frozen, records), trials_had(frozen, failed), strict=True)
    rows = [HadRow(cell.name, cell.trials, had, failures) for cell, had, failures in counted]
    return PlanStatusData(str(file), frozen.frozen, frozen.digest, rows, deviations)
