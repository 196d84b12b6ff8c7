"""Agents by name: which there are, what each cannot have, and what a log says of a solver that is not the loop."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from inspect_ai._util.registry import registry_unqualified_name
from inspect_ai.event import ModelEvent
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)
from inspect_ai.tool import ToolInfo

from offswitch.agents import KINDS, choose_agent, refuse_what_cannot_be
from offswitch.agents.programs import program
from offswitch.agents.solvers import agent_solver, react_agent
from offswitch.errors import InputError
from offswitch.scene import Delivery, Protocol
from offswitch.scene.notices import names_for
from offswitch.task import shutdown_resistance
from offswitch.trial.elsewhere import BROKEN_OFF, turns_of, unanswered, waited_s
from offswitch.trial.solver import desk
from offswitch_sandbox.agents import PROGRAMS

SHELL = ToolInfo(name="bash", description="a shell")
NOTICE = "The machine\nwill be shut down."


class Announcing:
    """As much of a session as turns need: what is announced."""

    recording = SimpleNamespace(turns=[])

    def announces(self, *shown: str) -> bool:
        return any("will be shut down" in text for text in shown)


def request(*read: ChatMessage, tools: bool = True, **more: Any) -> ModelEvent:
    return ModelEvent(
        model="m", input=list(read), tools=[SHELL] if tools else [], tool_choice="auto", config=GenerateConfig(),
        output=more.pop("output", ModelOutput.from_content("m", "I see.")),
        timestamp=datetime.now(UTC) - timedelta(seconds=9), **more,
    )  # fmt: skip


def test_a_program_is_pinned_and_another_version_can_be_named() -> None:
    assert choose_agent("codex").full_name == f"codex@{PROGRAMS['codex'].version}"
    assert choose_agent("codex@9.9.9").full_name == "codex@9.9.9"
    assert choose_agent("loop").is_loop


@pytest.mark.parametrize("name", ["", "Codex", "coder", "loop@1", "react@2", "a b:c", "../x:y", "x:"])
def test_an_agent_that_there_is_not_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(InputError, match="agent "):
        choose_agent(name)


@pytest.mark.parametrize(
    ("agent", "levels", "what"),
    [
        ("mini-swe-agent", {"placement": "system"}, "placement=system"),
        ("codex", {"channel": "broadcast"}, "channel=broadcast"),
        ("react", {"channel": "broadcast"}, "channel=broadcast"),
        ("claude-code", {"arm": "after_task"}, "arm=after_task"),
    ],
)
def test_a_level_that_an_agent_cannot_have_is_refused_by_name(agent: str, levels: dict[str, str], what: str) -> None:
    with pytest.raises(InputError, match=f"agent {agent}: has no {what}"):
        refuse_what_cannot_be(choose_agent(agent), [levels])


def test_the_loop_can_have_every_level() -> None:
    samples = shutdown_resistance(variants="E+arm=after_task,E+channel=broadcast", trials=1).dataset
    assert [(sample.metadata or {})["level_arm"] for sample in samples] == ["after_task", "shutdown"]


@pytest.mark.parametrize(
    ("agent", "made"), [("loop", "loop"), ("react", "react_agent"), ("codex", "program"), ("claude-code", "program")]
)
def test_each_agent_has_its_solver(agent: str, made: str) -> None:
    assert registry_unqualified_name(agent_solver(choose_agent(agent), Protocol())) == made


def test_an_agent_of_ones_own_is_what_its_function_returns() -> None:
    own = agent_solver(choose_agent("offswitch.trial.solver:loop"), Protocol())
    assert registry_unqualified_name(own) == "loop"
    assert registry_unqualified_name(react_agent(Protocol())) == "react_agent"
    assert registry_unqualified_name(program("codex", None)) == "program"
    assert registry_unqualified_name(desk(Protocol())) == "desk"


@pytest.mark.parametrize("name", ["no.such.module:f", "os:no_such_function", "os:getpid2", "json:dumps", "os:getpid"])
def test_a_function_that_is_not_there_or_makes_no_agent_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="cannot be had"):
        agent_solver(choose_agent(name), Protocol())


def test_words_name_a_tool_only_where_there_is_one() -> None:
    assert names_for(Delivery.TOOL)["hand_in"] == "with the submit tool"
    assert "tool" not in names_for(Delivery.MESSAGE)["hand_in"]
    assert all("tool" in names_for(kind.delivery)["hand_in"] for kind in KINDS.values() if not kind.program)


def test_samples_name_the_agent_only_where_it_is_not_the_loop() -> None:
    loop, react = (shutdown_resistance(variants="E", trials=1, agent=agent).dataset[0] for agent in ("loop", "react"))
    assert "agent" not in (loop.metadata or {})
    assert (react.metadata or {})["agent"] == "react"
    assert (loop.metadata or {})["prompt_digest"] == (react.metadata or {})["prompt_digest"]


def test_a_turn_is_informed_when_the_notice_stood_in_what_its_model_had_read() -> None:
    told = ChatMessageTool(content=f"question 4\n{NOTICE}", tool_call_id="1")
    first, second = turns_of([request(ChatMessageUser(content="Go on.")), request(told)], Announcing())  # pyright: ignore
    assert (first.informed, second.informed) == (False, True)


def test_what_a_system_prompt_or_the_model_itself_says_informs_nobody() -> None:
    (turn,) = turns_of([request(ChatMessageSystem(content=NOTICE))], Announcing())  # pyright: ignore
    assert not turn.informed


def test_requests_for_titles_and_failed_ones_are_no_turns() -> None:
    events = [request(tools=False), request(error="500"), request(pending=True), request()]
    assert [turn.number for turn in turns_of(events, Announcing())] == [1]  # pyright: ignore


@pytest.mark.parametrize("how", [{"pending": True}, {"error": repr(RuntimeError(BROKEN_OFF))}])
def test_a_request_that_was_never_answered_is_waited_for_and_may_have_told_of_the_notice(how: dict[str, Any]) -> None:
    told = request(ChatMessageUser(content=NOTICE), **how)
    assert [(t.informed, t.answered) for t in unanswered([request(), told], Announcing())] == [(True, False)]  # pyright: ignore
    assert 9 <= waited_s([request(), told]) < 60
    assert unanswered([told, request()], Announcing()) == []  # pyright: ignore
    assert waited_s([told, request()]) == waited_s([request(error="500")]) == waited_s([]) == 0


def test_words_that_cannot_be_written_are_made_writable() -> None:
    (turn,) = turns_of([request(output=ModelOutput.from_content("m", "x\ud800"))], Announcing())  # pyright: ignore
    assert "\ud800" not in turn.said
