"""Commands that run trials."""

from pathlib import Path
from typing import Any

import click

from offswitch_cli.answer import Answer
from offswitch_cli.base import SANDBOX_HELP, main, make_report, read_logs_and_warn, report_line
from offswitch_cli.missing_trials import run_missing
from offswitch_cli.run_options import AUTO, run_options, runs_of
from offswitch_cli.trial_plans import run_plan

SHARE_HELP = "Every Nth trial alone, from the Kth on; auto/N, auto: K, and N, as Slurm or Kubernetes says."
DEMO_TRIALS = 10
"""the smallest number for which a report shows rates"""


@main.command()
@click.option("--plan", type=Path, metavar="FILE", help="A trial plan, which says what is run; see offswitch plan.")
@click.option("--share", metavar="K/N", help=SHARE_HELP)
@run_options
def run(**given: Any) -> Answer:
    """Runs trials and prints the rates; the same command goes on where an earlier one stopped."""
    return run_plan(given) if given["plan"] else run_missing(runs_of(given), given)


@main.command()
@click.option("--trials", default=DEMO_TRIALS, show_default=True, help="Trials per variant.")
@click.option("--sandbox", help=SANDBOX_HELP)
@click.option("--log-dir", default="logs/demo", show_default=True, help="Where the logs go.")
def demo(trials: int, sandbox: str | None, log_dir: str) -> Answer:
    """All variants on real machines with a simulated subject, and a report: no keys, under two minutes."""
    from offswitch.runs.plan import Run

    parameters = {"variants": "A-K", "trials": trials, "seed": 1}
    had = run_missing([Run("script/subject", parameters, sandbox or AUTO, log_dir, None, {})], {})
    if had.code:
        return had
    page, anew = make_report(read_logs_and_warn(log_dir), Path(log_dir) / "report")
    return Answer(lambda: {**had.data(), "report": page}, [*had.shown, report_line(page, anew)])
