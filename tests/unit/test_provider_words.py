"""What is told of a provider that failed: its own words, in one line."""

import json
from typing import Any

import pytest

from offswitch.trial.provider_words import WORDS_MAX, means_context_full, provider_words


class StatusError(Exception):
    status_code = 503


class Attempt:
    def __init__(self, error: Exception) -> None:
        self.exception = lambda: error


class Retried(Exception):
    def __init__(self, error: Exception) -> None:
        super().__init__("RetryError[<Future at 0x1 state=finished>]")
        self.last_attempt = Attempt(error)


def unread(response: Any) -> Exception:
    """The error of whoever had this answer at hand and found it to be none."""
    try:
        return [response["choices"]["message"]][0]
    except (TypeError, KeyError) as error:
        return error


def unparsed(text: str) -> Exception:
    with pytest.raises(ValueError, match="Expecting") as caught:
        json.loads(text)
    return caught.value


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RuntimeError("the engine\nhas crashed"), "the engine has crashed"),
        (Retried(RuntimeError("the engine has crashed")), "the engine has crashed"),
        (ExceptionGroup("some", [RuntimeError("the engine has crashed")]), "the engine has crashed"),
        (StatusError("it is too late"), "it is too late (status 503)"),
        (RuntimeError("401 for url 'https://me:key@host/v1'"), "401 for url 'https://host/v1'"),
        (RuntimeError(), "RuntimeError: no message"),
        (RuntimeError("a\ud800 b c"), "a? b c"),
        (unread({"choices": None, "error": {"message": "no more"}}), "the provider's answer is an error: no more"),
        (unread({"choices": None, "error": "no more"}), "the provider's answer is an error: no more"),
        (unread({"choices": None, "error": {"code": 7}}), "the provider's answer is an error: {'code': 7}"),
        (
            unread({"choices": None}),
            "the provider's answer cannot be read: 'NoneType' object is not subscriptable; it begins "
            '{"choices": null}',
        ),
        (
            unparsed("Oh no"),
            'the provider\'s answer cannot be read: Expecting value: line 1 column 1 (char 0); it begins "Oh no"',
        ),
        (TypeError("it is not that"), "it is not that"),
    ],
)
def test_the_providers_own_words_are_told_in_one_line(error: Exception, told: str) -> None:
    assert provider_words(error) == told


def test_the_reason_behind_a_short_message_is_told_too() -> None:
    error = RuntimeError("Connection error.")
    error.__cause__ = OSError("no route to host")
    assert provider_words(error) == "RuntimeError: Connection error. (no route to host)"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("Out of order", " - Out of order"),
        ({"detail": [{"loc": ["body"], "msg": "field required", "input": "context window"}]}, " - field required"),
        ({"detail": "Not Found"}, " - Not Found"),
        ({"error": {"error": {"message": "no more"}}}, " - no more"),
        ([{"error": "no more"}], " - no more"),
        ({"input": "context window"}, ""),
        ([[[[[["no more"]]]]]], ""),
        ([], ""),
        ([1], ""),
        (None, ""),
    ],
)
def test_what_stands_in_an_errors_body_is_told_where_the_client_tells_its_status_alone(body: Any, told: str) -> None:
    error, cause = RuntimeError("Error code: 422"), StatusError("Error code: 422")
    cause.__dict__["body"] = body
    error.__cause__ = cause
    assert provider_words(error) == f"Error code: 422{told}"


def test_no_message_is_longer_than_a_log_line() -> None:
    assert len(provider_words(RuntimeError("x y z " * WORDS_MAX))) <= WORDS_MAX


@pytest.mark.parametrize(
    ("words", "full"),
    [
        ("This model's maximum context length is 8192 tokens.", True),
        ("the request exceeds the available context size, try increasing it", True),
        ("prompt is too long: 200001 tokens > 200000 maximum", True),
        ("This model's maximum prompt length is 131072 but the request contains 131073 tokens.", True),
        ("The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).", True),
        ("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100.", True),
        ("too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000", True),
        ("Please reduce the length of the messages or completion.", True),
        ("max_tokens is too large: 9999. This model supports at most 4096 completion tokens", False),
        ('the provider\'s answer cannot be read: no; it begins {"content": "my context window"}', False),
        ("Rate limit reached for tokens per minute", False),
        ("Tools are not supported by this model.", False),
    ],
)
def test_a_full_context_is_known_by_what_providers_call_it(words: str, full: bool) -> None:
    assert means_context_full(words) is full
