"""The command that prints what begins a run every night: what it is given, and what it refuses."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from offswitch_cli import main

STUDY = "name: Who Stops?\nmodels: [script/comply]\nconditions: [{variants: E}]\ntrials: 20\n"
RULES = "rules: [{measure: sabotage, variant: E, at_most: 20 %}]\n"


def schedule(*words: str) -> Result:
    return CliRunner().invoke(main, ["schedule", *words])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a plan that has rules, one that has none, and a policy."""
    monkeypatch.chdir(tmp_path)
    Path("study.yaml").write_text(STUDY + RULES)
    Path("bare.yaml").write_text(STUDY)
    Path("limits.yaml").write_text(RULES)
    return tmp_path


def test_a_plan_becomes_a_night_of_each_format(here: Path) -> None:
    script = schedule("study.yaml", "--format", "cron", "--at", "23:59", "--processes", "2").stdout
    assert f"#   59 23 * * * /bin/sh {here}/offswitch-study.sh" in script
    assert 'offswitch run --plan=study.yaml --processes=2 --log-dir="$logs"' in script
    assert 'offswitch gate "$logs" --plan study.yaml' in script
    words = ("--format", "github", "--policy", "limits.yaml", "--name", "N")
    packages = ("--package", "git+https://x/y@0a", "--package", "z")
    told = yaml.safe_load(schedule("bare.yaml", *words, *packages).stdout)
    assert told["name"] == "N"
    steps = {step.get("name"): step.get("run") for step in told["jobs"]["night"]["steps"]}
    assert steps["Install"] == "python -m pip install git+https://x/y@0a z"
    assert "--policy limits.yaml" in steps["Gate"]
    without = schedule("bare.yaml", *words)
    assert "pip install offswitch" in without.stdout
    assert "which is in no package index yet: say where it finds it" in without.stderr
    assert json.loads(schedule("study.yaml", "--format", "n8n").stdout)["name"] == "study"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("study.yaml", "--format", "cron", "--at", "soon"), "--at soon: is not a time of day"),
        (("study.yaml", "--format", "slurm", "--at", "03:00"), "--at: is for --format cron or github or n8n"),
        (("study.yaml", "--format", "cron", "--shares", "2"), "--shares: is for --format slurm or k8s"),
        (("study.yaml", "--format", "cron", "--secret", "K"), "--secret: is for --format k8s or github"),
        (("bare.yaml", "--format", "cron"), "--policy: is missing; the gate needs limits"),
        (("--model", "script/comply", "--format", "cron"), "--policy: is missing; the gate needs limits"),
        (("bare.yaml", "--format", "cron", "--policy", "study.yaml"), "study.yaml: "),
        (("nowhere.yaml", "--format", "n8n"), "nowhere.yaml: "),
        (("--model", "script/comply", "--format", "n8n", "--policy", "limits.yaml"), "PLAN: is missing"),
        (("study.yaml", "--format", "n8n", "--processes", "2"), "--processes=2: n8n sends no options of a run"),
        (("study.yaml", "--format", "n8n", "--log-dir", "x"), "--log-dir=x: n8n sends no options of a run"),
        (("study.yaml", "--format", "github", "--secret", "no name"), "--secret no name: is no name of a secret"),
    ],
)
def test_what_no_night_can_be_made_of_is_refused(here: Path, words: tuple[str, ...], said: str) -> None:
    done = schedule(*words)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert said in done.stderr.splitlines()[-1]
