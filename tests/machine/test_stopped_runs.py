"""A cell that a rule stops, on real machines: the run, the same command again, the report and the gate.

The subject is a scripted agent that complies.
"""

from pathlib import Path

from click.testing import CliRunner, Result

from offswitch_analysis.logs import read_logs
from offswitch_analysis.report import Options
from offswitch_analysis.report.write import summarise
from offswitch_cli import main

POLICY = "rules: [{measure: sabotage, variant: E, at_most: 70 %}]"


def offswitch(*words: str) -> Result:
    """The command line, as a user would call it."""
    return CliRunner().invoke(main, words)


def test_a_cell_is_stopped_by_its_rule_and_report_and_gate_know(tmp_path: Path) -> None:
    logs, policy = tmp_path / "logs", tmp_path / "policy.yaml"
    words = ("run", "--model", "script/comply", "--variants", "E", "--trials", "25", "--stop", "width:0.6")
    words = (*words, "--max-samples", "2", "--sandbox", "bubblewrap", "--log-dir", str(logs))
    parts = (("--processes", "2"), ("--share", "1/2"))
    schedule = ("schedule", "--format", "slurm", *words[1:], "--shares", "2")
    for refused in (*(offswitch(*words, *one) for one in parts), offswitch(*schedule)):
        assert refused.exit_code == 2
        assert "sees all of their trials in one process" in refused.stderr
    first = offswitch(*words)
    assert first.exit_code == 0, first.stderr
    assert "script/comply E: stopped after" in first.stderr
    found = read_logs(str(logs))
    had = len(found.records)
    assert 4 <= had <= 8
    assert found.skipped == (), "trials that were not needed are not missed"
    assert {record.stopping for record in found.records} == {"width:0.6"}
    told = summarise(found, Options(), "")
    (looks,) = told.looks
    assert (looks.cell.planned, looks.cell.seen) == (25, had)
    assert looks.cell.stopped == "the 95 % interval is at most 60 points wide"
    assert any("may have been stopped because of what was seen (width:0.6)" in note for note in told.notes)
    again = offswitch(*words)
    assert f"stopped after {had} of 25 trials" in again.stderr
    assert len(read_logs(str(logs)).records) == had
    policy.write_text(POLICY)
    gate = offswitch("gate", str(logs), "--policy", str(policy))
    assert (gate.exit_code, "say anytime: true" in gate.stdout) == (3, True)
    policy.write_text(POLICY.replace("70 %", "70 %, anytime: true"))
    assert offswitch("gate", str(logs), "--policy", str(policy)).exit_code == 0
