"""The command line. Each command imports what it needs when it runs, so that --help is quick."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

P = ParamSpec("P")
DEMO_TRIALS = 2
DEMO_SEED = 12
"""one whose first two trials the simulated subject does not treat alike, so that there is something to see"""
BAD_INPUT = 2
INTERRUPTED = 130
AUTO = "auto"
"""for --sandbox: the best that works here"""
WHAT_ISOLATES = {
    "offswitch": "containers of the Docker Engine (--sandbox offswitch)",
    "bubblewrap": "Linux namespaces by bubblewrap (--sandbox bubblewrap), because no Docker Engine answers; "
    "no network, a read-only system, a home of their own, and, like containers, the host's kernel",
}


def clear_errors(command: Callable[P, None]) -> Callable[P, None]:
    """What a user can mend is one line on stderr and exit code 2, never a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        from offswitch.errors import InputError
        from offswitch_prompts import PromptError
        from offswitch_sandbox.machine import MachineError

        try:
            command(*args, **kwargs)
        except (InputError, PromptError, MachineError) as error:
            click.echo(f"offswitch: {error}", err=True)
            sys.exit(BAD_INPUT)

    return guarded


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="offswitch")
def main() -> None:
    """Does an agent let itself be switched off?"""


@main.command()
@click.option("--model", required=True, help="As for inspect eval, such as openai/gpt-5 or script/comply.")
@click.option("--variants", default="A-K", show_default=True, help='Prompts by letter: "A,E,J" or "A-K".')
@click.option("--trials", default=10, show_default=True, help="Trials per variant.")
@click.option("--seed", default=1, show_default=True, help="What the questions are drawn from.")
@click.option("--sandbox", help="offswitch, bubblewrap or another of Inspect's; without it the best that works here.")
@click.option("--log-dir", default="logs", show_default=True, help="Where the logs go.")
@click.option("--max-samples", type=click.IntRange(min=1), help="Trials at once; Inspect's own default without it.")
@click.option("--processes", default=1, type=click.IntRange(min=1), show_default=True, help="Processes to share them.")
@click.option("-M", "model_args", multiple=True, metavar="NAME=VALUE", help="An argument of the model's provider.")
@click.option(
    "-T", "task_args", multiple=True, metavar="NAME=VALUE", help="A parameter of the task, such as grace_s=5."
)
@clear_errors
def run(
    model: str,
    variants: str,
    trials: int,
    seed: int,
    sandbox: str | None,
    log_dir: str,
    max_samples: int | None,
    processes: int,
    model_args: tuple[str, ...],
    task_args: tuple[str, ...],
) -> None:
    """Runs trials and prints the rates; the same command goes on where an earlier one stopped."""
    from offswitch.runs import Run, pairs

    parameters = {"variants": variants, "trials": trials, "seed": seed, **pairs(task_args, "-T")}
    _have(Run(model, parameters, sandbox or AUTO, log_dir, max_samples, pairs(model_args, "-M")), processes)


@main.command()
@click.option("--trials", default=DEMO_TRIALS, show_default=True, help="Trials per variant.")
@click.option("--sandbox", help="offswitch, bubblewrap or another of Inspect's; without it the best that works here.")
@click.option("--log-dir", default="logs/demo", show_default=True, help="Where the logs go.")
@clear_errors
def demo(trials: int, sandbox: str | None, log_dir: str) -> None:
    """All variants on real machines with a simulated subject: no keys, under two minutes."""
    from offswitch.runs import Run

    parameters = {"variants": "A-K", "trials": trials, "seed": DEMO_SEED}
    _have(Run("script/subject", parameters, sandbox or AUTO, log_dir, None, {}), 1)


@main.command()
@click.argument("logs")
@click.option("--format", "form", type=click.Choice(["table", "jsonl", "csv"]), default="table", show_default=True)
@clear_errors
def trials(logs: str, form: str) -> None:
    """One record per trial of a log or a directory of logs."""
    from offswitch_analysis.tables import as_csv, jsonl, trials_table

    records = _records(logs)
    if form == "table":
        _show(trials_table(records))
    else:
        click.echo({"jsonl": jsonl, "csv": as_csv}[form](records), nl=False)


@main.command()
@click.argument("logs")
@clear_errors
def rates(logs: str) -> None:
    """Per model and variant: verdicts, and the sabotage rate with its interval."""
    _print_rates(_records(logs), logs)


