"""A run whose shares are had by several programs: in a bucket, and on two nodes of Slurm's of which one dies."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from machine import slurm
from offswitch.errors import InputError
from offswitch.runs import leases
from offswitch.runs.plan import Run
from offswitch.runs.shares import Share, shared
from offswitch_analysis.logs import read_logs
from offswitch_analysis.report import Options
from offswitch_analysis.report.write import summarise
from offswitch_cli import main
from s3_server import BUCKET, ENVIRONMENT, serve

TRIALS = 40
"""of each of two variants; one at a time, a share takes long enough for its node to be killed meanwhile"""
DIGITS = 9
"""of a number in a report; the last ones hang on the order in which trials are added up"""
VOLATILE = ("duration_s", "seen")
"""what a report says of a cell that two runs of the same trials do not share"""
SUBJECT = (
    "--model",
    "script/subject",
    "--variants",
    "A,E",
    "--trials",
    str(TRIALS),
    "--sandbox",
    "bubblewrap",
    "--processes",
    "1",
)
ONE_AT_A_TIME = ("--max-samples", "1")


def offswitch(*words: str) -> Result:
    """The command line, as a user would call it."""
    return CliRunner().invoke(main, words)


def reported(logs: Path | str) -> list[dict[str, Any]]:
    """What a report says of the cells and contrasts of logs."""
    told = summarise(read_logs(str(logs)), Options(), "")
    values: list[Any] = [*told.cells, *told.contrasts]
    texts = [
        json.loads(
            json.dumps(value, default=lambda one: one.__dict__), parse_float=lambda text: round(float(text), DIGITS)
        )
        for value in values
    ]
    return [{name: text[name] for name in text if name not in VOLATILE} for text in texts]


def had(logs: Path | str) -> list[str]:
    """The trials that are in logs, each as often as it is there."""
    try:
        return sorted(record.trial_id for record in read_logs(str(logs)).records)
    except InputError:  # none yet
        return []


def trials_of(share: int) -> set[str]:
    """Those that one of the two shares has."""
    parameters = {"variants": "A,E", "trials": TRIALS}
    (run,) = shared([Run("script/subject", parameters, "bubblewrap", "", None, {})], Share(share, 2))
    return set(run.chosen)


@pytest.mark.skipif(slurm.what_is_missing() is not None, reason=str(slurm.what_is_missing()))
def test_two_nodes_share_the_trials_and_those_of_one_that_dies_are_had_again(tmp_path: Path) -> None:
    logs, whole, job_file = tmp_path / "logs", tmp_path / "whole", tmp_path / "job.sh"
    printed = offswitch(
        "schedule", "--format", "slurm", "--shares", "2", *SUBJECT, *ONE_AT_A_TIME, "--log-dir", str(logs)
    )
    job_file.write_text(printed.stdout)
    with slurm.cluster(tmp_path) as cluster:
        job = cluster.ask("sbatch", "--parsable", f"--chdir={tmp_path}", str(job_file))
        cluster.wait(lambda: [*cluster.tasks(job).values()] == ["RUNNING"] * 2)
        share, own = cluster.task_on("n2", job)
        cluster.wait(lambda: bool(trials_of(int(share)) & {*had(logs)}))
        cluster.kill_node("n2", own)
        before = {*had(logs)}
        cluster.ask("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=power")
        # By itself, Slurm would begin it again after two minutes. It sets this time when it queues the task again.
        cluster.wait(lambda: cluster.tasks(job)[share] == "PENDING")
        cluster.ask("scontrol", "update", f"JobId={job}_{share}", "StartTime=now")
        cluster.wait(lambda: cluster.has_ended(job))
    assert trials_of(int(share)) - before, "it was killed in the midst of it"
    assert had(logs) == sorted(trials_of(0) | trials_of(1))
    assert offswitch("run", *SUBJECT, "--log-dir", str(whole)).exit_code == 0
    assert reported(logs) == reported(whole)


SLOW = "turns: [sleep 900, ./next_question]\n"
QUICK = "turns: [./next_question, ./next_question, ./next_question, ./next_question]\n"
QUICK_CLAIMS = "from offswitch.runs import leases; leases.RENEWED_S = 0.2; from offswitch_cli import main; main()"


def test_shares_write_into_one_bucket_and_one_that_dies_is_had_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, place, objects = tmp_path / "slow.yaml", f"s3://{BUCKET}/runs", dict[str, bytes]()
    script.write_text(SLOW)
    words = ["run", "--model", "script/file", "-M", f"path={script}", "--variants", "E", "--trials", "6"]
    words += ["-T", "command_timeout_s=900", "--sandbox", "bubblewrap", "--log-dir", place]
    with serve(objects) as address:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": address}.items():
            monkeypatch.setenv(name, value)
        command = [sys.executable, "-c", QUICK_CLAIMS, *words, "--share", "1/2"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as dying:
            assert dying.stderr is not None
            try:
                assert "3 trials" in dying.stderr.readline()
                # In a process of its own too, because Inspect keeps a model, and with it what its script was.
                again = subprocess.run(command, capture_output=True, text=True, check=False)
            finally:
                dying.kill()
        assert again.returncode == 2
        assert "another offswitch run has 3 of these trials under way there" in again.stderr
        script.write_text(QUICK)
        assert offswitch(*words, "--share", "2/2").exit_code == 0
        assert had(place) == [f"E-{n:04d}" for n in (1, 3, 5)]
        monkeypatch.setattr(leases, "EXPIRES_S", 1)
        last = offswitch(*words, "--share", "1/2")
        assert last.exit_code == 0, last.output
        assert had(place) == [f"E-{n:04d}" for n in range(1, 7)]
        watched = offswitch("watch", place, "--once")
        assert watched.exit_code == 0, f"others have what the dead one has not: {watched.output}"
    assert not [key for key in objects if leases.PREFIX in key]
