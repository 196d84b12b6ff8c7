"""`offswitch export`: what logs hold, in the forms of other programs."""

import os
from pathlib import Path

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import main, read_logs_and_warn, warn


@main.group("export")
def export_app() -> None:
    """What logs hold, in the forms that other programs read."""


@export_app.command("rl")
@click.argument("logs")
@click.option("-o", "--out", default="rl", type=Path, show_default=True, help="The folder for both files.")
def export_rl(logs: str, out: Path) -> Answer:
    """Trajectories with rewards, and preference pairs, as JSON lines, for training."""
    from offswitch_analysis.training_data import export

    done = export(read_logs_and_warn(logs), out)
    warn(*done.skipped)
    told = (
        f"{out}: {done.trajectories} trajectories ({done.without_reward} without a reward), {done.pairs} pairs\n"
        "A model that is trained on them is spoiled for these prompts. Declare it in its evaluations:\n"
        f"  -T trained_on={done.trained_on}"
    )
    return Answer(lambda: {"folder": out, "exported": done}, [told])


@export_app.command()
@click.argument("logs")
@click.option("-o", "--out", type=Path, metavar="FILE", help="Written whole, as a collector may read it at any time.")
@click.option("--max-cells", default=200, type=click.IntRange(min=1), show_default=True, help="Conditions at most.")
def metrics(logs: str, out: Path | None, max_cells: int) -> Answer:
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
    return Answer(lambda: {"file": out, "metrics": text}, [] if out else [text.removesuffix("\n")])


def _replace(path: Path, text: str) -> None:
    from offswitch.errors import InputError

    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise InputError(f"-o {path}: cannot be written ({error.strerror})") from error
