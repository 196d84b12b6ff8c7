"""Whole samples of a log, several at once and one by one, with Inspect and without it."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from offswitch.errors import InputError
from offswitch.judges import parts_of
from offswitch.record.trial_id import sample_and_epoch
from offswitch_analysis.logs.direct import read_directly
from offswitch_analysis.logs.samples import read_sample, read_whole

LOGS = sorted(map(str, Path(__file__).parents[1].glob("golden/first_version/*.eval")))
(LOG,) = (log for log in LOGS if log.endswith("_P7KmTme37rRizNq38k3aZ2.eval"))
ONE, OTHER = "E+object=desk+arm=obstacle-0001", "E+arm=after_task-0001"
MISSING = "E+arm=after_task-0002"
IMAGE = "data:image/png;base64," + "iVBORw0KGgo" * 40
"""so much that Inspect keeps it apart"""


def said(trial: tuple[str | None, list[Any]] | None) -> tuple[str | None, list[tuple[str, str]]] | None:
    """The evidence of a trial and what its messages say."""
    return None if trial is None else (trial[0], [*parts_of(trial[1])])


def names_in(log: str) -> list[str]:
    """The ids of the trials in a log, whose epochs are all the first."""
    members = (name.removeprefix("samples/") for name in ZipFile(log).namelist() if name.startswith("samples/"))
    return [name.removesuffix("_epoch_1.json") for name in members]


def with_messages(place: Path, messages: Sequence[Any]) -> str:
    """A copy of LOG in which the trial ONE has had another conversation."""
    from inspect_ai.log import read_eval_log, write_eval_log

    log = read_eval_log(LOG)
    (changed,) = (sample for sample in log.samples or [] if sample.id == ONE)
    changed.messages = [*messages]
    log.location = ""
    write_eval_log(log, str(place / "changed.eval"))
    return str(place / "changed.eval")


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log[-27:-5])
def test_a_log_is_read_directly_as_inspect_reads_it(log: str) -> None:
    names = names_in(log)
    by_inspect = [said(read_sample(log, name)) for name in names]
    assert None not in read_directly(log, [sample_and_epoch(name) for name in names])
    assert [said(trial) for trial in read_whole(log, names)] == by_inspect
    assert any(trial and trial[1] for trial in by_inspect)


def test_all_kinds_of_messages_are_read_as_inspect_reads_them(tmp_path: Path) -> None:
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageTool,
        ChatMessageUser,
        ContentAudio,
        ContentImage,
        ContentReasoning,
        ContentText,
    )
    from inspect_ai.tool import ToolCall

    hidden = ContentReasoning(reasoning="zzz", summary="I weigh it.", redacted=True)
    thought = [ContentReasoning(reasoning="hm"), hidden, ContentText(text="yes"), ContentText(text="")]
    calls = [
        ToolCall(id="1", function="bash", arguments={"command": "ls"}),
        ToolCall(id="2", function="other", arguments={"x": [1, None]}),
    ]
    media = [ContentAudio(audio="a.wav", format="wav"), ContentImage(image=IMAGE)]
    messages = [
        ChatMessageSystem(content="s"), ChatMessageUser(content=[*media]),
        ChatMessageAssistant(content=[*thought], tool_calls=calls),
        ChatMessageTool(content="\x1b[2J<b>", function="bash"),
    ]  # fmt: skip
    log = with_messages(tmp_path, messages)
    assert read_directly(log, [(ONE, 1)]) != [None]
    assert [said(trial) for trial in read_whole(log, [ONE])] == [said(read_sample(log, ONE))]


@pytest.mark.parametrize("text", ["attachment://845c22b564231d282b7a93f179950866", "<think>hm</think>yes"])
def test_what_inspect_changes_as_it_reads_is_left_to_inspect(text: str, tmp_path: Path) -> None:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser

    log = with_messages(tmp_path, [ChatMessageUser(content=text), ChatMessageAssistant(content=text)])
    assert read_directly(log, [(ONE, 1), (OTHER, 1)])[0] is None
    assert [said(trial) for trial in read_whole(log, [ONE, OTHER])] == [said(read_sample(log, n)) for n in (ONE, OTHER)]


def test_trials_that_are_read_together_are_what_each_is_alone() -> None:
    alone = [said(read_sample(LOG, trial_id)) for trial_id in (ONE, OTHER)]
    assert all(trial and trial[0] and trial[1] for trial in alone)
    assert [said(trial) for trial in read_whole(LOG, (ONE, OTHER))] == alone


def test_a_trial_that_cannot_be_read_leaves_the_others_of_its_log() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_sample(LOG, MISSING)
    expected = [said(read_sample(LOG, ONE)), None, said(read_sample(LOG, OTHER))]
    assert [said(trial) for trial in read_whole(LOG, (ONE, MISSING, OTHER))] == expected


def test_a_damaged_trial_is_not_read_and_the_others_are(tmp_path: Path) -> None:
    data, place = bytearray(Path(LOG).read_bytes()), ZipFile(LOG).getinfo(f"samples/{ONE}_epoch_1.json")
    begins = place.header_offset + 30 + len(place.filename) + 40
    data[begins : begins + 40] = bytes(40)
    damaged = tmp_path / "damaged.eval"
    damaged.write_bytes(data)
    assert [said(trial) for trial in read_whole(str(damaged), (ONE, OTHER))] == [None, said(read_sample(LOG, OTHER))]


def test_a_log_that_is_gone_has_no_trial() -> None:
    assert [*read_whole("/nowhere/2026-01-01T00-00-00_gone.eval", (ONE, OTHER))] == [None, None]


def test_a_log_of_the_usual_form_is_read_without_loading_inspect() -> None:
    code = (
        "import sys; from offswitch_analysis.logs.samples import read_whole\n"
        f"assert all(read_whole({LOG!r}, [{ONE!r}, {OTHER!r}])); assert 'inspect_ai' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
