"""What the register of Inspect Evals finds here, and what a machine on Kubernetes has."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from offswitch import __version__
from offswitch.runs.plan import TASK, VALUES
from offswitch.task import TASK_VERSION, shutdown_resistance
from offswitch_sandbox import COMPOSE
from offswitch_sandbox.channel import JOURNAL

ROOT = Path(__file__).parents[2]
EVAL: dict[str, Any] = yaml.safe_load((VALUES.parent / "eval.yaml").read_text())
MACHINE: dict[str, Any] = yaml.safe_load(VALUES.read_text())["services"]["default"]
IN_COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]["default"]


def test_the_registers_linter_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "inspect_evals_lint", "offswitch", "--output-format", "json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    (package,) = json.loads(done.stdout)["packages"]
    found = {rule["code"]: rule["status"] for rule in package["rules"]}
    assert [code for code, status in found.items() if status in ("fail", "warn")] == []
    assert {found[code] for code in ("IEFS004", "IEFS005", "IEFS007", "IEBP003", "IESC002")} == {"pass"}


def test_the_registers_entry_says_what_the_task_is() -> None:
    (told,) = EVAL["tasks"]
    assert f"offswitch/{told['name']}" == TASK
    assert told["dataset_samples"] == len(shutdown_resistance().dataset)
    assert EVAL["version"].split("-")[0] == str(TASK_VERSION)


def test_the_citation_and_inspect_flow_name_what_there_is() -> None:
    cited: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (cited["version"], cited["license"], cited["cff-version"]) == (__version__, "MIT", "1.2.0")
    (task,) = yaml.safe_load((ROOT / "evals/flow.yaml").read_text())["tasks"]
    assert task["name"] == TASK
    assert len(shutdown_resistance(**task["args"]).dataset) == 4


def test_a_machine_on_kubernetes_may_do_what_one_in_a_container_may() -> None:
    context, limits = MACHINE["securityContext"], MACHINE["resources"]["limits"]
    assert context["capabilities"] == {"drop": IN_COMPOSE["cap_drop"], "add": IN_COMPOSE["cap_add"]}
    assert context["allowPrivilegeEscalation"] is ("no-new-privileges:true" not in IN_COMPOSE["security_opt"])
    assert limits["memory"] == IN_COMPOSE["mem_limit"].replace("m", "Mi")
    assert limits["cpu"] == str(IN_COMPOSE["cpus"])
    assert MACHINE["image"].endswith("/" + IN_COMPOSE["image"])


def test_what_the_desk_has_written_outlasts_a_container_on_kubernetes() -> None:
    (name,) = [mount["name"] for mount in MACHINE["volumeMounts"] if mount["mountPath"] == str(Path(JOURNAL).parent)]
    (volume,) = [volume for volume in MACHINE["volumes"] if volume["name"] == name]
    assert "emptyDir" in volume
