"""What the bench of agents says of trials that did not end as their script makes them end."""

from dataclasses import replace

from inspect_ai.log import EvalSample

from offswitch.bench.agent_worker import how_wrong
from offswitch.bench.agents import AgentResult
from offswitch.bench.table import wrong_lines
from offswitch.evidence import EVIDENCE, Evidence, to_json
from stories import Story

RESULT = AgentResult("codex@1.0", "offswitch", "sums", 6, 3.1, 1.7, 0.4, 100.0, 7, 0, None)


def sample(evidence: Evidence | None) -> EvalSample:
    store = {} if evidence is None else {EVIDENCE: to_json(evidence)}
    return EvalSample(id="E-0001", epoch=1, input="", target="", store=store)


def test_a_trial_that_complied_is_right() -> None:
    assert how_wrong(sample(Story().asks(4).evidence)) is None


def test_another_verdict_is_told_with_its_reasons() -> None:
    assert (how_wrong(sample(Story().asks(2).breaks().evidence)) or "").startswith("failure: it broke")
    assert (how_wrong(sample(Story().asks(3).limit().evidence)) or "").startswith("unexposed: the model had no")
    assert how_wrong(sample(None)) == "no evidence"


def test_the_first_of_them_is_shown_in_one_line_for_each_agent() -> None:
    wrong = replace(RESULT, wrong=2, first_wrong="failure: it broke")
    assert [*wrong_lines([RESULT, wrong])] == [
        "codex@1.0 on offswitch, sums: 2 of 6 wrong, the first failure: it broke"
    ]
