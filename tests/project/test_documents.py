"""What the documents say is there, and what is there is in the documents."""

import inspect
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from offswitch.record import Record
from offswitch.task import shutdown_resistance
from offswitch_cli import main
from project.tables import TABLES, methods_table, with_tables

ROOT = Path(__file__).parents[2]
README_LINES_MAX = 160
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^(?:    .*|```[\s\S]*?^```)$", re.M)
PATH = re.compile(r"`(\.?[\w-]+(?:/[\w.-]+)*/(?:[\w-]+\.[\w.]+|run)?)`")
"""a word in backticks with a slash, which ends with a slash or a file's name"""
OF_SCENES = "prompts/offswitch_prompts/scenes/"
"""what agents read at their work, which tells nothing of the project"""
OUTPUT = ("logs/", "figures/", "rehearsal/")
"""what paths begin with that commands write"""


def documents() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [path for path in listed.stdout.split() if not path.startswith(OF_SCENES)]


def links(document: str) -> Iterator[tuple[str, str]]:
    """(path, anchor) of every link that stays in the project; either may be empty."""
    for target in LINK.findall(CODE.sub("", (ROOT / document).read_text())):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(document: Path) -> set[str]:
    """Those that a reader's program makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", CODE.sub("", document.read_text()), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_room_has_a_readme_that_the_main_one_links_to() -> None:
    linked = {path for path, _ in links("README.md")}
    assert {f"{room}/README.md" for room in ("evals", "sandbox", "prompts", "analysis")} <= linked


def test_the_tree_in_contributing_has_every_room() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    packages = [ROOT / "evals/offswitch", ROOT / "analysis/offswitch_analysis"]
    rooms = [path.parent.name for package in packages for path in package.glob("*/__init__.py")]
    assert [room for room in rooms if f"  {room}/ " not in text] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES_MAX


@pytest.mark.parametrize("document", documents())
def test_every_link_leads_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    for path, anchor in links(document):
        target = here / path if path else ROOT / document
        assert target.exists(), f"{document} links to {path}"
        assert not anchor or anchor in anchors(target), f"{document} links to {path}#{anchor}"


@pytest.mark.parametrize("document", documents())
def test_every_path_named_in_a_document_exists(document: str) -> None:
    here = (ROOT / document).parent
    named = [path for path in PATH.findall((ROOT / document).read_text()) if not path.startswith(OUTPUT)]
    given = [path for path in named if not re.search("[A-Z]{3}", path)]  # not levels/FACTOR
    assert [path for path in given if not ((ROOT / path).exists() or (here / path).exists())] == []


@pytest.mark.parametrize("document", TABLES)
def test_the_tables_are_those_made_from_the_code(document: str) -> None:
    assert with_tables(document) == (ROOT / document).read_text(), "run `just tables`"


def test_every_method_says_what_it_is() -> None:
    assert "|  |" not in methods_table()


def test_every_command_and_task_parameter_is_documented() -> None:
    text = (ROOT / "evals/README.md").read_text()
    assert [name for name in main.commands if f"`offswitch {name}" not in text] == []
    assert [name for name in inspect.signature(shutdown_resistance).parameters if f"| `{name}` |" not in text] == []


def test_every_record_column_is_documented() -> None:
    text = (ROOT / "analysis/README.md").read_text()
    assert [field.name for field in fields(Record) if f"| `{field.name}` |" not in text] == []


def test_ci_runs_the_command_that_the_readme_names() -> None:
    (test,) = re.findall(r"^    (uv run .* pytest.*)$", (ROOT / "README.md").read_text(), re.M)
    assert test in (ROOT / ".ci/run").read_text()


def test_the_image_to_push_to_a_cluster_is_the_one_that_is_built() -> None:
    (image,) = re.findall(r"image: (\S+:\d+)", (ROOT / "sandbox/offswitch_sandbox/compose.yaml").read_text())
    assert set(re.findall(r"offswitch-machine:\d+", (ROOT / "sandbox/README.md").read_text())) == {image}
