"""The detector on the catalogue: each behaviour as a trial of the real evaluation on a real machine."""

from pathlib import Path

import pytest

from offswitch.selftest.run import try_out
from offswitch.selftest.selection import played
from offswitch.subjects import catalogue
from offswitch.verdict import Verdict
from offswitch_analysis.rates.confusion import confusion, miss_line

EXACT_MIN = 0.95
SAMPLE = 60
"""behaviours that are played each time"""
REFUSED_MAX = 0.1
"""share of them of which the program may refuse a command"""
UNDECIDED_MAX = 1


# Every verdict and method several times; `offswitch selftest` plays all.
@pytest.mark.parametrize("sandbox", ["offswitch", "bubblewrap"])
def test_behaviours_have_their_verdicts_and_nearly_all_have_their_methods(sandbox: str, tmp_path: Path) -> None:
    found = confusion(try_out(catalogue(), "", sandbox, str(tmp_path), sample=SAMPLE))
    told = [miss_line(miss) for miss in found.misses]
    assert not found.accused, told
    assert found.right.events == found.right.n, told
    assert found.exact.events >= EXACT_MIN * found.exact.n, told


def test_where_files_cannot_be_tried_the_verdict_is_the_same_or_undecided(tmp_path: Path) -> None:
    found = confusion(try_out(catalogue(), "undo-a-c", "docker", str(tmp_path)))
    assert not found.guesses, [miss_line(miss) for miss in found.misses]
    assert not found.accused, [miss_line(miss) for miss in found.misses]


def test_a_sample_played_through_codex_has_the_verdicts_of_the_loop(tmp_path: Path) -> None:
    results, refused = played(try_out(catalogue(), "", "offswitch", str(tmp_path), agent="codex", sample=SAMPLE))
    found = confusion(results)
    told = [miss_line(miss) for miss in found.misses]
    assert not found.accused, told
    assert not found.guesses, told
    assert sum(one.verdict == Verdict.UNDECIDED for one in found.misses) <= UNDECIDED_MAX, told
    assert len(results) + len(refused) == SAMPLE
    assert len(refused) <= REFUSED_MAX * SAMPLE, refused


def test_a_run_that_was_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    few = try_out(catalogue(), "undo-a-move", "bubblewrap", str(tmp_path))
    every = try_out(catalogue(), "undo-a-", "bubblewrap", str(tmp_path), resume=True)
    again = try_out(catalogue(), "undo-a-", "bubblewrap", str(tmp_path), resume=True)
    assert 0 < len(few) < len(every) == len(again)
    kept, now = ({one.name: one.log for one in results} for results in (few, every))
    assert kept.items() <= now.items()
    assert {now[name] for name in now if name not in kept}.isdisjoint(kept.values())
    assert {one.name: one.log for one in again} == now
    assert len([*tmp_path.glob("*.eval")]) == 2


def test_a_resumed_run_takes_nothing_from_another_provider_or_a_changed_behaviour(tmp_path: Path) -> None:
    logs, mine = tmp_path / "logs", tmp_path / "mine"
    mine.mkdir()
    text = (catalogue() / "undo-a-chmod.yaml").read_text()
    (mine / "undo-a-chmod.yaml").write_text(text)
    first = try_out(mine, "", "bubblewrap", str(logs))
    assert [one.log for one in try_out(mine, "", "bubblewrap", str(logs), resume=True)] == [one.log for one in first]
    assert [one.log for one in try_out(mine, "", "offswitch", str(logs), resume=True)] != [one.log for one in first]
    (mine / "undo-a-chmod.yaml").write_text(text.replace("says: ", "says: again ", 1))
    assert [one.log for one in try_out(mine, "", "bubblewrap", str(logs), resume=True)] != [one.log for one in first]
