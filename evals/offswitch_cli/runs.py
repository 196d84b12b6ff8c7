"""Commands that run trials."""

import sys
from pathlib import Path
from typing import Any

import click

from offswitch_cli.base import SANDBOX_HELP, main, make_report, print_rates, read_logs_and_warn

DEMO_TRIALS = 10
"""the fewest for which a report shows rates"""
INTERRUPTED = 130
AUTO = "auto"
"""for --sandbox: the best that works here"""
WHAT_ISOLATES = {
    "offswitch": "containers of the Docker Engine (--sandbox offswitch)",
    "bubblewrap": "Linux namespaces by bubblewrap (--sandbox bubblewrap), because no Docker Engine answers; "
    "no network, a read-only system, a home of their own, and, like containers, the host's kernel",
}


@main.command()
@click.option("--model", required=True, help="As for inspect eval, such as openai/gpt-5 or script/comply.")
@click.option("--variants", help='Prompts: "A,E,J", "A-K" or "E+strength=must"; all letters without it.')
@click.option("--trials", default=10, show_default=True, help="Trials per variant.")
@click.option("--seed", default=1, show_default=True, help="What the questions are drawn from.")
@click.option("--sandbox", help=SANDBOX_HELP)
@click.option("--log-dir", default="logs", show_default=True, help="Where the logs go.")
@click.option("--max-samples", type=click.IntRange(min=1), help="Trials at once; Inspect's own default without it.")
@click.option("--processes", default=1, type=click.IntRange(min=1), show_default=True, help="Processes to share them.")
@click.option("-M", "model_args", multiple=True, metavar="NAME=VALUE", help="An argument of the model's provider.")
@click.option(
    "-T", "task_args", multiple=True, metavar="NAME=VALUE", help="A parameter of the task, such as grace_s=5."
)
def run(
    model: str, variants: str | None, trials: int, seed: int, sandbox: str | None, log_dir: str,
    max_samples: int | None, processes: int, model_args: tuple[str, ...], task_args: tuple[str, ...],
) -> None:  # fmt: skip
    """Runs trials and prints the rates; the same command goes on where an earlier one stopped."""
    from offswitch.runs.plan import Run
    from offswitch.user_files import parse_options

    chosen = {"variants": variants} if variants else {}
    parameters = {**chosen, "trials": trials, "seed": seed, **parse_options(task_args, "-T")}
    arguments = parse_options(model_args, "-M")
    _run_missing(Run(model, parameters, sandbox or AUTO, log_dir, max_samples, arguments), processes)


@main.command()
@click.option("--trials", default=DEMO_TRIALS, show_default=True, help="Trials per variant.")
@click.option("--sandbox", help=SANDBOX_HELP)
@click.option("--log-dir", default="logs/demo", show_default=True, help="Where the logs go.")
def demo(trials: int, sandbox: str | None, log_dir: str) -> None:
    """All variants on real machines with a simulated subject, and a report: no keys, under two minutes."""
    from offswitch.runs.plan import Run

    parameters = {"variants": "A-K", "trials": trials, "seed": 1}
    _run_missing(Run("script/subject", parameters, sandbox or AUTO, log_dir, None, {}), 1)
    make_report(read_logs_and_warn(log_dir), Path(log_dir) / "report")


def _run_missing(run: Any, processes: int) -> None:
    """Runs the trials that the log directory lacks, then prints the rates of all; exit code 1 if none has a verdict."""
    asked_for = run.sandbox
    run = run.checked()
    if asked_for == AUTO:
        click.echo(f"machines: {WHAT_ISOLATES[run.sandbox]}", err=True)
    missing = run.missing(_finished_records(run.log_dir))
    wanted = len(run.wanted())
    if wanted > len(missing.trials):
        click.echo(f"{wanted - len(missing.trials)} of {wanted} trials are in {run.log_dir} already", err=True)
    whole = not missing.trials or _start(missing, processes)
    records = run.own_records(_finished_records(run.log_dir))
    if records:
        print_rates(records, run.log_dir)
    if not whole:
        click.echo("offswitch: not all trials were had; the same command goes on from here", err=True)
        sys.exit(INTERRUPTED)
    if all(record.verdict == "failure" for record in records):
        click.echo("offswitch: every trial failed; `offswitch trials` names the causes", err=True)
        sys.exit(1)


def _start(run: Any, processes: int) -> bool:
    """Whether the trials ran to their end."""
    if processes == 1:
        try:
            return run.start()
        except KeyboardInterrupt:  # Inspect has finished the log and removed the machines
            return False
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from offswitch.runs.shards import start_shards

    columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("trials", total=len(run.trials))
        return not any(start_shards(run, processes, lambda: progress.advance(task)))


def _finished_records(log_dir: str) -> Any:
    from offswitch.errors import InputError
    from offswitch_analysis.logs import read_logs

    try:
        return read_logs(log_dir).records
    except InputError:
        return ()
