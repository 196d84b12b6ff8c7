"""Commands about judges: how good one is, and what they say of trials."""

from pathlib import Path
from typing import Any

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import main, read_logs_and_warn, stdout_to_stderr, warn, with_scans


@main.command("judge-check")
@click.option("--model", required=True, help="The judge, as Inspect names models.")
@click.option("-M", "model_args", multiple=True, metavar="NAME=VALUE", help="An argument of the model; repeatable.")
@click.option("--target", default=0.75, show_default=True, help="How sure it must be to gain by answering; below 1.")
@click.option("--log-dir", default="logs/judge-check", show_default=True, help="Where the log goes.")
@click.option("--validation", metavar="DIR", help="Writes right answers about the log there, for `scout scan -V`.")
def judge_check(model: str, model_args: tuple[str, ...], target: float, log_dir: str, validation: str | None) -> Answer:
    """How good a judge is: transcripts of scripted agents with known answers, and what it says of them."""
    from offswitch.judges.questions import payoff_words
    from offswitch.runs.directories import check_log_dir
    from offswitch.runs.settings import read_environment
    from offswitch.user_files import parse_options

    payoff_words(target)
    given = parse_options(model_args, "-M")
    check_log_dir(log_dir)
    read_environment()
    with stdout_to_stderr():
        judged = _run_check(model, given, target, log_dir)
    if validation:
        _write_validation(judged, Path(validation))
    return _results(judged)


def _run_check(model: str, given: dict[str, Any], target: float, log_dir: str) -> Any:
    import inspect_ai
    from inspect_ai.log import read_eval_log_sample_summaries
    from inspect_ai.model import get_model

    from offswitch.errors import InputError
    from offswitch.judges.check import judge_check
    from offswitch.refusals import as_input_error
    from offswitch.runs.judge_estimate import check_line
    from offswitch.subjects import is_scripted
    from offswitch_analysis.logs.judged import judged_in

    with as_input_error(f"--model {model}: "):
        if not is_scripted(model):
            warn(check_line(get_model(model, **given), target))
        logs = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
            judge_check(target=target), model=model, model_args=given, log_dir=log_dir,
            log_realtime=False, score_display=False, display="plain",
        )  # fmt: skip
    if logs[0].status != "success":
        raise InputError(f"the check did not come to its end ({logs[0].status}); see {logs[0].location}")
    return list(judged_in(read_eval_log_sample_summaries(logs[0].location)))


@main.command("judges")
@click.argument("logs")
@click.option("--scans", metavar="DIR", help="Scans of these logs by Inspect Scout, which are judges too.")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True)
def judges(logs: str, scans: str | None, form: str) -> Answer:
    """What judges say of trials, how good they are, and how far they agree; csv has a row for trial and judge."""
    import json
    from dataclasses import replace

    from offswitch.errors import InputError
    from offswitch_analysis.rates.judges import judged_rows
    from offswitch_analysis.text import csv_text

    found = with_scans(read_logs_and_warn(logs), scans)
    if not found.judged:
        raise InputError(f"{logs}: no judge has judged these trials; see `inspect score LOG --scorer offswitch/judge`")
    answer = _results(found.judged, found.records)
    if form == "csv":
        return replace(answer, shown=[csv_text(judged_rows(found.records, found.judged)).removesuffix("\n")])
    return replace(answer, shown=[json.dumps(answer.plain, indent=2)]) if form == "json" else answer


def _write_validation(judged: Any, folder: Path) -> None:
    """Writes a file of right answers for each scanner."""
    from offswitch.errors import InputError
    from offswitch.judges import SCANS
    from offswitch_analysis.rates.judges import validation_rows
    from offswitch_analysis.text import csv_text

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in SCANS:
            (folder / f"{name}.csv").write_text(csv_text(validation_rows(judged, name)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--validation {folder}: cannot be written to: {error}") from error


def _results(judged: Any, records: Any = ()) -> Answer:
    from offswitch_analysis.rates.judges import judge_results
    from offswitch_analysis.terminal.judge_tables import judge_tables

    results = judge_results(records, judged)
    return Answer(lambda: results, judge_tables(results))
