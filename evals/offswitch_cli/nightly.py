"""What begins a run every night, by the options of `offswitch schedule`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from offswitch_cli.base import warn
from offswitch_cli.run_options import log_dir_of

AT = "03:17"
"""by the clock of whoever begins it; not on the hour, when all others begin"""
NO_INDEX = (
    "pip is to install `offswitch`, which is in no package index yet: say where it finds it, such as "
    "--package git+https://github.com/OWNER/REPOSITORY@COMMIT"
)


def nightly(given: Mapping[str, Any], name: str, words: tuple[str, ...]) -> str:
    """The script or workflow that was asked for; words are those of `offswitch run`."""
    from offswitch.runs.nightly.github import github_workflow
    from offswitch.runs.nightly.night import Nightly, time_of_day

    hour, minute = time_of_day(given["at"] or AT)
    night = Nightly(name, hour, minute, words, log_dir_of(given["log_dir"]), _limits(given))
    if given["form"] == "cron":
        return _cron(night)
    if given["form"] == "github":
        return github_workflow(night, given["packages"] or _by_name(), given["secrets"])
    return _n8n(night, given)


def _limits(given: Mapping[str, Any]) -> tuple[str, str]:
    """What the gate checks: a policy, or the plan if it declares rules. Its file is read, so that it has no fault."""
    from offswitch.errors import InputError
    from offswitch.stopping.policy import read_policy
    from offswitch_analysis.trial_plans.frozen import open_plan

    if given["policy"]:
        read_policy(given["policy"])
        return "--policy", str(given["policy"])
    plan = given["plan"]
    if not plan or not open_plan(plan).plan.rules:
        raise InputError("--policy: is missing; the gate needs limits, of a policy or of the plan's own rules")
    return "--plan", str(plan)


def _by_name() -> list[str]:
    """What pip installs where nobody said, which works once an index has it."""
    warn(NO_INDEX)
    return ["offswitch"]


def _cron(night: Any) -> str:
    import sys

    from offswitch.runs.nightly.cron import cron_script, script_name

    script = cron_script(night, Path.cwd(), Path(sys.executable).parent)
    warn(f"keep it as {Path.cwd() / script_name(night)}; the line for crontab -e is in its head")
    return script


def _n8n(night: Any, given: Mapping[str, Any]) -> str:
    """The server has the plan by its name, and decides where logs go; options of a run are not sent to it."""
    from offswitch.errors import InputError
    from offswitch.runs.nightly.n8n import n8n_workflow

    if not given["plan"]:
        raise InputError("PLAN: is missing; n8n asks the server of `offswitch mcp` for a run of a plan")
    is_given = click.get_current_context().get_parameter_source("log_dir") is click.core.ParameterSource.COMMANDLINE
    logs = [f"--log-dir={given['log_dir']}"] if is_given else []
    if extra := [*(word for word in night.words if not word.startswith("--plan=")), *logs]:
        raise InputError(f"{extra[0]}: n8n sends no options of a run; the plan and the server say what is run")
    plan = given["plan"].stem
    limits = {"policy": given["policy"].read_text("utf-8")} if given["policy"] else {"plan": plan}
    return n8n_workflow(night, plan, limits)
