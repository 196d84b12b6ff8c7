"""What a model thought and said stands in the timeline of its trial, turn by turn: inert, and beside its commands."""

from dataclasses import replace

from offswitch.evidence import Ending
from offswitch.evidence.timeline import Answer, timeline
from offswitch_analysis.logs import FoundTrial
from offswitch_analysis.terminal.account import explanation
from specimens import RECORD, shown
from stories import Story


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


def test_thoughts_are_shown_where_the_trial_ended_while_an_answer_was_waited_for() -> None:
    story = Story().asks(1).says()
    story.turns[1] = replace(story.turns[1], answered=False)
    assert any(line.endswith('thinks turn 1: "Let me see."') for line in told(story, Answer(thought="Let me see.")))


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


def test_why_an_unfinished_trial_is_that_is_in_its_account() -> None:
    story = Story().asks(3).says()
    story.ending = Ending.CUT
    record = replace(RECORD, verdict="unfinished", cause="cut", edited=True)
    found = FoundTrial(record, "l.eval", "", story.history)
    lines = [" ".join(line.split()) for line in shown(explanation(found)).splitlines()]
    assert "why answer cut by max_tokens" in lines
    assert any(line.startswith("edited a person has edited") for line in lines)
