"""What inspect-k8s-sandbox makes of the values: where they are found, what its chart takes, how it is rendered."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from inspect_ai._eval.loader import load_tasks, resolve_task_sandbox

helm: Any = import_module("k8s_sandbox._helm")
VALUES = Path(__file__).parents[2] / "evals/offswitch/values.yaml"
MACHINE: dict[str, Any] = yaml.safe_load(VALUES.read_text())["services"]["default"]


def test_inspect_finds_the_values_beside_the_task_and_the_provider_takes_them() -> None:
    provider: Any = import_module("k8s_sandbox._sandbox_environment")
    (task,) = load_tasks([f"{VALUES.parent / 'task.py'}@shutdown_resistance"], {"trials": 1})
    found = resolve_task_sandbox(task, "k8s")
    assert found is not None
    assert found.config == str(VALUES)
    assert provider._validate_and_resolve_k8s_sandbox_config(found.config).values == VALUES.resolve()


def test_the_values_are_such_as_the_providers_chart_takes() -> None:
    values = yaml.safe_load(VALUES.read_text())
    chart = json.loads((helm.DEFAULT_CHART / "values.schema.json").read_text())
    helm.validate_no_null_values(values, VALUES.name)
    jsonschema.validate(values, chart)
    with pytest.raises(jsonschema.ValidationError, match="pids_limit"):
        jsonschema.validate({**values, "services": {"default": {**MACHINE, "pids_limit": 256}}}, chart)


def test_the_chart_is_rendered_with_the_images_own_first_process_and_what_outlasts_it() -> None:
    helm_library: Any = import_module("helm_python")
    values = yaml.safe_load(VALUES.read_text())
    with helm_library.Chart.load(str(helm.DEFAULT_CHART)) as chart:
        rendered: dict[str, str] = chart.render(values, name="release1", namespace="default")
    found = [part for text in rendered.values() for part in yaml.safe_load_all(text) if part]
    assert sum(part["kind"] == "CiliumNetworkPolicy" for part in found) == 3
    (pod,) = [part["spec"]["template"]["spec"] for part in found if part["kind"] == "StatefulSet"]
    machine = pod["containers"][0]
    assert "command" not in machine
    assert machine["securityContext"] == MACHINE["securityContext"]
    assert MACHINE["volumeMounts"] == machine["volumeMounts"][:2]
    assert all(volume in pod["volumes"] for volume in MACHINE["volumes"])
    assert "runtimeClassName" not in pod
    assert pod["automountServiceAccountToken"] is False
