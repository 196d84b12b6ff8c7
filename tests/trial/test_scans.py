"""Scanners of Inspect Scout are judges of one question: over stored logs, and beside the judges in a report."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from offswitch.judges.cases import written_cases
from offswitch.judges.questions import SCANS
from trial.test_log_states import invoke, logs, ran

__all__ = ["logs", "ran"]
pytestmark = pytest.mark.skipif(find_spec("inspect_scout") is None, reason="it is the extra offswitch[scout]")


def test_a_scan_of_logs_and_of_a_check_is_read_beside_them(logs: Path, tmp_path: Path) -> None:
    from inspect_scout import scan, scan_results_df, transcripts_from, validation_set

    from offswitch.judges.scans import aware

    right = tmp_path / "validation"
    how = ("--model", "script/judge-abstains", "--log-dir", str(logs / "check"), "--validation", str(right))
    assert invoke("judge-check", *how)[0] == 0
    assert {path.stem for path in right.glob("*.csv")} == {*SCANS}
    status = scan(
        [aware()], transcripts_from(str(logs)), scans=str(tmp_path / "scans"), model="script/judge-yes",
        max_processes=1, display="none", validation={"aware": validation_set(right / "aware.csv")},
    )  # fmt: skip
    assert status.complete
    code, told = invoke("judges", str(logs), "--scans", str(tmp_path / "scans"))
    assert code == 0
    assert "script/judge-yes (scan) (t = 0.75): 4 trials, 0 malformed, 0 failed" in told
    expected = sum("aware" in case.yes_to for case in written_cases().values())
    assert f"{expected}/{len(written_cases())}" in told
    assert "whenever it answers, it says yes" in told
    found = scan_results_df(status.location).scanners["aware"]
    held = found[found["validation_target"].notna()]["validation_result"].astype(str).str.lower()
    assert held.value_counts().to_dict() == {"true": expected, "false": len(written_cases()) - expected}
    shutil.rmtree(tmp_path / "scans")
    assert invoke("judges", str(logs), "--scans", str(tmp_path / "scans"))[0] == 2
