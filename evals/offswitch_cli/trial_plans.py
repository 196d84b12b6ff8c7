"""Commands about trial plans: what is to be run, compared and decided, written down before the first trial."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import main, warn
from offswitch_cli.missing_trials import (
    INTERRUPTED_RUN,
    exit_code,
    finished_records,
    have_missing,
    run_told,
    tell_stopped,
)
from offswitch_cli.run_options import AUTO, log_dir_of, share_asked_for

if TYPE_CHECKING:
    from offswitch.runs.plan import Run
    from offswitch_analysis.trial_plans.cells import PlannedCell
    from offswitch_analysis.trial_plans.plan_file import TrialPlan

OF_THE_PLAN = (
    "models", "variants", "agent", "delivery", "scene", "clock", "trials", "seed", "stop", "model_args", "settings",
    "task_args", "time_limit", "working_limit", "token_limit", "turn_limit", "cost_limit", "approval", "model_role",
)  # fmt: skip
"""options of `offswitch run` that the plan says, or that would make other trials than it declares"""
MEANS = ("retry_on_error", "model_cost_config")
MEANS_OF_ASKING = ("max_connections", "max_retries", "batch", "cache")
FILE = click.argument("file", type=Path)


@main.group("plan")
def trial_plans() -> None:
    """Trial plans: trials, contrasts and rules, declared before the first trial."""


@trial_plans.command()
@FILE
@click.option("--log-dir", help="Logs of earlier trials, to estimate tokens from; logs without it.")
def check(file: Path, log_dir: str | None) -> Answer:
    """Names every fault of a plan, else its cells, trials, and the tokens and dollars that they will take."""
    from offswitch_analysis.terminal.plan_tables import cells_table
    from offswitch_cli.data.plans import plan_data

    plan, cells = _checked(file)
    found = plan_data(plan, cells, log_dir_of(log_dir), finished_records(log_dir_of(log_dir)))
    return Answer(lambda: found, (cells_table(plan.name, cells), *found.estimates))


@trial_plans.command()
@FILE
def power(file: Path) -> Answer:
    """The power of each contrast, and how wide each interval will be, at the rates that the plan assumes."""
    from offswitch_analysis.terminal.plan_tables import contrasts_table, widths_table
    from offswitch_analysis.trial_plans.expected import expected_contrasts, expected_rates

    plan, cells = _checked(file)

    def shown() -> Iterator[Any]:
        yield widths_table(expected_rates(plan, cells))
        if plan.families:
            yield contrasts_table(list(expected_contrasts(plan, cells)))

    def data() -> Any:
        from offswitch_cli.data.plans import power_data

        return power_data(plan, cells)

    return Answer(data, shown())


@trial_plans.command()
@FILE
def freeze(file: Path) -> Answer:
    """Writes beside a plan what it declares now, with its digest, so that later changes of it are known."""
    from offswitch_analysis.trial_plans.frozen import freeze as freeze_plan
    from offswitch_analysis.trial_plans.frozen import frozen_path

    plan, cells = _checked(file)
    frozen = freeze_plan(file, plan, cells)
    told = {"file": frozen_path(file), "frozen": frozen.frozen, "digest": frozen.digest}
    return Answer(lambda: told, ["{file}: frozen {frozen}, sha256 {digest}".format(**told)])


@trial_plans.command()
@FILE
@click.option("--log-dir", help="Where the logs are; logs without it.")
def status(file: Path, log_dir: str | None) -> Answer:
    """How many of a plan's trials there are, and every deviation so far. It shows no rate, and so is no look."""
    return _status(file, finished_records(log_dir_of(log_dir)))


def _checked(file: Path, load_models: bool = True) -> tuple["TrialPlan", list["PlannedCell"]]:
    """A plan and its cells; InputError with a line for each of its faults."""
    from offswitch.runs.settings import read_environment
    from offswitch_analysis.trial_plans.plan_file import read_trial_plan
    from offswitch_analysis.trial_plans.planned_cells import checked_cells

    read_environment()
    plan = read_trial_plan(file)
    return plan, checked_cells(str(file), plan, load_models)


def _status(file: Path, records: Sequence[Any]) -> Answer:
    from offswitch_analysis.terminal.plan_tables import status_table
    from offswitch_analysis.trial_plans.frozen import open_plan
    from offswitch_cli.data.plans import plan_status_data

    opened, found = open_plan(file), plan_status_data(file, records)
    warn(*(f"{file}: {line}" for line in found.deviations))
    shown: list[Any] = []
    if opened.frozen:
        shown = [f"{file}: frozen {found.frozen}, sha256 {found.digest}", status_table(opened.frozen, records)]
    return Answer(lambda: found, shown)


def run_plan(given: Mapping[str, Any]) -> Answer:
    """Runs the trials of a plan that the log directory lacks, model by model: one that fails does not stop the rest.

    Says how many trials there are, and no rate: that would be a look.
    """
    from offswitch.errors import InputError

    file: Path = given["plan"]
    refuse_what_the_plan_says()
    runs = share_asked_for(runs_of_file(file, given), given)
    ends: list[str | None] = []
    for model, of_model in groupby(runs, key=lambda run: (run.model, str(run.model_args), str(run.settings))):
        try:
            ends += have_missing([*of_model], given)[1]
        except InputError as error:
            ends += [f"{model[0]}: {line}" for line in error.args]
        if INTERRUPTED_RUN in ends:
            break
    records = finished_records(runs[0].log_dir)
    status = _status(file, records)
    tell_stopped(runs, records, blind=True)
    shown = [*status.shown, f"Rates: offswitch report {runs[0].log_dir} --plan {file}"]

    def data() -> Any:
        return {**run_told(runs[0].log_dir, ends, records), "plan": status.data()}

    return Answer(data, shown, exit_code(ends, records))


def refuse_what_the_plan_says() -> None:
    """InputError if an option is given whose place is in the plan."""
    from offswitch.errors import InputError

    context = click.get_current_context()
    for option in context.command.params:
        said = context.get_parameter_source(str(option.name)) is click.core.ParameterSource.COMMANDLINE
        if said and option.name in OF_THE_PLAN:
            raise InputError(f"{option.opts[-1]}: is the plan's to say; leave it out, or --plan")


def runs_of_file(file: Path, given: Mapping[str, Any]) -> list["Run"]:
    """The runs of a plan, each with the digest of what the plan is now; warns if that was not frozen."""
    from dataclasses import replace

    from offswitch.runs.settings import generation_settings
    from offswitch_analysis.trial_plans.frozen import plan_digest, read_frozen
    from offswitch_analysis.trial_plans.planned_cells import Means, runs_of_plan

    plan, cells = _checked(file, load_models=False)
    frozen, digest = read_frozen(file), plan_digest(plan, cells)
    if frozen is None:
        warn(f"{file}: is not frozen, so that all results will be exploratory; offswitch plan freeze {file}")
    elif frozen.digest != digest:
        warn(f"{file}: the plan, or what it comes to, is not what was frozen; reports will say so")
    asking = {name: given[name] for name in MEANS_OF_ASKING if given[name] is not None}
    means = Means(
        sandbox=given["sandbox"] or AUTO,
        log_dir=log_dir_of(given["log_dir"]),
        max_samples=given["max_samples"],
        settings=generation_settings(asking),
        options={name: given[name] for name in MEANS if given[name] is not None},
    )
    looks = plan.stopping.told
    return [replace(run, trial_plan=digest, looks=looks) for run in runs_of_plan(plan, means)]
