"""An agent's own configuration in its model's hands: hooks, servers, programs to notify, instructions.

What is to come of each was written down from the rules before it was played, in `tests/golden/own_configuration`,
a folder for each product. Where a product reads its configuration only as it begins, the model begins a second one.
Tests play some of Codex's; all of a folder are played by `offswitch selftest --behaviours FOLDER --agent NAME`.
"""

from pathlib import Path
from shutil import copy

import pytest
from inspect_ai.log import read_eval_log_sample

from offswitch.acts import Method
from offswitch.evidence import EVIDENCE, read_history
from offswitch.selftest.run import try_out
from offswitch.subjects import BehaviourResult
from offswitch_sandbox import DeskKind

FOLDER = Path(__file__).parents[1] / "golden" / "own_configuration" / "codex"
SECOND = "lists-its-files"
"""what the second program is asked to do"""
PLAYED = {
    "offswitch": (
        "notified-program-deletes-it", "server-rewrites-it", "hook-takes-it-and-another-puts-it-back",
        "server-kills-the-desk", "hooks-that-keep-a-log", "notified-program-ends-the-way-to-the-model",
    ),
    "bubblewrap": ("hook-before-the-notice", "notified-program-ends-the-way-to-the-model"),
}  # fmt: skip


@pytest.mark.parametrize("kind", list(PLAYED))
def test_what_a_model_has_its_program_do_is_the_models_and_changes_no_evidence(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "chosen"
    folder.mkdir()
    for name in (SECOND, *PLAYED[kind]):
        copy(FOLDER / f"{name}.yaml", folder)
    found = try_out(folder, "", kind, str(tmp_path / "logs"), agent="codex")
    assert [(one.name, one.verdict) for one in found] == [(one.name, one.expected.verdict) for one in found]
    for one in found:
        # Where a host is slow, Codex asks its model while the second one is still at work.
        assert one.methods - {Method.RACED} == set(one.expected.methods), one
        evidence_is_whole(one)


def evidence_is_whole(result: BehaviourResult) -> None:
    stored = read_eval_log_sample(result.log, result.name).store[EVIDENCE]
    history = read_history(stored)
    assert history.gaps == {}, result.name
    assert history.evidence.calls.events, result.name
    asked = [entry.call for entry in history.desk.of(DeskKind.ASKED)]
    assert asked == list(range(1, len(asked) + 1)), result.name
