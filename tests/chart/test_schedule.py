"""The Job that `offswitch schedule` prints, against the schemas of Kubernetes' API, with no unknown field allowed."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from offswitch_cli import main

VERSIONS = ("1.29", "1.33", "1.37")
"""of Kubernetes; the first is the oldest in which a Job can count failures for each of its pods"""
STUDY = "name: Who Stops?\nmodels: [script/comply]\nconditions: [{variants: 'A,E'}]\ntrials: 100\n"
WORDS = ("--image", "registry/offswitch:1", "--log-dir", "s3://bucket/logs", "--secret", "keys", "--processes", "2")


def printed(*words: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(main, ["schedule", "--format", "k8s", *words, *WORDS])
    assert done.exit_code == 0, done.output
    return list(yaml.safe_load_all(done.stdout))


def validate(part: dict[str, Any], version: str) -> None:
    library: Any = import_module("kubernetes_validate")
    library.validate(part, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_plans_job_is_what_the_api_takes(tmp_path: Path, version: str) -> None:
    study, values = tmp_path / "study.yaml", tmp_path / "cluster.yaml"
    study.write_text(STUDY)
    values.write_text("services: {default: {image: registry/offswitch-machine:5}}\n")
    parts = printed(str(study), "--values", str(values), "--service-account", "runner", "--shares", "6")
    assert [part["kind"] for part in parts] == ["ConfigMap", "Job"]
    assert parts[0]["data"]["plan.yaml"] == STUDY
    assert parts[1]["spec"]["completions"] == 6
    for part in parts:
        validate(part, version)
    parts[1]["spec"]["completion"] = 6
    with pytest.raises(Exception, match="completion"):
        validate(parts[1], version)


def test_options_make_a_job_too() -> None:
    (job,) = printed("--model", "openai/x", "--variants", "E", "--trials", "120")
    validate(job, VERSIONS[-1])
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["command"] == [
        "offswitch", "run", "--model=openai/x", "--sandbox=k8s", "--variants=E", "--trials=120",
        "--processes=2", "--log-dir=s3://bucket/logs", "--share=auto/3",
    ]  # fmt: skip
