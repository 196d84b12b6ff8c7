"""Commands that hand results on to other programs."""

import os
from pathlib import Path

import click

from offswitch_cli.base import main, read_logs_and_warn, warn


@main.group("export")
def export_app() -> None:
    """Results in the form that another program reads."""


@export_app.command()
@click.argument("logs")
@click.option("-o", "--out", type=Path, metavar="FILE", help="Written whole, as a collector may read it at any time.")
@click.option("--max-cells", default=200, type=click.IntRange(min=1), show_default=True, help="Conditions at most.")
def metrics(logs: str, out: Path | None, max_cells: int) -> None:
    """Rates, intervals and counts of verdicts in Prometheus' text format, for a dashboard."""
    from offswitch_analysis.rates import cells
    from offswitch_analysis.report.metrics import metrics as told

    found = read_logs_and_warn(logs)
    made = cells(found.records)
    if len(made) > max_cells:
        warn(f"{len(made) - max_cells} of {len(made)} conditions are left out; --max-cells says how many are told")
    text = told(made, len(found.unread), max_cells)
    if out:
        _replace(out, text)
    else:
        click.echo(text, nl=False)


def _replace(path: Path, text: str) -> None:
    from offswitch.errors import InputError

    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"-o {path}: cannot be written ({error.strerror})") from error