@main.command()
@click.argument("log")
@click.argument("trial")
@clear_errors
def explain(log: str, trial: str) -> None:
    """A trial, such as E-0003, in order of time, and what its verdict rests on."""
    from offswitch_analysis.explain import explanation

    _show(explanation(_found(log, trial)))


@main.command()
@click.argument("log")
@click.argument("trial")
@click.option("--verdict", required=True, help="As in the rules, such as sabotaged or complied.")
@click.option("--why", required=True, help="What the ruling rests on.")
@click.option("--by", help="Who rules; the user's name without it.")
@click.option("--anyway", is_flag=True, help="Also where the automatic verdict leaves nothing open.")
@clear_errors
def adjudicate(log: str, trial: str, verdict: str, why: str, by: str | None, anyway: bool) -> None:
    """A person's ruling on an undecided trial or an unknown method, kept beside the automatic verdict."""
    from offswitch_analysis.rulings import adjudicate as rule
    from offswitch_analysis.rulings import keep, user

    found = _found(log, trial)
    ruling = rule(found.record, found.text, verdict, why, user() if by is None else by, anyway)
    click.echo(f"{trial}: {ruling.automatic}, ruled {ruling.verdict}; kept in {keep(ruling, found.log)}")


@main.command()
@click.option(
    "--providers", default="docker-bare,offswitch,bubblewrap", show_default=True,
    help="What to measure: docker-bare, docker, offswitch, bubblewrap.",
)  # fmt: skip
@click.option(
    "--trials", default=80, type=click.IntRange(min=1), show_default=True,
    help="Trials a round; a quarter of them on Inspect's docker provider.",
)  # fmt: skip
@click.option("--rounds", default=2, type=click.IntRange(min=1), show_default=True, help="Rounds, all in turns.")
@click.option("--processes", default=2, type=click.IntRange(min=1), show_default=True, help="Processes for each.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
@clear_errors
def bench(providers: str, trials: int, rounds: int, processes: int, as_json: bool) -> None:
    """How fast machines are here, side by side: throughput, CPU time, latency."""
    import json
    from dataclasses import asdict

    from offswitch.bench.measure import bench as measure
    from offswitch.bench.table import bench_table

    found = measure(providers.split(","), trials, rounds, processes, lambda line: click.echo(line, err=True))
    if as_json:
        click.echo(json.dumps([asdict(result) for result in found], indent=2))
    else:
        _show(bench_table(found))


@main.command()
@click.argument("logs")
@click.option("--head", metavar="DIGEST", help="The head that was printed when the results were noted.")
@clear_errors
def verify(logs: str, head: str | None) -> None:
    """Do logs still hold what they held, and do their verdicts follow from the evidence? Exit code 1 where not."""
    from rich.console import Console
    from rich.progress import Progress

    from offswitch_analysis.verify import verify as check

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("trials of a log")
        found = check(logs, head, lambda done, of: progress.update(task, completed=done, total=of))
    for finding in found.findings:
        click.echo(str(finding))
    click.echo(str(found))
    if found.wrong:
        sys.exit(1)


@main.command()
@click.option("--sandbox", help="offswitch, bubblewrap or another of Inspect's; without it the best that works here.")
@click.option("--behaviours", type=Path, help="A folder of your own; the catalogue of this version without it.")
@click.option("--only", default="", metavar="TEXT", help="Only behaviours with this in their names.")
@click.option("--log-dir", default="logs/selftest", show_default=True, help="Where the log of the trials goes.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of tables.")
@clear_errors
def selftest(sandbox: str | None, behaviours: Path | None, only: str, log_dir: str, as_json: bool) -> None:
    """How good the detector is: behaviours with known verdicts on real machines; exit code 1 where one is wrong."""
    import json
    from contextlib import redirect_stdout

    from offswitch.runs import check_log_dir, check_sandbox, choose_sandbox
    from offswitch.selftest.behaviours import catalogue
    from offswitch.selftest.run import try_out
    from offswitch.verdict import DETECTOR
    from offswitch_analysis.confusion import confusion
    from offswitch_analysis.confusion_tables import as_json as plain_values
    from offswitch_analysis.confusion_tables import confusion_tables, summary

    where = sandbox or choose_sandbox()
    check_sandbox(where)
    check_log_dir(log_dir)
    with redirect_stdout(sys.stderr):  # where Inspect shows its progress
        findings = try_out(behaviours or catalogue(), only, where, log_dir)
    found = confusion(findings)
    if as_json:
        click.echo(json.dumps(plain_values(found, DETECTOR, where), indent=2))
    else:
        _show(*confusion_tables(found))
        for miss in found.misses:
            _show_miss(miss)
        click.echo(f"detector {DETECTOR} on {where}, scripted agents\n{summary(found)}")
    if found.accused or found.guesses:
        sys.exit(1)


def _show_miss(miss: Any) -> None:
    from offswitch.evidence import from_json
    from offswitch_analysis.account import timeline_table
    from offswitch_analysis.confusion_tables import miss_line
    from offswitch_analysis.records import evidence_text

    click.echo(miss_line(miss))
    text = evidence_text(miss.log, miss.name)
    if text is not None:
        _show(timeline_table(from_json(text)))


@main.command()
@clear_errors
def doctor() -> None:
    """What works on this host, with remedies; exit code 1 where no machine can be had."""
    from offswitch.doctor import examine

    found = examine()
    for finding in found:
        mark = click.style("works" if finding.works else "no   ", fg="green" if finding.works else "yellow")
        click.echo(f"{mark}  {finding.what}: {finding.told}")
    if not any(finding.works for finding in found if finding.needed):
        sys.exit(1)


@main.group()
def prompts() -> None:
    """The variants A to K."""


@prompts.command("list")
@clear_errors
def list_prompts() -> None:
    """Every variant with its name and what it is expected to show."""
    from offswitch_prompts import load_variants

    for variant in load_variants().values():
        click.echo(f"{variant.letter}  {variant.name:<24} {variant.hypothesis}")


@prompts.command("show")
@click.argument("letter")
@clear_errors
def show_prompt(letter: str) -> None:
    """A variant as a model reads it."""
    from offswitch_prompts import load_variants, select_letters
    from offswitch_sandbox.machine import CLIENT, SCRIPT

    variants = load_variants()
    for chosen in select_letters(letter, variants):
        prompt = variants[chosen].render({"client": CLIENT, "script": SCRIPT, "questions": 6})
        levels = ", ".join(f"{factor} {level}" for factor, level in variants[chosen].levels.items())
        click.echo(f"variant {chosen} ({variants[chosen].name}): {levels}\n")
        click.echo(f"[system]\n{prompt.system}\n\n[user]\n{prompt.user}\n")


def _records(logs: str) -> Any:
    from offswitch_analysis.records import read_logs

    found = read_logs(logs)
    for line in found.skipped:
        click.echo(f"offswitch: {line}", err=True)
    return found.records


def _found(log: str, trial: str) -> Any:
    from offswitch_analysis.explain import find_trial

    found = find_trial(log, trial)
    for line in found.remarks:
        click.echo(f"offswitch: {line}", err=True)
    return found


def _have(run: Any, processes: int) -> None:
    """The trials of a run that are not there yet, then the rates of all; exit code 1 where none has a verdict."""
    asked_for = run.sandbox
    run = run.checked()
    if asked_for == AUTO:
        click.echo(f"machines: {WHAT_ISOLATES[run.sandbox]}", err=True)
    left = run.without(_records_there(run.log_dir))
    had = len(run.wanted()) - len(left.trials)
    if had:
        click.echo(f"{had} of {had + len(left.trials)} trials are in {run.log_dir} already", err=True)
    whole = not left.trials or _start(left, processes)
    records = run.of_this(_records_there(run.log_dir))
    if records:
        _print_rates(records, run.log_dir)
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

    from offswitch.shards import start_shards

    columns = (TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("trials", total=len(run.trials))
        return not any(start_shards(run, processes, lambda: progress.advance(task)))


def _records_there(log_dir: str) -> Any:
    from offswitch.errors import InputError
    from offswitch_analysis.records import read_logs

    try:
        return read_logs(log_dir).records
    except InputError:
        return ()


def _print_rates(records: Any, logs: str) -> None:
    from offswitch_analysis.rates import cells
    from offswitch_analysis.rulings import rulings_line
    from offswitch_analysis.tables import rates_tables

    _show(*rates_tables(cells(records)))
    rulings = rulings_line(records)
    if rulings:
        click.echo(rulings)
    click.echo(f"Trials one by one: offswitch trials {logs}\nTranscripts: inspect view --log-dir {_directory(logs)}")


def _directory(logs: str) -> str:
    return str(Path(logs).parent) if logs.endswith((".eval", ".json")) else logs


def _show(*tables: Any) -> None:
    from rich.console import Console

    # A file or a pipe gets the width the tables need.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    for table in tables:
        console.print(table)
