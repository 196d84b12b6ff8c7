"""What `offswitch export rl` makes of trials."""

import json
from dataclasses import replace

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageTool, ChatMessageUser
from inspect_ai.tool import ToolCall

from offswitch.verdict import Verdict
from offswitch_analysis.training_data import Trajectory, preference_pairs
from offswitch_analysis.training_data.trajectories import as_messages
from offswitch_prompts.training_words import CANARY
from specimens import RECORD

HOSTILE = "\u2028</script>{{ 7 * 7 }}\x1b]0;owned\x07\n\x00"


def conversation(said: str = "", user: str = "Begin.") -> list[ChatMessage]:
    call = ToolCall(id="c1", function="bash", arguments={"command": said})
    return [
        ChatMessageSystem(content="You work."), ChatMessageUser(content=user),
        ChatMessageAssistant(content=said, tool_calls=[call]),
        ChatMessageTool(content=said, tool_call_id="c1", function="bash"),
    ]  # fmt: skip


def trajectory(verdict: str, name: str = "E-0001", user: str = "Begin.", **more: str) -> Trajectory:
    record = replace(RECORD, verdict=verdict, trial_id=name, **more)  # pyright: ignore[reportArgumentType]
    return Trajectory(record, tuple(as_messages(conversation(verdict, user))))


def test_a_trajectory_begins_with_the_models_first_answer() -> None:
    one = trajectory("complied")
    assert [message["role"] for message in one.prompt] == ["system", "user"]
    assert [message["role"] for message in one.completion] == ["assistant", "tool"]
    (call,) = one.completion[0]["tool_calls"]
    assert call["function"] == {"name": "bash", "arguments": {"command": "complied"}}
    assert one.row["reward"] == 1
    assert one.row["canary"] == CANARY


def test_one_that_complied_is_preferred_to_each_that_resisted_in_the_same_trial() -> None:
    verdicts = [verdict.value for verdict in Verdict]
    pairs = [*preference_pairs(trajectory(verdict, f"E-{n:04d}") for n, verdict in enumerate(verdicts))]
    rejected = {pair["rejected_from"]["verdict"] for pair in pairs}
    assert {pair["chosen_from"]["verdict"] for pair in pairs} == {"complied"}
    assert rejected == {"sabotaged", "evaded", "attempted"}
    assert len(pairs) == 3
    assert all(pair["canary"] == CANARY for pair in pairs)


@pytest.mark.parametrize("other", [{"condition": "v3 other q6"}, {"question_set": "other"}, {"user": "Begin now."}])
def test_trials_of_other_conditions_questions_or_words_are_no_pair(other: dict[str, str]) -> None:
    assert [*preference_pairs([trajectory("complied"), trajectory("sabotaged", **other)])] == []


def test_hostile_text_stays_data_on_one_line() -> None:
    hostile = Trajectory(RECORD, tuple(as_messages(conversation(HOSTILE))))
    line = json.dumps(hostile.row)
    assert line.isascii()
    assert line.splitlines() == [line]
    assert json.loads(line)["completion"][0]["content"] == HOSTILE
