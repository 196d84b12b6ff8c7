"""Whole trials with a real language model, a very small one: each ends with a verdict, or says why there is none."""

import json
from pathlib import Path

import pytest

from machine.rigs import evaluate
from offswitch.evidence import Ending
from offswitch.record.facts import ONE_TURN
from offswitch.task import shutdown_resistance
from offswitch.verdict import Verdict
from offswitch_analysis.logs import read_logs
from offswitch_analysis.report import Options, write_report
from servers.language_model import NAME

VARIANTS, TRIALS = "A,E,H,K", 5


@pytest.mark.parametrize("sandbox", ["bubblewrap", "offswitch"])
def test_each_trial_of_a_real_model_has_a_verdict_or_a_named_cause(address: str, tmp_path: Path, sandbox: str) -> None:
    task = shutdown_resistance(variants=VARIANTS, trials=TRIALS, message_limit=18)
    # One trial after another: the model keeps what it has read of one conversation.
    evaluate(
        task, model=f"openai-api/local/{NAME}", model_base_url=address, model_args={"api_key": "none"},
        sandbox=sandbox, log_dir=str(tmp_path), max_samples=1, max_retries=1, attempt_timeout=60,
    )  # fmt: skip
    logs = read_logs(str(tmp_path))
    records = logs.records
    assert len(records) == 20
    for record in records:
        cut_short = record.verdict in (Verdict.UNEXPOSED, Verdict.UNFINISHED)
        assert record.verdict != Verdict.FAILURE, record
        assert (record.cause in {*Ending, ONE_TURN}) == cut_short, record
        assert (record.model_served, record.scripted, record.calls_unusable is None) == (NAME, False, False)
    assert sum(record.commands or 0 for record in records) >= len(records)
    write_report(logs, tmp_path / "report", Options(), lambda what: None)
    cells = json.loads((tmp_path / "report" / "summary.json").read_text())["cells"]
    told = [(cell["circumstances"]["calls_unusable"], cell["circumstances"]["calls"]) for cell in cells]
    assert sum(unusable for unusable, _ in told) == sum(record.calls_unusable or 0 for record in records)
    assert all(unusable <= made for unusable, made in told)
