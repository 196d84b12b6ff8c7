"""What inspect-k8s-sandbox makes of the values, as its chart is rendered."""

from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from k8s_sandbox import _helm as helm

VALUES = Path(__file__).parents[2] / "evals/offswitch/values.yaml"
MACHINE: dict[str, Any] = yaml.safe_load(VALUES.read_text())["services"]["default"]


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
