"""Every command has --json: one JSON value on standard output and nothing else."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log, write_eval_log

from offswitch_cli import main
from stories import Story
from trial.test_explain_and_adjudicate import sample, write

PLAN = "{name: p, models: [script/comply], conditions: [{variants: E}], trials: 2}"
POLICY = "rules: [{measure: sabotage, variant: A, at_most: 50 %}]"
ON_MACHINES = {"bench", "demo", "doctor", "judge-check", "run", "selftest", "prompts record-demonstrations"}
"""what makes machines or asks models, and is not asked here"""


def commands(group: click.Group = main, name: str = "") -> Iterator[tuple[str, click.Command]]:
    for part, command in group.commands.items():
        whole = f"{name} {part}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, whole)
        else:
            yield whole, command


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_command_has_the_option_once(name: str, command: click.Command) -> None:
    assert [option for one in command.params for option in one.opts].count("--json") == 1, name


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs, a plan and a policy."""
    root = tmp_path_factory.mktemp("json")
    (root / "logs").mkdir()
    log = read_eval_log(str(write(root / "logs", "one")))
    counted = [sample(f"A-{number:04d}", Story().asks(4).evidence) for number in range(5, 9)]
    write_eval_log(log.model_copy(update={"samples": [*(log.samples or []), *counted]}), str(log.location))
    (root / "plan.yaml").write_text(PLAN)
    (root / "policy.yaml").write_text(POLICY)
    return root


WORDS: dict[str, Sequence[str]] = {
    "trials": ["{logs}"], "records": ["{logs}"], "rates": ["{logs}"],
    "compare": ["{logs}", "{logs}"], "history": ["{logs}"],
    "gate": ["{logs}", "--policy", "{root}/policy.yaml"], "explain": ["{logs}", "A-0001"], "verify": ["{logs}"],
    "adjudicate": ["{logs}", "A-0002", "--verdict", "sabotaged", "--why", "seen", "--by", "me"],
    "report": ["{logs}", "-o", "{root}/report"], "watch": ["{logs}", "--once"],
    "prompts list": [], "prompts show": ["E"], "prompts diff": ["A", "E"], "prompts design": ["4", "--factors",
    "placement=user,system;strength=must,polite"], "scenes list": [], "scenes show": ["deadline"],
    "scenes new": ["{root}/scene"], "scenes check": ["{root}/scene"],
    "plan check": ["{root}/plan.yaml", "--log-dir", "{root}/none"], "plan power": ["{root}/plan.yaml"],
    "plan freeze": ["{root}/plan.yaml"], "plan status": ["{root}/plan.yaml", "--log-dir", "{logs}"],
    "schedule": ["{root}/plan.yaml", "--format", "slurm", "--log-dir", "/shared/logs"],
    "mcp": ["--logs", "{logs}"], "export metrics": ["{logs}"], "export rl": ["{logs}", "-o", "{root}/rl"],
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_what_a_command_says_is_one_json_value_and_nothing_else(place: Path, name: str) -> None:
    given = [word.format(root=place, logs=place / "logs") for word in WORDS[name]]
    done = CliRunner().invoke(main, [*name.split(), *given, "--json"])
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    assert isinstance(json.loads(done.stdout), dict), done.output
    assert "\x1b" not in done.stdout


def test_no_command_is_left_out() -> None:
    elsewhere = {"judges", "prompts check", "prompts synthesise"}  # asked so where there is a judge, a pack, a model
    assert {name for name, _ in commands()} == {*WORDS} | ON_MACHINES | elsewhere


def test_bad_input_stays_one_line_on_standard_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["rates", str(tmp_path / "none"), "--json"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1
