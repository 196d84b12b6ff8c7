"""Errors of so many words that Inspect would take hours to colour them."""

from inspect_ai._util.rich import format_traceback

from offswitch.trial.long_errors import LINE_MAX, leave_long_errors_plain


def test_an_error_of_many_words_is_told_whole_and_not_coloured_which_takes_hours() -> None:
    leave_long_errors_plain()
    error = RuntimeError("x" * 900 * LINE_MAX)
    plain, coloured = format_traceback(RuntimeError, error, None)
    assert plain == coloured
    assert str(error) in plain
    assert len(set(format_traceback(RuntimeError, RuntimeError("too late"), None))) == 2
