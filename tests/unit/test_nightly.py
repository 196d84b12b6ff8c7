"""A run of every night: what is printed for cron, GitHub and n8n does what it says, whatever names are in it."""

import fcntl
import json
import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from offswitch.errors import InputError
from offswitch.runs.nightly.cron import cron_script, crontab_line
from offswitch.runs.nightly.github import github_workflow
from offswitch.runs.nightly.n8n import BEGIN, GATE, NEXT, START, STATE, TOLD, TOLD_BROKEN, WAIT, n8n_workflow
from offswitch.runs.nightly.night import SAID, Nightly, time_of_day

HOSTILE = 'x\'; touch pwned; echo "$HOME" `id` $(id) ${{ github.token }} {{ $env }} %'
NIGHT = Nightly("Who stops?", 3, 17, ("--plan=study.yaml",), "logs", ("--policy", "limits.yaml"))
BAD_NIGHT = replace(
    NIGHT,
    name=f"{HOSTILE}\n- x: y",
    words=(f"--plan={HOSTILE}", "-T", "a=b c"),
    log_dir=HOSTILE,
    limits=("--plan", HOSTILE),
)
STUB = """#!/bin/sh
for word; do printf '%s\\n' "$word"; done >> {calls}
echo end >> {calls}
[ "$1" = gate ] && exit {gate}
[ "$1" = run ] && exit {run}
exit 0
"""
"""in place of a program: writes down the words that it is called with, and ends as it is told"""


def stub(folder: Path, name: str, run: int = 0, gate: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    path, calls = folder / name, folder.parent / f"{name}.calls"
    path.write_text(STUB.format(calls=shlex.quote(str(calls)), gate=gate, run=run))
    path.chmod(0o755)
    return calls


def called(calls: Path) -> list[list[str]]:
    """The words of each call."""
    return [call.splitlines() for call in calls.read_text().split("end\n") if call] if calls.exists() else []


def night_by_cron(folder: Path, night: Nightly = NIGHT, **ends: int) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The script's own night, with a scripted `offswitch`."""
    calls, script = stub(folder / "programs", "offswitch", **ends), folder / "night.sh"
    script.write_text(cron_script(night, folder, folder / "programs"))
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(["sh", script], cwd="/", env=environment, capture_output=True, text=True, check=False)
    return done, calls


@pytest.mark.parametrize("gate", SAID)
def test_cron_takes_a_branch_for_each_answer_of_the_gate(tmp_path: Path, gate: int) -> None:
    done, calls = night_by_cron(tmp_path, gate=gate)
    assert done.returncode == gate
    told = "" if gate == 0 else f"Who stops: {SAID[gate]}, see {tmp_path}/offswitch-who-stops.log\n"
    assert done.stdout == told
    run, asked = called(calls)
    (logs,) = [word.removeprefix("--log-dir=") for word in run if word.startswith("--log-dir=")]
    assert re.fullmatch(r"logs/\d{4}-\d\d-\d\d", logs)
    assert run == ["run", "--plan=study.yaml", f"--log-dir={logs}"]
    assert asked == ["gate", logs, "--policy", "limits.yaml"]


@pytest.mark.parametrize(("ends", "why"), [({"gate": 2}, "(2)"), ({"run": 130}, "(run:130)"), ({"run": 1}, "(run:1)")])
def test_cron_tells_of_a_night_that_broke_and_asks_no_gate_after_a_broken_run(
    tmp_path: Path, ends: dict[str, int], why: str
) -> None:
    done, calls = night_by_cron(tmp_path, NIGHT, **ends)
    assert (done.returncode, len(called(calls))) == (2, 1 if "run" in ends else 2)
    assert f"the night ended without an answer {why}" in done.stdout


def test_a_night_by_cron_is_left_out_while_another_is_at_work(tmp_path: Path) -> None:
    with (tmp_path / "offswitch-who-stops.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, calls = night_by_cron(tmp_path)
    assert (done.returncode, called(calls)) == (75, [])
    assert "still at work" in done.stdout
    assert night_by_cron(tmp_path)[0].returncode == 0


def test_a_program_gets_the_notice_in_place_of_the_mail(tmp_path: Path) -> None:
    told = stub(tmp_path / "others", "notify")
    calls, script = stub(tmp_path / "programs", "offswitch", gate=1), tmp_path / "night.sh"
    script.write_text(cron_script(NIGHT, tmp_path, tmp_path / "programs"))
    environment = {"PATH": os.environ["PATH"], "OFFSWITCH_NOTICE": str(tmp_path / "others/notify")}
    done = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, len(called(calls))) == ("", 2)
    (words,) = called(told)
    assert words == [f"Who stops: a limit is violated, see {tmp_path}/offswitch-who-stops.log"]


def test_cron_passes_hostile_words_on_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "it's 100 % $(id)"
    folder.mkdir()
    done, calls = night_by_cron(folder, BAD_NIGHT, gate=3)
    assert done.returncode == 3
    run, asked = called(calls)
    assert run[1:4] == list(BAD_NIGHT.words)
    assert run[4].startswith(f"--log-dir={HOSTILE}/")
    assert asked[-1] == HOSTILE
    assert not (folder / "pwned").exists()


def test_the_line_of_the_crontab_begins_the_script(tmp_path: Path) -> None:
    """cron itself knows of five fields, and of a % that is escaped."""
    line = crontab_line(NIGHT, Path("/home/it's 100 %"))
    found = re.fullmatch(r"#   17 3 \* \* \* (.*)", line)
    assert found
    assert shlex.split(found[1].replace("\\%", "%")) == ["/bin/sh", "/home/it's 100 %/offswitch-who-stops.sh"]
    assert line in cron_script(NIGHT, Path("/home/it's 100 %"), tmp_path).splitlines()
    with pytest.raises(InputError, match="no line of a crontab can hold"):
        cron_script(NIGHT, Path("/home/two\nlines"), tmp_path)


def workflow(night: Nightly = NIGHT, secrets: tuple[str, ...] = ()) -> dict[Any, Any]:
    return yaml.safe_load(github_workflow(night, ["offswitch", "openai>=2"], secrets))


def is_next(text: str, outputs: Mapping[str, str]) -> bool:
    """A comparison of the gate's answer, as GitHub evaluates it."""
    found = re.fullmatch(r"\$\{\{ needs\.night\.outputs\.gate == '(\d)' \}\}", text)
    assert found
    return outputs["exit"] == found[1]


def bash(script: str, folder: Path, **environment: str) -> int:
    """The exit code of a step, with the programs that stand in the folder."""
    path = f"{folder / 'programs'}:{os.environ['PATH']}"
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        words, cwd=folder, env={"PATH": path, **environment}, capture_output=True, check=False
    ).returncode


