"""What a trial plan comes to: the runs that have its trials, the cells of these, and the faults that only they show."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from offswitch.errors import InputError
from offswitch.record import agent_of, scene_of, subject_name
from offswitch.runs.plan import Run
from offswitch.runs.settings import checked_options, generation_settings
from offswitch.stopping.policy import is_about
from offswitch.subjects import is_scripted
from offswitch_analysis.rates.contrasts import side
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.plan_file import TrialPlan
from offswitch_prompts import PromptError

LEVEL = "level_"
"""prefix of a factor's name in a sample's metadata"""
NOT_OF_A_CONDITION = ("seed", "stop")
"""parameters of the task that a plan gives once, for all conditions"""


@dataclass(frozen=True)
class Means:
    """How trials are had, which changes nothing of them."""

    sandbox: str = "auto"
    log_dir: str = "logs"
    max_samples: int | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])


def runs_of_plan(plan: TrialPlan, means: Means) -> list[Run]:
    """A run for each model in each entry of `conditions`, model by model; InputError for a wrong setting."""
    limits = plan.limits.model_dump(exclude_none=True)
    return [
        Run(
            model=one.model,
            parameters={
                "trials": plan.trials,
                **given,
                "seed": plan.seed,
                **({"stop": plan.stop} if plan.stop else {}),
            },
            sandbox=means.sandbox,
            log_dir=means.log_dir,
            max_samples=means.max_samples,
            model_args=one.args,
            settings={**generation_settings(one.settings, f"models[{n}].settings:"), **means.settings},
            options={**means.options, **limits},
        )
        for n, one in enumerate(plan.models, start=1)
        for given in plan.conditions
    ]


def planned_cells(runs: Sequence[Run]) -> list[PlannedCell]:
    """The cells of runs, in their order, with the number of trials that each is to have."""
    trials: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for run in runs:
        name = run.name
        for _, condition, given in run.described():
            key = name, str(given["variant"]), condition
            trials[key] += 1
            first.setdefault(key, given)
    return [
        PlannedCell(model, agent_of(told), scene_of(told), variant, condition, is_scripted(model), _levels(told), n)
        for (model, variant, condition), n in trials.items()
        for told in [first[model, variant, condition]]
    ]


def _levels(given: Mapping[str, Any]) -> dict[str, str]:
    return {name.removeprefix(LEVEL): str(value) for name, value in given.items() if name.startswith(LEVEL)}


def checked_cells(where: str, plan: TrialPlan, load_models: bool = True) -> list[PlannedCell]:
    """The cells of a plan; the InputError has a line for every fault that it has, each of which begins with `where`.

    Models are not checked where they are not loaded, so that one without its key does not stop the others.
    """
    if faults := [*(_faults_of_models(plan) if load_models else ()), *_faults_of_conditions(plan)]:
        raise InputError(*(f"{where}: {fault}" for fault in faults))
    cells = planned_cells(runs_of_plan(plan, Means()))
    if faults := [
        *_said_twice(plan),
        *_faults_of_names(plan, cells),
        *_faults_of_looks(plan, cells),
        *_faults_of_rules(plan),
    ]:
        raise InputError(*(f"{where}: {fault}" for fault in faults))
    return cells


def _faults_of_models(plan: TrialPlan) -> Iterator[str]:
    for n, one in enumerate(plan.models, start=1):
        if one in plan.models[: n - 1]:
            yield f"models[{n}]: {one.model} stands there twice"
        try:
            alone = plan.model_copy(update={"models": [one], "conditions": [{}]})
            (run,) = runs_of_plan(alone, Means())
            model = run.inspect_model()
        except InputError as error:
            yield f"models[{n}]: {str(error).replace('models[1].', '')}"
            continue
        try:
            checked_options(run.options, model)
        except InputError as error:
            yield f"limits: {error}"


def _faults_of_conditions(plan: TrialPlan) -> Iterator[str]:
    for n, given in enumerate(plan.conditions, start=1):
        for name in NOT_OF_A_CONDITION:
            if name in given:
                yield f"conditions[{n}].{name}: is given once, beside the conditions"
        try:
            Run("", {"trials": plan.trials, **given, "seed": plan.seed}, "", "", None, {}).check_parameters()
        except (InputError, PromptError) as error:
            yield f"conditions[{n}]: {error}"


def _said_twice(plan: TrialPlan) -> Iterator[str]:
    """A line for each entry of `conditions` that has trials of one before it."""
    first: dict[tuple[str, str], int] = {}
    alone = plan.model_copy(update={"models": plan.models[:1]})
    for n, run in enumerate(runs_of_plan(alone, Means()), start=1):
        wanted = run.wanted().items()
        taken = sorted({(first[one], one[0]) for one in wanted if one in first})
        if taken:
            earlier, trial = taken[0]
            yield f"conditions[{n}]: {len(taken)} of its trials, such as {trial}, are of conditions[{earlier}]"
        for one in wanted:
            first.setdefault(one, n)


def _faults_of_names(plan: TrialPlan, cells: Sequence[PlannedCell]) -> Iterator[str]:
    """A line for each name in families, rules and assumptions that no cell has."""
    for n, family in enumerate(plan.declared, start=1):
        known = {side(cell, family.between) for cell in cells}
        for name in sorted({name for pair in family.pairs for name in pair} - {"*"} - known):
            yield f"families[{n}].pairs: {name} is none of the plan's {family.between}: {', '.join(sorted(known))}"
    assumed = [one.rule for one in plan.assume]
    for field_name, rules in (("rules", plan.policy.rules), ("assume", assumed)):
        for n, rule in enumerate(rules, start=1):
            if not any(is_about(rule, cell) for cell in cells):
                there = ", ".join(sorted({f"{subject_name(c.model, c.agent, c.scene)} {c.variant}" for c in cells}))
                yield f"{field_name}[{n}]: is about no cell of the plan; there are {there}"


def _faults_of_looks(plan: TrialPlan, cells: Sequence[PlannedCell]) -> Iterator[str]:
    most = max(cell.trials for cell in cells)
    for n, look in enumerate(plan.stopping.looks, start=1):
        if look > most:
            yield f"stopping.looks[{n}]: no cell has {look} trials; the most are {most}"


def _faults_of_rules(plan: TrialPlan) -> Iterator[str]:
    for n, rule in enumerate(plan.policy.rules if plan.stopping.is_possible else (), start=1):
        if not rule.anytime:
            yield f"rules[{n}].anytime: must be true, because stopping is declared: trials may end by what was seen"
