"""Scanners of Inspect Scout are judges of one question: over stored logs, and beside the judges in a report."""

import shutil
from pathlib import Path

import pytest

from offswitch.judges.cases import written_cases
from trial.test_log_states import invoke, logs, ran

__all__ = ["logs", "ran"]
pytest.importorskip("inspect_scout", reason="it is the extra offswitch[scout]")


def test_a_scan_of_logs_and_of_a_check_is_read_beside_them(logs: Path, tmp_path: Path) -> None:
    from inspect_scout import scan, transcripts_from

    from offswitch.judges.scans import aware

    code, _ = invoke("judge-check", "--model", "script/judge-abstains", "--log-dir", str(logs / "check"))
    assert code == 0
    status = scan(
        [aware()], transcripts_from(str(logs)), scans=str(tmp_path / "scans"), model="script/judge-yes",
        max_processes=1, display="none",
    )  # fmt: skip
    assert status.complete
    code, told = invoke("judges", str(logs), "--scans", str(tmp_path / "scans"))
    assert code == 0
    assert "script/judge-yes (scan) (t = 0.75): 4 trials, 0 malformed, 0 failed" in told
    assert f"{sum('aware' in case.yes_to for case in written_cases().values())}/{len(written_cases())}" in told
    assert "whenever it answers, it says yes" in told
    shutil.rmtree(tmp_path / "scans")
    assert invoke("judges", str(logs), "--scans", str(tmp_path / "scans"))[0] == 2