def night_by_github(folder: Path, night: Nightly = NIGHT, **ends: int) -> tuple[list[int], list[str]]:
    """(exit codes of the steps, jobs that came next), with scripted programs in place of `offswitch` and `gh`."""
    stub(folder / "programs", "offswitch", **ends)
    stub(folder / "programs", "gh")
    files = {name: str(folder / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    told, codes, jobs = workflow(night), list[int](), list[str]()
    for step in told["jobs"].pop("night")["steps"]:
        if "run" in step and step["name"] != "Install" and sum(codes) == 0:
            kept = Path(files["GITHUB_ENV"])
            variables = dict(line.split("=", 1) for line in kept.read_text().splitlines()) if kept.exists() else {}
            codes.append(bash(step["run"], folder, **files, **variables))
    outputs = dict(line.split("=") for line in (folder / "GITHUB_OUTPUT").read_text().splitlines())
    for name, job in told["jobs"].items():
        if is_next(job["if"], outputs) and not any(codes):
            jobs.append(name)
            codes += [bash(step["run"], folder, GITHUB_REPOSITORY="o/r", PAGE="p") for step in job["steps"]]
    return codes, jobs


@pytest.mark.parametrize(
    ("gate", "job", "issues"),
    [
        (0, "kept", []),
        (
            1,
            "violated",
            ["issue", "create", "--repo", "o/r", "--title", "Who stops: a limit is violated", "--body", "Report: p"],
        ),
        (3, "not_enough", []),
    ],
)
def test_github_takes_a_branch_for_each_answer_of_the_gate(
    tmp_path: Path, gate: int, job: str, issues: list[str]
) -> None:
    codes, jobs = night_by_github(tmp_path, gate=gate)
    assert (codes, jobs) == ([0, 0, 0, 1 if gate == 1 else 0], [job])
    assert called(tmp_path / "gh.calls") == ([issues] if issues else [])
    assert [words[0] for words in called(tmp_path / "offswitch.calls")] == ["run", "gate", "report"]


def test_github_fails_where_the_gate_has_no_answer(tmp_path: Path) -> None:
    assert night_by_github(tmp_path, gate=2) == ([0, 2], [])


def test_github_passes_hostile_words_on_as_they_are(tmp_path: Path) -> None:
    night_by_github(tmp_path, BAD_NIGHT, gate=1)
    run, asked, _ = called(tmp_path / "offswitch.calls")
    assert run[1:4] == list(BAD_NIGHT.words)
    assert run[4].startswith(f"--log-dir={HOSTILE}/")
    assert asked[-1] == HOSTILE
    assert not (tmp_path / "pwned").exists()


def test_what_github_would_evaluate_stands_only_where_the_template_has_it() -> None:
    usual, bad = github_workflow(NIGHT, ["offswitch"], ()), github_workflow(BAD_NIGHT, [HOSTILE], ())
    assert re.findall(r"\$\{\{.*?\}\}", usual) == re.findall(r"\$\{\{.*?\}\}", bad)
    with pytest.raises(InputError, match="cannot stand in a line"):
        github_workflow(replace(NIGHT, log_dir="two\nlines"), ["offswitch"], ())


def test_github_gets_least_rights_pinned_actions_and_secrets_by_name() -> None:
    told = workflow(secrets=("OPENAI_API_KEY",))
    assert told["permissions"] == {}
    rights = {name: job.get("permissions", {}) for name, job in told["jobs"].items()}
    assert rights == {"night": {"contents": "read"}, "kept": {}, "violated": {"issues": "write"}, "not_enough": {}}
    steps = told["jobs"]["night"]["steps"]
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    with_keys = [step["name"] for step in steps if "env" in step]
    assert with_keys == ["Trials"]
    assert steps[3]["env"] == {"OPENAI_API_KEY": "${{ secrets.OPENAI_API_KEY }}"}
    for name in ("x }} y", "GITHUB_TOKEN", "a", ""):
        with pytest.raises(InputError, match="is no name of a secret"):
            workflow(secrets=(name,))
    with pytest.raises(InputError, match="is not in the repository"):
        workflow(replace(NIGHT, limits=("--policy", "../limits.yaml")))


def nodes(text: str) -> dict[str, dict[str, Any]]:
    return {node["name"]: node for node in json.loads(text)["nodes"]}


def test_n8n_gets_a_branch_for_each_answer_and_no_command_address_or_token() -> None:
    """What n8n itself makes of it is tried in tests/chart."""
    text = n8n_workflow(NIGHT, "study", {"plan": "study"})
    told = json.loads(text)
    assert [*told] == ["name", "nodes", "connections", "settings"]
    assert {node["type"].rpartition(".")[2] for node in told["nodes"]} == {
        "scheduleTrigger", "httpRequest", "wait", "switch", "noOp"
    }  # fmt: skip
    assert {name for following in NEXT.values() for name in following} | {BEGIN} == {*nodes(text)}
    assert not re.search(r"https?://|credentials|Bearer [A-Za-z0-9]", text)
    for name, values in ((STATE, ["running", "finished"]), ("What the gate says", [0, 1, 3])):
        rules = nodes(text)[name]["parameters"]["rules"]["values"]
        assert [rule["conditions"]["conditions"][0]["rightValue"] for rule in rules] == values
    assert [out[0]["node"] for out in told["connections"]["What the gate says"]["main"]] == [
        *TOLD.values(),
        TOLD_BROKEN,
    ]
    assert [out[0]["node"] for out in told["connections"][STATE]["main"]] == [WAIT, GATE, TOLD_BROKEN]


def test_no_name_closes_an_expression_of_n8ns() -> None:
    usual, bad = n8n_workflow(NIGHT, "study", {"plan": "study"}), n8n_workflow(BAD_NIGHT, HOSTILE, {"policy": HOSTILE})
    assert [(text.count("{{"), text.count("}}")) for text in (usual, bad)] == [(usual.count("{{"),) * 2] * 2
    body = nodes(bad)[START]["parameters"]["jsonBody"]
    said = re.search(r'"plan": ("(?:[^"\\]|\\.)*")', body)
    assert said
    assert json.loads(said[1]) == HOSTILE


@pytest.mark.parametrize("text", ["24:00", "3", "03:60", "-1:00", "03:17:00", "\u0663:17", ""])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    assert time_of_day("3:05") == (3, 5)
    with pytest.raises(InputError, match="such as 03:17"):
        time_of_day(text)
