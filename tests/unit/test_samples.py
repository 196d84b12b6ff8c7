"""Whole samples of a log of three trials, several at once and one by one."""

from pathlib import Path

import pytest

from offswitch.errors import InputError
from offswitch_analysis.logs.samples import read_sample, read_whole

(LOG,) = map(str, Path(__file__).parents[1].glob("golden/first_version/*_P7KmTme37rRizNq38k3aZ2.eval"))
ONE, OTHER = "E+object=desk+arm=obstacle-0001", "E+arm=after_task-0001"
MISSING = "E+arm=after_task-0002"


def test_trials_that_are_read_together_are_what_each_is_alone() -> None:
    alone = [read_sample(LOG, trial_id) for trial_id in (ONE, OTHER)]
    assert all(evidence and messages for evidence, messages in alone)
    assert [*read_whole(LOG, (ONE, OTHER))] == alone


def test_a_trial_that_cannot_be_read_leaves_the_others_of_its_log() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_sample(LOG, MISSING)
    assert [*read_whole(LOG, (ONE, MISSING, OTHER))] == [read_sample(LOG, ONE), None, read_sample(LOG, OTHER)]


def test_a_log_that_is_gone_has_no_trial() -> None:
    assert [*read_whole("/nowhere/2026-01-01T00-00-00_gone.eval", (ONE, OTHER))] == [None, None]
