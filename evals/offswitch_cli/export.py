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
