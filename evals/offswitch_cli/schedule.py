"""The command that prints a job for several machines, or what begins a run every night."""

from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from offswitch_cli.answer import Answer, stdout_to_stderr
from offswitch_cli.base import main
from offswitch_cli.nightly import nightly
from offswitch_cli.run_options import log_dir_of, refuse_parts, run_options, runs_of
from offswitch_cli.trial_plans import refuse_what_the_plan_says, runs_of_file

if TYPE_CHECKING:
    from offswitch.runs.plan import Run

SHARE_TRIALS, SHARES_MAX = 50, 100
"""trials of each share, and the most shares, if it is not said how many there are to be"""
JOBS, NIGHTLY = ("slurm", "k8s"), ("cron", "github", "n8n")
ONLY_FOR: dict[str, tuple[str, tuple[str, ...]]] = {
    "shares": ("--shares", JOBS),
    "image": ("--image", ("k8s",)),
    "values": ("--values", ("k8s",)),
    "secrets": ("--secret", ("k8s", "github")),
    "account": ("--service-account", ("k8s",)),
    "at": ("--at", NIGHTLY),
    "policy": ("--policy", NIGHTLY),
    "packages": ("--package", ("github",)),
}
"""parameter -> its option, and the formats that have it"""
OWN = ("as_json", "plan", "form", "name", "log_dir", "models", *ONLY_FOR)
"""parameters that do not become words of `offswitch run` just as they were given"""
PLAN = "plan.yaml"
"""a plan's name in a pod"""


@main.command()
@click.argument("plan", type=Path, required=False)
@click.option("--format", "form", type=click.Choice([*JOBS, *NIGHTLY]), required=True, help="Who is to run it.")
@click.option("--shares", type=click.IntRange(min=1), help="slurm, k8s: programs to share the trials; one for 50.")
@click.option("--name", help="What it is called; the plan's name without it.")
@click.option("--image", help="k8s: an image with offswitch in it.")
@click.option("--values", type=Path, metavar="FILE", help="k8s: values of machines, as INSPECT_SANDBOX_VALUES.")
@click.option("--secret", "secrets", multiple=True, help="k8s: a secret with keys as variables; github: such a key.")
@click.option("--service-account", "account", help="k8s: an account that may make machines.")
@click.option("--at", metavar="HH:MM", help="cron, github, n8n: when, each night; 03:17 without it.")
@click.option("--policy", type=Path, metavar="FILE", help="cron, github, n8n: limits for rates; the plan's without it.")
@click.option("--package", "packages", multiple=True, help="github: what pip installs; offswitch without it.")
@run_options
def schedule(**given: Any) -> Answer:
    """Prints a job of Slurm's or Kubernetes' that has a PLAN's trials, or what has them every night, with a gate."""
    _refuse_what_does_not_fit(given)
    with stdout_to_stderr():  # what Inspect says when it is loaded is no part of the job
        runs = _runs(given)
    name = given["name"] or (given["plan"].stem if given["plan"] else "")
    every_night = given["form"] in NIGHTLY
    text = nightly(given, name, tuple(_words(given, runs))) if every_night else _job(given, name, runs)
    return Answer(lambda: {"format": given["form"], "job": text}, [text.removesuffix("\n")])


def _job(given: Mapping[str, Any], name: str, runs: list["Run"]) -> str:
    from offswitch.runs.schedules import Schedule, slurm_script

    trials = sum(len(run.wanted()) for run in runs)
    shares = min(given["shares"] or min(SHARES_MAX, ceil(trials / SHARE_TRIALS)), trials)
    refuse_parts("--shares", max(shares, given["processes"]), runs)
    words = (*_words(given, runs), f"--log-dir={log_dir_of(given['log_dir'])}")
    job = Schedule(name, words, shares, given["processes"])
    return slurm_script(job) if given["form"] == "slurm" else _kubernetes(job, given)


def _refuse_what_does_not_fit(given: Mapping[str, Any]) -> None:
    from offswitch.errors import InputError

    form, log_dir = given["form"], log_dir_of(given["log_dir"])
    for name, (option, forms) in ONLY_FOR.items():
        if given[name] and form not in forms:
            raise InputError(f"{option}: is for --format {' or '.join(forms)}; leave it out")
    if form == "k8s" and not given["image"]:
        raise InputError("--image: is missing; name an image with offswitch and the package of your model's provider")
    if form == "k8s" and "://" not in log_dir:
        raise InputError(f"--log-dir {log_dir}: pods share no directory; give a URL, such as s3://bucket/logs")


def _runs(given: Mapping[str, Any]) -> list["Run"]:
    """The runs, whose parameters were checked; models are not, because they may be there on other machines alone."""
    if given["plan"]:
        refuse_what_the_plan_says()
        return runs_of_file(given["plan"], given)
    runs = runs_of(given)
    for run in runs:
        run.check_parameters()
    return runs


def _words(given: Mapping[str, Any], runs: list["Run"]) -> Iterator[str]:
    """The words of `offswitch run` for what was given on this command line, without the directory of logs."""
    in_a_pod = given["form"] == "k8s"
    if given["plan"]:
        yield f"--plan={_in_pod(PLAN) if in_a_pod else given['plan']}"
    else:
        yield from (f"--model={run.model}" for run in runs)
    if in_a_pod and not given["sandbox"]:
        yield "--sandbox=k8s"
    context = click.get_current_context()
    for option in context.command.params:
        name = str(option.name)
        if (
            name not in OWN
            and name != "as_json"
            and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        ):
            yield from _as_given(option.opts[-1], given[name])


def _as_given(option: str, value: Any) -> Iterator[str]:
    if value is True:
        yield option
    elif isinstance(value, tuple):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _as_given(option, one)
    elif option.startswith("--"):
        yield f"{option}={value}"
    else:
        yield from (option, str(value))


def _kubernetes(job: Any, given: Mapping[str, Any]) -> str:
    from offswitch.runs.schedules import VALUES, Cluster, kubernetes_job
    from offswitch_analysis.trial_plans.frozen import frozen_path

    files: dict[str, str] = {}
    if plan := given["plan"]:
        files[PLAN] = _content(plan)
        if frozen_path(plan).exists():
            files[frozen_path(Path(PLAN)).name] = _content(frozen_path(plan))
    if given["values"]:
        files[VALUES] = _content(given["values"])
    return kubernetes_job(job, Cluster(given["image"], files, given["secrets"], given["account"]))


def _in_pod(name: str) -> str:
    from offswitch.runs.schedules import FILES

    return f"{FILES}/{name}"


def _content(path: Path) -> str:
    from offswitch.errors import InputError

    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{path}: cannot be read ({why})") from error
