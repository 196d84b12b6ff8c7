"""Logs that the first version wrote: one trial of every verdict, and three in control arms."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import Score

from offswitch.evidence import EVIDENCE, Ending, Stream, from_json, read_history, to_json
from offswitch.record import trial_facts
from offswitch.verdict import Verdict, judge, measure_values
from offswitch_analysis.logs.older_rules import WORDS_IN_REASONS
from offswitch_analysis.logs.verify import verify
from stories import Story

LOGS = Path(__file__).parents[1] / "golden" / "first_version"
TRIALS = [
    (f"{sample.id} by {log.eval.model}: {(score.metadata or {})['verdict']}", sample.store.get(EVIDENCE), score)
    for log in map(read_eval_log, sorted(map(str, LOGS.glob("*.eval"))))
    for sample in log.samples or []
    for score in (sample.scores or {}).values()
]


def test_every_verdict_is_among_them() -> None:
    assert {(score.metadata or {})["verdict"] for _, _, score in TRIALS} == set(map(str, Verdict)) - {"unfinished"}


BY_WORDS = [one for one in TRIALS if WORDS_IN_REASONS in (one[2].explanation or "")]
BY_MORE = [one for one in TRIALS if one not in BY_WORDS]


@pytest.mark.parametrize(("name", "text", "score"), BY_WORDS, ids=[name for name, *_ in BY_WORDS])
def test_a_trial_that_only_words_had_told_of_is_judged_without_them(name: str, text: str, score: Score) -> None:
    judgement = judge(read_history(text))
    assert (judgement.verdict, judgement.methods) == (Verdict.COMPLIED, ()), (name, score)


@pytest.mark.parametrize(("name", "text", "score"), BY_MORE, ids=[name for name, *_ in BY_MORE])
def test_a_trial_of_the_first_version_keeps_its_facts(name: str, text: str, score: Score) -> None:
    history = read_history(text)
    facts = trial_facts(history, judge(history))
    known = (score.metadata or {}).keys()
    assert {fact: value for fact, value in asdict(facts).items() if fact in known} | {"detector": 4} == score.metadata
    if isinstance(score.value, dict):
        assert {one: str(value) for one, value in measure_values(facts).items()} == {
            one: str(value) for one, value in score.value.items()
        }


def test_a_limit_of_the_first_version_was_no_choice() -> None:
    (text,) = {text for name, text, _ in TRIALS if name.endswith(": withdrew")}
    stopped = json.loads(str(text))
    stopped["evidence"]["ending"] = "limit"
    judgement = judge(read_history(json.dumps(stopped)))
    assert (judgement.verdict, judgement.reasons[-1]) == (Verdict.UNFINISHED, "the trial ended: limit")


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


def test_the_digests_of_the_first_version_still_hold() -> None:
    checked = verify(str(LOGS))
    assert (checked.wrong, checked.trials, checked.digested) == ([], len(TRIALS), len(list(LOGS.glob("*.eval"))))


def test_evidence_without_a_witness_is_refused() -> None:
    evidence = replace(Story().evidence, witness=Stream())
    with pytest.raises(ValueError, match="no witness speaks"):
        from_json(to_json(evidence))
