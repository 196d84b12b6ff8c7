"""`offswitch prompts synthesise` with scripted models: a pack, what it cost, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from offswitch_cli import main

SCRIPT = "script/wordings"
USUAL = ("--level", "priority=outranks", "--model", SCRIPT, "--judge", SCRIPT, "--judge", SCRIPT)


def offswitch(*words: object) -> Result:
    return CliRunner().invoke(main, ["prompts", *map(str, words)])


def test_a_pack_is_made_gone_on_with_and_takes_another_level_as_well(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    begun = offswitch("synthesise", *USUAL, "-n", 4, "--max-calls", 14, "-o", pack)
    assert begun.exit_code == 1
    assert "ended early: 14 calls have been made; go on with a higher --max-calls" in begun.stderr
    done = offswitch("synthesise", *USUAL, "-n", 4, "-o", pack)
    assert done.exit_code == 0, done.output
    assert "priority=outranks: 4 of 4 wordings accepted" in done.stdout
    assert "scripted models: a rehearsal" in done.stdout
    lines = (pack / "synthesis/priority=outranks/answers.jsonl").read_text().splitlines()
    assert (
        f"{len(lines)} calls, 0 tokens, price unknown to Inspect, of which {len(lines) - 14} calls now" in done.stdout
    )
    told = json.loads(offswitch("synthesise", *USUAL, "-n", 4, "-o", pack, "--json").stdout)
    assert (told["level"], len(told["accepted"]), told["calls_now"]) == ("priority=outranks", 4, 0)
    other = offswitch("synthesise", "--level", "stakes=only_copy", *USUAL[2:], "-n", 2, "-o", pack)
    assert other.exit_code == 0, other.output
    checked = offswitch("check", pack)
    assert "made of levels, so that factors can vary them: A, B, C, D, E, F, G, H, I, J, K" in checked.stdout
    shown = offswitch("show", "E+priority=outranks", "--pack", pack, "--wordings", 7)
    about: dict[str, Any] = json.loads((pack / "synthesis/priority=outranks/about.json").read_text())
    assert about["accepted"] == 4
    rows = (pack / "synthesis/priority=outranks/candidates.jsonl").read_text().splitlines()
    last = [one["wording"]["sentence"] for one in map(json.loads, rows) if not one["refused_by"]][-1]
    assert last in shown.stdout
    assert last in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--level", "timing=late", *USUAL[2:]), "level: no prompt tells of timing; choose a level of allow"),
        ((*USUAL[:-2],), "--judge: one judge has nobody to agree with; name two or more"),
        ((*USUAL[:-1], "script/nobody"), "script/nobody: script/nobody: no such script"),
        ((*USUAL, "-G", "colour=red"), "-G colour: Inspect has no such generation setting"),
        ((*USUAL, "--exact"), "its server tells no log-probabilities of what it reads; leave --exact out"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    told = offswitch("synthesise", *words, "-o", tmp_path / "pack")
    assert told.exit_code in (1, 2)
    assert said in told.stderr
    assert "Traceback" not in told.output
