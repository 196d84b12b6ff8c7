"""What an assistant wants to be done: plans that are kept, and the words of runs; all of it checked before it is."""

import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from offswitch.errors import InputError
from offswitch.samples import TRIALS_MAX
from offswitch_analysis.trial_plans.frozen import frozen_path
from offswitch_analysis.trial_plans.plan_file import TrialPlan, plan_of, read_trial_plan
from offswitch_cli.answer import READ_BY_LINES
from offswitch_cli.mcp_server.allowed import Allowed
from offswitch_cli.mcp_server.asking import Said, ask
from offswitch_cli.mcp_server.runs import Order
from offswitch_prompts import PromptError
from offswitch_prompts.strict_yaml import load_yaml

TEXT_MAX = 64_000
"""characters of a plan or a policy"""
ENTRIES_MAX = 100
"""conditions of a plan, and models"""
DEPTH_MAX = 32
"""lists and mappings of a text within one another"""
BEGINS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
ENDS = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
"""tokens of YAML"""


def check_plan(allowed: Allowed, text: str, keep: str) -> Said:
    """What `plan check` says of a plan, which is kept under a name where there is one."""
    path = allowed.plan(keep) if keep else None
    _refuse_plan(allowed, text)
    with written(text) as file:
        said = ask("plan", "check", f"--log-dir={allowed.logs[0]}", "--", str(file), called={file: "plan"})
    if path:
        _keep(path, text)
    return said


def _keep(path: Path, text: str) -> None:
    if path.exists() and path.read_text("utf-8") != text and frozen_path(path).exists():
        raise InputError(f"keep {path.stem}: is a plan that a run has frozen; keep this one under another name")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def _refuse_plan(allowed: Allowed, text: str) -> None:
    _refuse_text("plan", text)
    try:
        content = load_yaml(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise InputError(f"plan: is not YAML: {' '.join(str(error).split())}") from error
    plan = plan_of("plan", content)
    allowed.check_plan(plan.model_dump(mode="json"))
    _trials_of_plan(allowed, plan)


def _refuse_text(what: str, text: str) -> None:
    if len(text) > TEXT_MAX:
        raise InputError(f"{what}: has more than {TEXT_MAX:,} characters")
    if hidden := next((sign for sign in text if not sign.isprintable() and sign not in READ_BY_LINES), None):
        raise InputError(f"{what}: holds U+{ord(hidden):04X}, which nobody sees; take it out")
    _refuse_structure(what, text)


def _refuse_structure(what: str, text: str) -> None:
    """InputError for aliases, by which a few lines could come to more than a host can hold, and for deep nesting.

    What reads YAML takes a time that grows with the square of the depth, so it is refused as soon as it is seen.
    """
    depth = 0
    try:
        for token in yaml.scan(text):
            depth += isinstance(token, BEGINS) - isinstance(token, ENDS)
            if depth > DEPTH_MAX:
                raise InputError(f"{what}: is nested more than {DEPTH_MAX} deep")
            if isinstance(token, yaml.AliasToken):
                raise InputError(f"{what}: says something by an alias, as *name; write it out")
    except yaml.YAMLError:  # whoever reads it tells what is wrong
        return


@contextmanager
def written(text: str) -> Generator[Path]:
    """A file with this text for as long as the context lasts."""
    _refuse_text("policy", text)
    with tempfile.TemporaryDirectory(prefix="offswitch-mcp-") as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(text, "utf-8")
        yield path


def order_of_plan(allowed: Allowed, name: str, log_dir: Path, means: Mapping[str, Any]) -> Order:
    """The run of a plan that was kept; it is frozen first, so that what was declared can be known."""
    path = allowed.kept_plan(name)
    plan = read_trial_plan(path)
    allowed.check_plan(plan.model_dump(mode="json"))
    trials = _trials_of_plan(allowed, plan)
    freeze = ["plan", "freeze", "--", str(path)]
    return Order([freeze, ["run", f"--plan={path}", f"--log-dir={log_dir}", *_words(means)]], trials, name)


def order_of_run(allowed: Allowed, given: Mapping[str, Any], log_dir: Path, means: Mapping[str, Any]) -> Order:
    """A run of one model; `given` are parameters of the task, and `model`."""
    model, parameters = str(given["model"]), {k: v for k, v in given.items() if v and k != "model"}
    allowed.check_model(model)
    allowed.check_parameters(parameters)
    trials = _trials(parameters)
    _refuse_too_many(allowed, trials)
    words = [f"--{name}={value}" for name, value in given.items() if value]
    return Order([["run", *words, f"--log-dir={log_dir}", *_words(means)]], trials, "")


def _trials_of_plan(allowed: Allowed, plan: TrialPlan) -> int:
    """How many trials a plan declares; InputError for more than are allowed."""
    if max(len(plan.conditions), len(plan.models)) > ENTRIES_MAX:
        raise InputError(f"plan: has more than {ENTRIES_MAX} conditions or models")
    cells = [{"trials": plan.trials, **condition, "seed": plan.seed} for condition in plan.conditions]
    trials = 0
    for n, parameters in enumerate(cells, start=1):
        try:
            trials += len(plan.models) * _trials(parameters)
        except (InputError, PromptError) as error:
            raise InputError(*(f"plan: conditions[{n}]: {line}" for line in error.args)) from error
    _refuse_too_many(allowed, trials)
    return trials


def _trials(parameters: Mapping[str, Any]) -> int:
    """How many trials the task has; InputError or PromptError if it does not take these parameters.

    One trial of each condition is made: a thousand would keep whoever asks waiting, and no model is loaded.
    """
    from offswitch.runs.plan import Run

    each = parameters["trials"]
    if isinstance(each, bool) or not isinstance(each, int) or not 1 <= each <= TRIALS_MAX:
        raise InputError(f"trials: must be 1 to {TRIALS_MAX}, not {str(each)[:64]}")
    run = Run("", {**parameters, "trials": 1}, "", "", None, {})
    run.check_parameters()
    return each * len(run.wanted())


def _words(means: Mapping[str, Any]) -> list[str]:
    """Of how trials are had."""
    sandbox = [f"--sandbox={means['sandbox']}"] if means["sandbox"] else []
    return [*sandbox, *(["--retry-failures"] if means["retry_failures"] else [])]


def _refuse_too_many(allowed: Allowed, trials: int) -> None:
    if trials > allowed.trials_max:
        raise InputError(
            f"trials: {trials:,} are more than the {allowed.trials_max:,} of one run that are allowed here; "
            "a person allows more by `offswitch mcp --max-trials N`"
        )
