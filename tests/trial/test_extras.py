"""Doors to extras tell how to install them; the oldest packages of the extra for agents are those Inspect takes."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai._util import version as inspects_versions
from inspect_ai.model._providers import providers
from packaging.requirements import Requirement
from packaging.version import Version

from offswitch import extras
from offswitch.agents import KINDS
from offswitch.agents.programs import program_solver
from offswitch.errors import InputError
from offswitch_analysis.logs.scans import read_scans
from offswitch_analysis.statistics.factor_model import load_library
from offswitch_cli import main

CHECKS = {
    "openai": providers.validate_openai_client,
    "anthropic": providers.validate_anthropic_client,
    "google-genai": providers.validate_google_client,
}
"""package -> the check that Inspect makes when a program sends its first request"""
PROGRAMS = [name for name, kind in KINDS.items() if kind.program]


def oldest(package: str) -> str:
    """The oldest version of a package that the extra for agents takes."""
    needed = (Requirement(line) for line in requires("offswitch") or ())
    (one,) = (
        each for each in needed if each.name == package and each.marker and each.marker.evaluate({"extra": "agents"})
    )
    (bound,) = (each.version for each in one.specifier if each.operator == ">=")
    return ".".join(map(str, (*Version(bound).release, 0, 0)[:3]))


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package of an extra is there."""

    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(extras, "version", version)


@pytest.mark.parametrize("package", CHECKS)
def test_inspect_takes_the_oldest_client_that_the_extra_for_agents_takes(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Version(oldest(package)).major >= 2

    def version(name: str) -> str:
        return oldest(package)

    monkeypatch.setattr(inspects_versions, "version", version)
    CHECKS[package]("the API of a program")


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("extra", "door"),
    [
        *(("agents", lambda name=name: program_solver(name)) for name in PROGRAMS),
        ("scout", lambda: list(read_scans(str(Path(__file__).parent)))),
        ("model", load_library),
    ],
)
def test_each_door_to_an_extra_tells_what_it_needs_and_how_to_install_it(
    extra: str, door: Callable[[], object]
) -> None:
    with pytest.raises(InputError, match=rf"needs .*\(not installed\).*pip install 'offswitch\[{extra}\]'"):
        door()


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("mcp", ["mcp"]),
        ("agents", ["bench", "--agents", "codex"]),
        ("agents", ["run", "--agent", "codex", "--model", "script/comply", "--variants", "E", "--trials", "1"]),
    ],
)
def test_on_the_command_line_it_is_one_line_and_exit_code_2(extra: str, words: list[str], tmp_path: Path) -> None:
    where = ["--log-dir", str(tmp_path / "logs")] if "run" in words else []
    done = CliRunner().invoke(main, [*words, *where])
    assert done.exit_code == 2
    assert f"pip install 'offswitch[{extra}]'" in done.output
    assert len(done.output.splitlines()) == 1
    assert not (tmp_path / "logs").exists()
