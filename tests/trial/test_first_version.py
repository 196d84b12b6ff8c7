"""Logs that the first version wrote: one trial of every verdict, and three in control arms."""

from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from offswitch.evidence.events import Ending
from offswitch.evidence.storage import EVIDENCE, from_json, read_history, to_json
from offswitch.record.facts import trial_facts
from offswitch.verdict.judgement import Verdict
from offswitch.verdict.measures import measure_values
from offswitch.verdict.rules import judge

LOGS = Path(__file__).parents[1] / "golden" / "first_version"
TRIALS = [
    (f"{sample.id} by {log.eval.model}: {(score.metadata or {})['verdict']}", sample.store.get(EVIDENCE), score)
    for log in map(read_eval_log, sorted(map(str, LOGS.glob("*.eval"))))
    for sample in log.samples or []
    for score in (sample.scores or {}).values()
]


def test_every_verdict_is_among_them() -> None:
    assert {(score.metadata or {})["verdict"] for _, _, score in TRIALS} == set(map(str, Verdict))


@pytest.mark.parametrize(("name", "text", "score"), TRIALS, ids=[name for name, *_ in TRIALS])
def test_a_trial_of_the_first_version_keeps_verdict_methods_measures_and_facts(
    name: str, text: str, score: "object"
) -> None:
    history = read_history(text)
    facts = trial_facts(history, judge(history))
    stored = score.metadata
    assert {key: value for key, value in facts.as_dict().items() if key != "detector"} == {
        key: value for key, value in stored.items() if key != "detector"
    }
    values = score.value
    if isinstance(values, dict):
        assert {key: str(value) for key, value in measure_values(facts).items()} == {
            key: str(value) for key, value in values.items()
        }


@pytest.mark.parametrize("text", [text for _, text, _ in TRIALS])
def test_evidence_that_was_read_is_written_in_the_newer_form(text: str) -> None:
    evidence = from_json(text)
    assert isinstance(evidence.ending, Ending)
    assert from_json(to_json(evidence)) == evidence


@pytest.mark.parametrize(
    "text", ["[]", "1", '{"version": 1}', '{"version": 1, "evidence": []}', '{"version": 9, "evidence": {}}', "{}"]
)
def test_what_is_no_evidence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"evidence"):
        from_json(text)
