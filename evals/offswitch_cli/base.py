"""What the commands share: the group, how errors are told, how tables are shown."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stdout
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import click

P = ParamSpec("P")
BAD_INPUT = 2
SANDBOX_HELP = "offswitch, bubblewrap or another of Inspect's; without it the best that works here."


def clear_errors(command: Callable[P, None]) -> Callable[P, None]:
    """What a user can mend is one line on stderr and exit code 2, never a traceback."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        from offswitch.errors import InputError
        from offswitch_prompts import PromptError
        from offswitch_sandbox import MachineError

        try:
            command(*args, **kwargs)
        except (InputError, PromptError, MachineError) as error:
            warn(error)
            sys.exit(BAD_INPUT)

    return guarded


def warn(line: object) -> None:
    """One line on standard error, without whatever a terminal would obey."""
    from offswitch_analysis.text import plain

    click.echo(f"offswitch: {plain(line)}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="offswitch")
def main() -> None:
    """Does an agent let itself be switched off?"""


@contextmanager
def stdout_to_stderr() -> Generator[None]:
    """What is printed in here goes to standard error, also by programs that are started."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def show(*tables: Any) -> None:
    """Tables and texts on standard output."""
    from rich.console import Console

    # A file or a pipe gets the width the tables need.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    for table in tables:
        console.print(table)


def read_logs_and_warn(logs: str) -> Any:
    """All that logs hold; what was skipped is told on standard error."""
    from offswitch_analysis.logs import read_logs

    found = read_logs(logs)
    for line in found.skipped:
        warn(line)
    return found


def print_rates(records: Any, logs: str) -> None:
    """The rates of all cells and where to go on from there."""
    from offswitch_analysis.logs import rulings_line
    from offswitch_analysis.rates import cells
    from offswitch_analysis.terminal import rates_tables

    show(*rates_tables(cells(records)))
    rulings = rulings_line(records)
    if rulings:
        click.echo(rulings)
    click.echo(f"Trials one by one: offswitch trials {logs}\nTranscripts: inspect view --log-dir {directory_of(logs)}")


def directory_of(logs: str) -> str:
    """The directory of a log, or the directory itself."""
    return (logs.rpartition("/")[0] or ".") if logs.endswith((".eval", ".json")) else logs


def make_report(found: Any, directory: Path, options: Any = None) -> None:
    """Writes the report of what logs hold, and says where it is."""
    from rich.console import Console

    from offswitch_analysis.report import PAGE, Options, write_report

    with Console(stderr=True).status("report") as status:
        anew = write_report(found, directory, options or Options(), lambda what: status.update(f"report: {what}"))
    click.echo(f"Report: {directory / PAGE}" + ("" if anew else " (nothing new)"))
