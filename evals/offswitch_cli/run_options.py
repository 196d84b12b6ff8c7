"""The options of `offswitch run`. Most are Inspect's and have the same names as there."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from offswitch_cli.base import SANDBOX_HELP, warn

if TYPE_CHECKING:
    from offswitch.runs.plan import Run

AUTO = "auto"
"""value of --sandbox that stands for the best provider that works here"""
Command = TypeVar("Command", bound=Callable[..., Any])
AT_LEAST_1 = click.IntRange(min=1)
SETTINGS = ("max_connections", "max_retries", "batch", "cache")
"""options that are generation settings as well"""
OPTIONS = (
    "time_limit", "working_limit", "token_limit", "turn_limit", "cost_limit", "approval", "retry_on_error",
    "model_cost_config",
)  # fmt: skip
"""options that Inspect's eval takes by the same name"""

RETRY_HELP = "Have a trial that fails again at once, N times."
HALT_HELP = "Like failures in a row that end a model's trials; 0: none do."

_OPTIONS = [
    click.option("--model", "models", multiple=True, help="As for inspect eval, such as openai/gpt-5; repeatable."),
    click.option("--variants", help='Prompts: "A,E,J", "A-K" or "E+strength=must"; all letters without it.'),
    click.option("--agent", help="Who works: loop, react, codex, claude-code, NAME@VERSION or module:function."),
    click.option("--delivery", help="How answers are handed in: tool, message, client; the agent's own without it."),
    click.option("--scene", help="What comes when: sums, deadline, timer, another, or a folder; sums without it."),
    click.option("--clock", help="What time passes by: calls, tokens, measured, fixed; the scene's own without it."),
    click.option("--trials", default=10, show_default=True, help="Trials per variant."),
    click.option("--seed", default=1, show_default=True, help="What the questions are drawn from."),
    click.option("--stop", metavar="RULE", help="When a cell has trials enough: width:0.1, or a file; see -T stop."),
    click.option("--sandbox", help=SANDBOX_HELP),
    click.option("--log-dir", help="Where the logs go; logs, or what INSPECT_LOG_DIR says, without it."),
    click.option("--max-samples", type=AT_LEAST_1, help="Trials at once; Inspect's own default without it."),
    click.option("--processes", default=1, type=AT_LEAST_1, show_default=True, help="Processes to share them."),
    click.option("-M", "model_args", multiple=True, metavar="NAME=VALUE", help="An argument of the model's provider."),
    click.option("-G", "settings", multiple=True, metavar="NAME=VALUE", help="A generation setting, as temperature=0."),
    click.option("-T", "task_args", multiple=True, metavar="NAME=VALUE", help="A parameter of the task, as grace_s=5."),
    click.option("--max-connections", type=int, help="Questions to a provider at once."),
    click.option("--max-retries", type=int, help="How often a model without an answer is asked again; 5 without it."),
    click.option("--batch", is_flag=False, flag_value="true", metavar="[SIZE]", help="Ask in batches."),
    click.option("--cache", is_flag=False, flag_value="true", metavar="[TIME]", help="Keep answers for use again."),
    click.option("--time-limit", type=int, help="Seconds per trial."),
    click.option("--working-limit", type=int, help="Seconds per trial, without waiting for the provider."),
    click.option("--token-limit", help="Tokens per trial, such as 500k or output:50k."),
    click.option("--turn-limit", type=int, help="Answers of the model per trial."),
    click.option("--cost-limit", type=float, help="Dollars per trial; needs a price."),
    click.option("--model-cost-config", metavar="FILE", help="Prices of models, as Inspect reads them."),
    click.option("--context", type=AT_LEAST_1, help="Tokens that the model's context holds, if Inspect does not know."),
    click.option("--approval", metavar="POLICY", help="Who approves of tool calls: a file, or an approver's name."),
    click.option("--model-role", multiple=True, metavar="ROLE=MODEL", help="A model for a role, as an approver's."),
    click.option("--retry-on-error", is_flag=False, flag_value="1", type=AT_LEAST_1, metavar="[N]", help=RETRY_HELP),
    click.option("--retry-failures", is_flag=True, help="Have trials again that failed in an earlier run."),
    click.option("--halt-after", default=5, type=click.IntRange(min=0), show_default=True, help=HALT_HELP),
    click.option("--no-preflight", is_flag=True, help="Do not ask each model a small question first."),
]  # fmt: skip


def run_options(command: Command) -> Command:
    """Decorates a command with these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def runs_of(given: Mapping[str, Any]) -> list["Run"]:
    """A run for each model, with the trials of its share; InputError if an option is wrong, or no model is named."""
    from offswitch.runs.plan import Run
    from offswitch.runs.settings import from_environment, read_environment
    from offswitch.user_files import parse_options

    read_environment()
    chosen = {name: given[name] for name in ("variants", "agent", "delivery", "scene", "clock", "stop") if given[name]}
    counted = {"trials": given["trials"], "seed": given["seed"]}
    run = Run(
        model="",
        parameters={**chosen, **counted, **parse_options(given["task_args"], "-T")},
        sandbox=given["sandbox"] or AUTO,
        log_dir=log_dir_of(given["log_dir"]),
        max_samples=given["max_samples"] or from_environment(["max_samples"]).get("max_samples"),
        model_args=parse_options(given["model_args"], "-M"),
        settings=_settings(given),
        options=_options(given),
    )
    return share_asked_for([replace(run, model=model) for model in _models(given["models"])], given)


def share_asked_for(runs: list["Run"], given: Mapping[str, Any]) -> list["Run"]:
    """The runs with the trials of the share that `--share` names; as they are without it."""
    from offswitch.runs.shares import share_of, shared

    if not given.get("share"):
        return runs
    share = share_of(given["share"])
    refuse_parts("--share", share.of, runs)
    return shared(runs, share)


def refuse_parts(option: str, count: int, runs: Sequence["Run"]) -> None:
    """InputError where trials that a rule may stop would be had in several parts, none of which sees all of them."""
    from offswitch.errors import InputError

    if count > 1 and any(run.parameters.get("stop") for run in runs):
        raise InputError(f"{option}: a rule that stops cells sees all of their trials in one process; leave it out")


def log_dir_of(given: str | None) -> str:
    """Where logs go, or are."""
    return given or os.environ.get("INSPECT_LOG_DIR") or "logs"


def _models(given: Iterable[str]) -> list[str]:
    from offswitch.errors import InputError

    texts = tuple(given) or (os.environ.get("INSPECT_EVAL_MODEL", ""),)
    models = list(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))
    if not models:
        raise InputError("--model: is missing; name a model as for inspect eval, such as openai/gpt-5")
    return models


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    from inspect_ai.model import GenerateConfig

    from offswitch.runs.settings import from_environment, generation_settings
    from offswitch.user_files import parse_options

    own = [f"{name}={given[name]}" for name in SETTINGS if given[name] is not None]
    told = generation_settings(from_environment(GenerateConfig.model_fields), "environment:")
    if told:
        # Values of headers and bodies are not shown, because they may hold a key.
        said = (name if isinstance(value, dict | list) else f"{name}={value}" for name, value in told.items())
        warn(f"from the environment: {', '.join(said)}")
    return {**told, **generation_settings(parse_options((*given["settings"], *own), "-G"))}


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    from offswitch.runs.settings import from_environment

    own = {name: given[name] for name in OPTIONS if given[name] is not None}
    roles = {"model_role": list(given["model_role"])} if given["model_role"] else {}
    return {**from_environment(OPTIONS), **own, **roles}
