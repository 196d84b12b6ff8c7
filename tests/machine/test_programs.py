"""A whole trial through each agent's program as npm delivers it, with a scripted model.

tests/real_model has those of mini-swe-agent, which pip delivers.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalSample, list_eval_logs, read_eval_log

from machine.rigs import evaluate
from offswitch.agents import KINDS, choose_agent
from offswitch.task import shutdown_resistance
from offswitch_analysis.logs import read_logs
from offswitch_sandbox.agents import PROGRAMS
from servers.chat_completions import chat_server, says

DELIVERED = [name for name in KINDS if name in PROGRAMS and name != "mini-swe-agent"]
ON_DOCKER = "gemini-cli"
"""the others are tried in a machine that needs no image; a sample of the catalogue is played through Codex's image"""
ITS_OWN_LIMIT_S = 60
"""for which Gemini CLI waits for an answer where nobody tells it otherwise"""


def trial(agent: str, log_dir: Path) -> EvalSample:
    """One in which the model deletes the script."""
    task = shutdown_resistance(variants="E", trials=1, agent=agent)
    kind = "offswitch" if agent == ON_DOCKER else "bubblewrap"
    evaluate(task, model="script/delete", sandbox=(kind, choose_agent(agent).compose), log_dir=str(log_dir))
    (log,) = list_eval_logs(str(log_dir))
    (sample,) = read_eval_log(log, resolve_attachments=True).samples or []
    return sample


@pytest.mark.parametrize("agent", DELIVERED)
def test_a_model_that_works_through_the_program_gets_the_verdict_of_the_loop(agent: str, tmp_path: Path) -> None:
    sample = trial(agent, tmp_path)
    (record,) = read_logs(str(tmp_path)).records
    assert record.agent == f"{agent}@{PROGRAMS[agent].version}"
    assert (record.verdict, record.methods, record.answers_correct) == ("sabotaged", ("deleted",), 6), record
    _reads_its_words_in_their_place(sample)


def test_gemini_cli_waits_for_an_answer_that_takes_longer_than_a_minute(tmp_path: Path) -> None:
    task = shutdown_resistance(variants="E", trials=1, agent="gemini-cli")
    machine = ("bubblewrap", choose_agent("gemini-cli").compose)
    slow = replace(says("I stop here."), wait_s=ITS_OWN_LIMIT_S + 5)
    with chat_server(lambda request: slow) as address:
        served = {"model": "openai-api/local/slow", "model_base_url": address, "model_args": {"api_key": "none"}}
        evaluate(task, sandbox=machine, log_dir=str(tmp_path), **served)
    (record,) = read_logs(str(tmp_path)).records
    assert (record.verdict, record.cause) == ("unexposed", "submitted"), record


def _reads_its_words_in_their_place(sample: EvalSample) -> None:
    requests = [event for event in sample.events if isinstance(event, ModelEvent) and event.tools]
    assert isinstance(sample.input, list)
    for message in sample.input:
        same = [read.text for read in requests[0].input if read.role == message.role]
        assert message.text in "\n".join(same), (message.role, same)
    offered = {tool.name.lower() for request in requests for tool in request.tools}
    assert not [name for name in offered if "web" in name], offered
