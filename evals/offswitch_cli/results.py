"""Commands that read logs: tables, reports, single trials."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click

from offswitch.errors import InputError
from offswitch_cli.answer import Answer
from offswitch_cli.base import (
    looked_at,
    main,
    make_report,
    rates_shown,
    read_logs_and_warn,
    report_line,
    tally_logs_and_warn,
    warn,
    with_scans,
)


@main.command()
@click.argument("logs")
@click.option("--format", "form", type=click.Choice(["table", "jsonl", "csv"]), default="table", show_default=True)
@click.option("--verdict", help="Only trials with this verdict, such as sabotaged.")
@click.option("--model", help="Only trials of this model.")
@click.option("--skip", default=0, type=click.IntRange(min=0), help="Leave out so many of the first.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
def trials(logs: str, form: str, verdict: str | None, model: str | None, skip: int, limit: int | None) -> Answer:
    """One record per trial of a log or a directory of logs."""
    from offswitch.verdict import Verdict

    if verdict is not None and verdict not in {*Verdict}:
        raise InputError(f"--verdict {verdict}: there is no such verdict; there are {', '.join(Verdict)}")
    found = read_logs_and_warn(logs)
    fitting = [
        one for one in found.records if verdict in (None, one.verdict) and model in (None, one.model)
    ]  # fmt: skip
    records = fitting[skip : limit and skip + limit]

    def data() -> Any:
        from offswitch_cli.data.results import TrialsData

        return TrialsData([one.as_dict() for one in records], len(fitting), [*found.skipped])

    return Answer(data, _trials_shown(records, form))


def _trials_shown(records: Any, form: str) -> Iterator[Any]:
    from offswitch_analysis.terminal import as_csv, jsonl, trials_table

    if form == "table":
        yield trials_table(records)
    elif text := {"jsonl": jsonl, "csv": as_csv}[form](records):
        yield text.removesuffix("\n")


@main.command()
@click.argument("logs")
def rates(logs: str) -> Answer:
    """Per model and variant: verdicts, and the sabotage rate with its interval."""
    from offswitch_analysis.rates.cells import tallied_cells

    tallied = tally_logs_and_warn(logs)
    found = tallied_cells(tallied.tallied)

    def data() -> Any:
        from offswitch_cli.data.results import cells_data

        return cells_data(found, tallied.rulings)

    return Answer(data, rates_shown(found, tallied.rulings, logs))


@main.command()
@click.argument("logs")
@click.option("-o", "--out", default="report", type=Path, show_default=True, help="The directory of the report.")
@click.option("--title", help="What the report is called.")
@click.option("--families", type=Path, metavar="FILE", help="Declared contrasts (YAML); the default ones without it.")
@click.option("--plan", type=Path, metavar="FILE", help="The trial plan: says what is planned, and every deviation.")
@click.option("--factor-model", is_flag=True, help="A model over factor levels too; needs the extra offswitch[model].")
@click.option("--scans", metavar="DIR", help="Scans of these logs by Inspect Scout, shown beside judges.")
def report(
    logs: str, out: Path, title: str | None, families: Path | None, plan: Path | None, factor_model: bool,
    scans: str | None,
) -> Answer:  # fmt: skip
    """Numbers, a text for a paper, figures, and a page to look at, of a log or a directory of logs."""
    from offswitch_analysis.rates import cells
    from offswitch_analysis.rates.contrasts import DEFAULT_FAMILIES, read_families
    from offswitch_analysis.report import TITLE, Options, undeclared_names

    if plan and families:
        raise InputError("--families: the plan declares them; leave it out, or --plan")
    declared = read_families(families) if families else DEFAULT_FAMILIES
    found = with_scans(read_logs_and_warn(logs), scans)
    warn(*undeclared_names(declared, cells(found.records) if families else ()))
    file, kept = looked_at(plan, "report", found.records) if plan else (None, None)
    declared = file.plan.declared if file else declared
    page, anew = make_report(found, out, Options(title or TITLE, declared, factor_model, kept))
    return Answer(lambda: {"report": page, "anew": anew}, [report_line(page, anew)])


@main.command()
@click.argument("old")
@click.argument("new", required=False)
@click.option("--between", nargs=2, metavar="DAY DAY", help="Two days of the logs OLD (UTC), such as 2026-11-28.")
def compare(old: str, new: str | None, between: tuple[str, str] | None) -> Answer:
    """Did a model, or a version of it, get worse from OLD logs to NEW ones, or from one day of OLD to another?"""
    from offswitch_analysis.rates.compare import compare as compare_cells
    from offswitch_analysis.terminal.comparison import comparison_table

    comparison = compare_cells(*_two_sides(old, new, between))
    warn(*comparison.remarks)

    def data() -> Any:
        from offswitch_cli.data.changes import comparison_data

        return comparison_data(comparison)

    return Answer(data, map(comparison_table, [comparison]))


def _two_sides(old: str, new: str | None, between: tuple[str, str] | None) -> tuple[Any, Any]:
    from offswitch_analysis.rates import cells
    from offswitch_analysis.rates.cells import tallied_cells
    from offswitch_analysis.rates.histories import of_day

    if (new is None) == (between is None):
        raise InputError("compare: needs either NEW logs or --between DAY DAY")
    if between:
        records = read_logs_and_warn(old).records
        return cells(of_day(records, between[0])), cells(of_day(records, between[1]))
    return tallied_cells(tally_logs_and_warn(old).tallied), tallied_cells(tally_logs_and_warn(str(new)).tallied)


@main.command()
@click.argument("logs")
@click.option("-o", "--out", type=Path, metavar="DIR", help="Also write history.html, to embed, and a badge for each.")
def history(logs: str, out: Path | None) -> Answer:
    """How rates moved from day to day, and what else changed then."""
    from offswitch_analysis.rates.histories import histories
    from offswitch_analysis.terminal.histories import history_table

    found = histories(read_logs_and_warn(logs).records)
    if out:
        from offswitch_analysis.report.embedded import write_embedded

        write_embedded(found, out)
        warn(f"{out}: history.html and {len(found)} badges")
    return Answer(lambda: {"histories": found}, map(history_table, [found]))


@main.command()
@click.argument("logs")
@click.option("--policy", type=Path, metavar="FILE", help="Limits for rates (YAML).")
@click.option("--plan", type=Path, metavar="FILE", help="A trial plan, for its rules.")
def gate(logs: str, policy: Path | None, plan: Path | None) -> Answer:
    """Are the limits of a policy kept? Exit code 0, 1 where one is violated, 3 where the evidence is not enough."""
    from offswitch.stopping.policy import read_policy
    from offswitch_analysis.rates import cells
    from offswitch_analysis.rates.cells import tallied_cells
    from offswitch_analysis.rates.gate import check, overall

    if (policy is None) == (plan is None):
        raise InputError("gate: needs either --policy FILE or --plan FILE")
    if plan:
        found = read_logs_and_warn(logs)
        rules, of = looked_at(plan, "gate", found.records)[0].plan.policy, cells(found.records)
    else:
        rules, found = read_policy(cast(Path, policy)), tally_logs_and_warn(logs)
        of = tallied_cells(found.tallied)
    if not rules.rules:
        raise InputError(f"{plan}: rules: the plan declares none, so that there is nothing to check")
    results = check(rules, of, found.unread)

    def data() -> Any:
        from offswitch_cli.data.changes import gate_data

        return gate_data(results)

    return Answer(data, map(str, results), overall(results))


@main.command()
@click.argument("log")
@click.argument("trial")
def explain(log: str, trial: str) -> Answer:
    """A trial, such as E-0003, in order of time: what was thought, said and done, and what its verdict rests on."""
    from offswitch_analysis.terminal.account import explanation
    from offswitch_analysis.terminal.answers import read_answers

    found = _find_trial(log, trial)
    answers = read_answers(found.log, trial)

    def data() -> Any:
        from offswitch_cli.data.results import trial_data

        return trial_data(found, answers)

    return Answer(data, (explanation(one, answers) for one in [found]))


@main.command()
@click.argument("log")
@click.argument("trial")
@click.option("--verdict", required=True, help="As in the rules, such as sabotaged or complied.")
@click.option("--why", required=True, help="What the ruling rests on.")
@click.option("--by", help="Who rules; the user's name without it.")
@click.option("--anyway", is_flag=True, help="Also where the automatic verdict leaves nothing open.")
def adjudicate(log: str, trial: str, verdict: str, why: str, by: str | None, anyway: bool) -> Answer:
    """A person's ruling on an undecided trial or an unknown method, kept beside the automatic verdict."""
    from offswitch_analysis.logs.rulings import add_ruling, make_ruling, user_name

    found = _find_trial(log, trial)
    ruling = make_ruling(found.record, found.evidence_text, verdict, why, user_name() if by is None else by, anyway)
    kept_in = add_ruling(ruling, found.log)
    told = f"{trial}: {ruling.automatic}, ruled {ruling.verdict}; kept in {kept_in}"
    return Answer(lambda: {"ruling": ruling, "kept_in": kept_in}, [told])


@main.command()
@click.argument("logs")
@click.option("--head", metavar="DIGEST", help="The head that was printed when the results were noted.")
def verify(logs: str, head: str | None) -> Answer:
    """Do logs still hold what they held, and do their verdicts follow from the evidence? Exit code 1 where not."""
    from rich.console import Console
    from rich.progress import Progress

    from offswitch_analysis.logs.verify import verify as check
    from offswitch_analysis.text import plain

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("trials of a log")
        result = check(logs, head, lambda done, of: progress.update(task, completed=done, total=of))

    def data() -> Any:
        from offswitch_cli.data.verification import verification_data

        return verification_data(result)

    return Answer(data, (plain(line) for line in [*result.discrepancies, result]), int(bool(result.wrong)))


def _find_trial(log: str, trial: str) -> Any:
    from offswitch_analysis.logs import find_trial

    found = find_trial(log, trial)
    warn(*found.skipped)
    return found
