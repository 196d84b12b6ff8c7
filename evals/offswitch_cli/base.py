"""What the commands share: the group, the reporting of errors, what several of them say."""

import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import click

from offswitch_cli.answer import AS_ANSWER, AnsweringCommand

BAD_INPUT = 2
WARNED: ContextVar[list[str] | None] = ContextVar("warned", default=None)
"""where warnings go instead of standard error"""
SANDBOX_HELP = "offswitch, bubblewrap or another of Inspect's; without it the best that works here."


class ClearErrors(click.Group):
    """Shows errors that a user can remedy as one line on stderr with exit code 2, never as a traceback."""

    command_class = AnsweringCommand
    group_class = type

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command that was asked for."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from offswitch.errors import InputError
            from offswitch_prompts import PromptError
            from offswitch_sandbox import MachineError

            if not isinstance(error, InputError | PromptError | MachineError) or ctx.find_root().obj is AS_ANSWER:
                raise
            warn(*(error.args if isinstance(error, InputError) else [error]))  # a line for each fault
            sys.exit(BAD_INPUT)


def warn(*lines: object) -> None:
    """Prints lines on standard error, without characters that control a terminal."""
    from offswitch_analysis.text import plain

    heard = WARNED.get()
    for line in lines:
        if heard is None:
            click.echo(f"offswitch: {plain(line)}", err=True)
        else:
            heard.append(plain(line))


@click.group(cls=ClearErrors, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="offswitch")
def main() -> None:
    """Does an agent let itself be switched off?"""


def read_logs_and_warn(logs: str) -> Any:
    """Reads logs, and warns on standard error of what was skipped."""
    from offswitch_analysis.logs import read_logs

    found = read_logs(logs)
    warn(*found.skipped)
    return found


def with_scans(found: Any, scans: str | None) -> Any:
    """Logs with what scans say of their trials added to what judges say; as they are where there are no scans."""
    if scans is None:
        return found
    from dataclasses import replace

    from offswitch_analysis.logs.scans import read_scans

    once = {one.key: one for one in [*read_scans(scans, found.judged)][::-1]}  # the first answer counts
    return replace(found, judged=(*found.judged, *reversed(once.values())))


def tally_logs_and_warn(logs: str) -> Any:
    """Tallies the trials of logs for cells, and warns on standard error of what was skipped."""
    from offswitch_analysis.rates.tallied_logs import tally_logs

    found = tally_logs(logs)
    warn(*found.skipped)
    return found


def rates_shown(found: Any, rulings: str | None, logs: str) -> Iterator[Any]:
    """The rates of all cells as tables, the number of rulings, and the commands to look closer."""
    from offswitch_analysis.terminal import rates_tables, scenes_tables

    yield from (*rates_tables(found), *scenes_tables(found))
    if rulings:
        yield rulings
    yield f"Trials one by one: offswitch trials {logs}\nTranscripts: inspect view --log-dir {directory_of(logs)}"


def looked_at(plan: Path, command: str, records: Any) -> Any:
    """A plan's file and how trials keep to it; notes that their results are looked at, and warns of deviations."""
    from dataclasses import replace

    from offswitch_analysis.trial_plans.deviations import kept, trials_had
    from offswitch_analysis.trial_plans.frozen import open_plan
    from offswitch_analysis.trial_plans.looks import note_look

    file = open_plan(plan)
    if file.frozen:
        file = replace(file, looks=note_look(plan, command, trials_had(file.frozen, records)))
    found = kept(file, records)
    warn(*(f"{plan}: {line}" for line in found.standing.deviations))
    return file, found


def directory_of(logs: str) -> str:
    """The directory of a log; a directory is returned as it is."""
    return (logs.rpartition("/")[0] or ".") if logs.endswith((".eval", ".json")) else logs


def make_report(found: Any, directory: Path, options: Any = None) -> tuple[Path, bool]:
    """Writes the report of what logs hold; returns its page, and whether it was written anew."""
    from rich.console import Console
    from rich.live import Live

    from offswitch_analysis.report import PAGE, Options, write_report

    # Nothing moves by itself: that would take a thread, and with one a report is not made by several processes.
    with Live("report", console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        anew = write_report(
            found, directory, options or Options(), lambda what: live.update(f"report: {what}", refresh=True)
        )
    return directory / PAGE, anew


def report_line(page: Path, anew: bool) -> str:
    """Where a report is."""
    return f"Report: {page}" + ("" if anew else " (nothing new)")
