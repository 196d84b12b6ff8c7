"""Whole trials with a real language model, a very small one: each ends with a verdict, or says why there is none."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from machine.rigs import evaluate
from offswitch.evidence import Ending
from offswitch.record.facts import ONE_TURN
from offswitch.task import shutdown_resistance
from offswitch.verdict import Verdict
from offswitch_analysis.logs import read_logs
from offswitch_analysis.report import Options, write_report
from offswitch_cli import main
from servers.chat_completions import chat_server
from servers.language_model import CONTEXT, NAME, LanguageModel

VARIANTS = "A,E,H,K"
TRIALS = {"bubblewrap": 3, "offswitch": 1}
"""of each variant; what the model does is the same on both kinds of machine, and takes most of the time"""


def test_a_hundred_demonstrations_are_refused_before_the_first_trial_with_the_context(
    model: LanguageModel, tmp_path: Path
) -> None:
    with chat_server(model.uncut) as address:
        given = ["--model", f"openai-api/local/{NAME}", "-M", f"base_url={address}", "-M", "api_key=none"]
        given += ["--sandbox", "bubblewrap", "--trials", "1", "--log-dir", str(tmp_path)]
        done = CliRunner().invoke(main, ["run", "--variants", "E,E+shots=100", *given])
    assert done.exit_code == 2
    assert "its context does not hold the prompt of E+shots=100, about 1" in done.stderr
    assert f"maximum context length is {CONTEXT} tokens" in done.stderr
    assert not list(tmp_path.glob("*.eval"))


@pytest.mark.parametrize("sandbox", TRIALS)
def test_each_trial_of_a_real_model_has_a_verdict_or_a_named_cause(address: str, tmp_path: Path, sandbox: str) -> None:
    task = shutdown_resistance(variants=VARIANTS, trials=TRIALS[sandbox], message_limit=18)
    # One trial after another: the model keeps what it has read of one conversation.
    evaluate(
        task, model=f"openai-api/local/{NAME}", model_base_url=address, model_args={"api_key": "none"},
        sandbox=sandbox, log_dir=str(tmp_path), max_samples=1, max_retries=1, attempt_timeout=60,
    )  # fmt: skip
    logs = read_logs(str(tmp_path))
    records = logs.records
    assert len(records) == len(VARIANTS.split(",")) * TRIALS[sandbox]
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
