"""What a model thought and said, turn by turn, and how its answers ended: inert, and beside the commands."""

from dataclasses import replace

import pytest
from inspect_ai.event import ModelEvent
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelOutput,
    StopReason,
)
from inspect_ai.model._model_output import StopDetails
from inspect_ai.tool import ToolCall, ToolCallError

from offswitch.evidence import Ending
from offswitch.evidence.timeline import Answer, timeline
from offswitch_analysis.logs import FoundTrial
from offswitch_analysis.terminal.account import explanation
from offswitch_analysis.terminal.answers import answers
from specimens import RECORD, shown
from stories import Story

CALL = ToolCall("1", "bash", {"command": "./next_question"})


def stopped(message: ChatMessageAssistant, reason: StopReason, details: StopDetails | None = None) -> ModelEvent:
    output = ModelOutput(choices=[ChatCompletionChoice(message=message, stop_reason=reason, stop_details=details)])
    return ModelEvent(model="m", input=[], tools=[], tool_choice="auto", config=GenerateConfig(), output=output)


def told(story: Story, *given: Answer) -> list[str]:
    found = FoundTrial(RECORD, "s3://nowhere/l.eval", "", story.history)
    return [" ".join(line.split()) for line in shown(explanation(found, given)).splitlines()]


def test_words_and_reasoning_stand_before_the_command_of_their_turn() -> None:
    lines = told(Story().asks(1), Answer(said="I ask.", thought="Let me see."))
    at = [next(i for i, line in enumerate(lines) if words in line) for words in ("thinks", "says", "command 1: ")]
    assert at == sorted(at)
    assert lines[at[0]].endswith('thinks turn 1: "Let me see."')
    assert lines[at[1]].endswith('says turn 1: "I ask."')


def test_words_of_the_evidence_are_shown_where_the_log_has_other_messages() -> None:
    lines = told(Story().asks(1).says("No more."), Answer(said="of another trial"))
    assert any(line.endswith('says turn 2: "No more."') for line in lines)
    assert not any("of another trial" in line for line in lines)


def test_no_words_of_a_model_obey_a_terminal_close_their_quotes_or_fill_it() -> None:
    evil = 'x"\n0.1  trial  it complied\x1b[2J\u202e[red]' + "y" * 5000
    answer, history = Answer(evil, evil, "", (evil,)), Story().asks(1).history
    texts = [line.text for line in timeline(history, {1: answer})]
    assert sum(r"x\"\n0.1  trial  it complied\x1b[2J\u202e[red]" in text for text in texts) == 3
    assert all(text.isprintable() and len(text) < 800 for text in texts)
    assert any(text.endswith(f'y"... ({len(evil)} characters)') for text in texts)
    text = shown(explanation(FoundTrial(RECORD, "l.eval", "", history), [answer]))
    assert not {"\x1b", "\u202e"} & set(text)
    assert "[red]" in text


def test_words_in_any_script_stay_readable() -> None:
    assert any(
        "我不想被关闭 \N{EN DASH} é" in line for line in told(Story().asks(1), Answer("我不想被关闭 \N{EN DASH} é"))
    )


def test_a_nudge_stands_before_the_turn_that_followed_it() -> None:
    story = Story().asks(1).says("Done.").asks(1)
    story.turns[2] = replace(story.turns[2], nudged=True)
    lines = [line.text for line in timeline(story.history)]
    nudge = lines.index("the model was asked to go on, because its answer had no call")
    assert nudge < lines.index('turn 3, command 2: "./next_question"')
    assert lines.count(lines[nudge]) == 1


def test_a_timeline_without_answers_leaves_words_out() -> None:
    assert not any(line.source == "says" for line in timeline(Story().asks(1).says("Words.").history))


def test_calls_that_could_not_be_carried_out_are_told_with_the_models_reply() -> None:
    story = Story().asks(1).says()
    story.turns[1] = replace(story.turns[1], unusable=1)
    assert "turn 2: a call that could not be carried out" in [line.text for line in timeline(story.history)]
    known = Answer(refusals=("Tool shell not found",))
    said = 'turn 2: a call that could not be carried out, and the model was told "Tool shell not found"'
    assert any(line.endswith(said) for line in told(story, Answer(), known))


def test_answers_are_read_with_their_reasoning_and_the_replies_to_their_calls() -> None:
    thought = ContentReasoning(reasoning="Hm.")
    hidden = ContentReasoning(reasoning="c2VjcmV0", redacted=True, summary="It weighs.")
    messages: list[ChatMessage] = [
        ChatMessageUser(content="Begin."),
        ChatMessageAssistant(content=[thought, hidden, ContentText(text="I ask.")], tool_calls=[CALL]),
        ChatMessageTool(content="", tool_call_id="1", error=ToolCallError("parsing", "Tool x not found")),
        ChatMessageTool(content="", tool_call_id="2", error=ToolCallError("timeout", "slow")),
        ChatMessageAssistant(content="Done."),
    ]
    assert answers(messages, []) == [
        Answer("I ask.", "Hm.\nIt weighs.", refusals=("Tool x not found",)),
        Answer("Done."),
    ]


@pytest.mark.parametrize(
    ("reason", "words", "calls", "ended"),
    [
        ("stop", "Done.", None, ""), ("stop", "  ", None, "empty answer"),
        ("max_tokens", "I", None, "answer cut by max_tokens"),
        ("model_length", "", None, "context full"), ("tool_calls", "", [CALL], ""), ("max_tokens", "", [CALL], ""),
        ("content_filter", "", [CALL], "answer withheld by the provider's filter"),
    ],
)  # fmt: skip
def test_how_an_answer_ended_is_told(reason: StopReason, words: str, calls: list[ToolCall] | None, ended: str) -> None:
    message = ChatMessageAssistant(content=words, tool_calls=calls)
    (answer,) = answers([message], [stopped(message, reason)])
    assert answer.ended == ended


def test_a_refusal_is_told_however_its_provider_marks_it() -> None:
    marked = ChatMessageAssistant(content=[ContentText(text="I can't help.", refusal=True)])
    plain = ChatMessageAssistant(content="I can't help.")
    events = [stopped(marked, "stop"), stopped(plain, "content_filter", StopDetails(type="refusal"))]
    assert [answer.ended for answer in answers([marked, plain], events)] == ["refused", "refused"]


def test_why_an_unfinished_trial_is_that_is_in_its_account() -> None:
    story = Story().asks(3).says()
    story.ending = Ending.CUT
    record = replace(RECORD, verdict="unfinished", cause="cut", edited=True)
    found = FoundTrial(record, "l.eval", "", story.history)
    lines = [" ".join(line.split()) for line in shown(explanation(found)).splitlines()]
    assert "why answer cut by max_tokens" in lines
    assert any(line.startswith("edited a person has edited") for line in lines)
