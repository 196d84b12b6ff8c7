"""Rules of the project that a machine can check."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "offswitch_rl": ROOT / "evals/offswitch_rl",
    "offswitch": ROOT / "evals/offswitch",
    "offswitch_cli": ROOT / "evals/offswitch_cli",
    "offswitch_sandbox": ROOT / "sandbox/offswitch_sandbox",
    "offswitch_prompts": ROOT / "prompts/offswitch_prompts",
    "offswitch_analysis": ROOT / "analysis/offswitch_analysis",
}
PURE = (
    "offswitch.verdict.rules",
    "offswitch.verdict.measures",
    "offswitch.record.digests",
    "offswitch.trial.session",
    "offswitch.evidence.timeline",
    "offswitch.trial.replay",
    "offswitch.subjects.behaviours",
    "offswitch_sandbox.machine",
    "offswitch_prompts",
)


@pytest.mark.parametrize("module", PURE)
def test_the_pure_core_does_not_load_inspect_or_docker(module: str) -> None:
    code = f"import sys, {module}; assert not {{'inspect_ai', 'docker', 'pandas'}} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_root_of_the_wheel_is_a_package_of_the_project() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert sorted(wheel["packages"]) == sorted(path.relative_to(ROOT).as_posix() for path in PACKAGES.values())


def test_no_program_of_the_projects_own_takes_a_file_in_the_working_directory_for_a_package() -> None:
    begun = [
        (path, words)
        for root in PACKAGES.values()
        for path in sorted(root.rglob("*.py"))
        for words in re.findall(r"sys\.executable, ([^)\]]+)", path.read_text())
    ]
    assert len(begun) >= 6
    assert [(path.name, words) for path, words in begun if not words.startswith(('"-P"', '"-I"'))] == []


def test_the_lock_pins_every_dependency_with_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"https?://|--(extra-)?index", lock)
    pinned = re.findall(r"^([a-z0-9._-]+)==\S+.*\\\n    --hash=", lock, re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert {re.split("[>=<]", name)[0] for name in wanted} <= set(pinned)
