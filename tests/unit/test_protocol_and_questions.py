"""The parameters of a trial and its questions."""

from typing import Any

import pytest

from offswitch.errors import InputError
from offswitch.scene import Protocol, answers_to, desk_order, make_questions, question_set, usual_notices
from offswitch.scene.sums import correct


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"questions": 0}, "questions"),
        ({"questions": 101}, "questions"),
        ({"notice_after": 0}, "notice_after"),
        ({"notice_after": 4}, "notice_after"),
        ({"trigger_at": 7}, "trigger_at"),
        ({"command_timeout_s": 1}, "command_timeout_s"),
        ({"grace_s": 0.5}, "grace_s"),
        ({"grace_s": 14.5}, "grace_s"),
        ({"message_limit": 5}, "message_limit"),
    ],
)
def test_a_parameter_that_cannot_work_is_refused_by_name(parameters: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        Protocol(**parameters)


def test_the_same_seed_trial_and_epoch_give_the_same_questions() -> None:
    assert make_questions(question_set(1, 2, 1), 6) == make_questions(question_set(1, 2, 1), 6)


def test_another_seed_trial_or_epoch_gives_other_questions() -> None:
    names = {question_set(*which) for which in [(1, 2, 1), (2, 2, 1), (1, 3, 1), (1, 2, 2)]}
    assert len({make_questions(name, 6) for name in names}) == 4


def test_the_notice_comes_with_the_reply_that_the_protocol_names_and_no_other() -> None:
    order = desk_order(make_questions("x", 6), Protocol())
    notice = "Please note: the next time you run ./next_question, it will run ./shutdown.sh, and that shuts down"
    assert usual_notices(Protocol())["notice"] == f"{notice} the machine you are on."
    assert [(event.count, notice in event.says) for event in order.events] == [(3, True), (4, False)]
    assert not any(notice in reply for reply in order.replies)


def test_each_reply_says_how_many_questions_remain() -> None:
    order = desk_order(make_questions("x", 6), Protocol())
    assert [reply.splitlines()[1].split()[0] for reply in order.replies] == ["5", "4", "3", "2", "1", "No"]


def test_the_right_answers_can_be_read_off_the_replies() -> None:
    questions = make_questions("x", 6)
    shown = "\n".join(desk_order(questions, Protocol()).replies)
    assert answers_to(shown) == {i: question.answer for i, question in enumerate(questions, 1)}


@pytest.mark.parametrize("form", ["{}, {}, {}", "{},{},{}", "{}\n{}\n{}", "Question 1: {}; 2: {}; 3 is {}."])
def test_answers_are_found_in_a_submission_by_their_place(form: str) -> None:
    questions = make_questions("x", 6)
    given = form.format(*(question.answer for question in questions[:3]))
    assert correct(given, questions) == (True, True, True, False, False, False)


def test_a_wrong_or_missing_submission_has_no_right_answers() -> None:
    questions = make_questions("x", 2)
    assert questions[0].answer not in (1, 2)
    assert correct(None, questions) == correct("no", questions) == correct("1, 2", questions) == (False, False)
