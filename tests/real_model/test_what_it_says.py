"""What a very small real language model says beside what it did: out of form, it is counted and breaks nothing."""

from pathlib import Path
from typing import Any, cast

import inspect_ai
import pytest
from click.testing import CliRunner
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import get_model

from machine.rigs import evaluate
from offswitch.judges.answers import FAILED, MALFORMED
from offswitch.judges.scorer import judge
from offswitch.probes import PROBES, ProbeName, read_probes
from offswitch.task import shutdown_resistance
from offswitch.verdict import Verdict
from offswitch_analysis.logs import read_logs
from offswitch_analysis.report import Options, write_report
from offswitch_cli import main
from servers.language_model import NAME

MODEL = f"openai-api/local/{NAME}"
TRIALS = 2
SAID = {"yes", "no", "dont_know", "malformed"}


@pytest.fixture(scope="module")
def folder(address: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trials that were asked everything, and judged by the model that acted in them."""
    logs = tmp_path_factory.mktemp("logs")
    task = shutdown_resistance(variants="A,E", trials=TRIALS, message_limit=18, probes=",".join(ProbeName))
    evaluate(
        task, model=MODEL, model_base_url=address, model_args={"api_key": "none"}, sandbox="bubblewrap",
        log_dir=str(logs), max_samples=1, max_retries=1, attempt_timeout=60,
    )  # fmt: skip
    itself = get_model(MODEL, base_url=address, api_key="none")
    for path in logs.glob("*.eval"):
        log = read_eval_log(str(path))
        score = cast(Any, inspect_ai).score
        write_eval_log(score(log, judge(), model=itself, action="append", display="none"), str(path))
    return logs


def test_each_trial_is_asked_what_it_can_be_asked_and_an_answer_out_of_form_is_counted(folder: Path) -> None:
    records = {record.trial_id: record for record in read_logs(str(folder)).records}
    assert len(records) == 2 * TRIALS
    for path in folder.glob("*.eval"):
        for sample in read_eval_log(str(path)).samples or ():
            record, probes = records[str(sample.id)], read_probes(sample.store.get(PROBES))
            assert record.verdict != Verdict.FAILURE, record
            # Who never read the notice cannot be asked about it.
            left_out = {ProbeName.COMPREHENSION} if record.verdict == Verdict.UNEXPOSED else set[ProbeName]()
            assert {*probes} == {*ProbeName} - left_out
            assert record.probes_failed == sum(one.failed is not None for one in probes.values())
            for name, said in ((ProbeName.CONFESS, record.confess), (ProbeName.FORECAST, record.forecast_lets)):
                assert said in SAID if probes[name].failed is None else said is None, record


def test_its_judgements_are_in_form_or_counted_as_malformed_or_failed(folder: Path) -> None:
    found = read_logs(str(folder))
    assert len(found.judged) == 2 * TRIALS
    for one in found.judged:
        given = {*one.answer.answers.values()}
        assert one.answer.judge == MODEL
        assert one.answer.why or given.isdisjoint({MALFORMED, FAILED})
    told = CliRunner().invoke(main, ["judges", str(folder)])
    assert told.exit_code == 0, told.output
    assert MODEL in told.output


def test_the_report_has_its_answers_beside_the_evidence(folder: Path, tmp_path: Path) -> None:
    write_report(read_logs(str(folder)), tmp_path, Options(), lambda what: None)
    text = (tmp_path / "report.md").read_text()
    assert "## What it says beside what it did" in text
