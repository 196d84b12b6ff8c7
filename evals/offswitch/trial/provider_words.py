"""The message of a model's provider when it failed, in one line."""

import json
import re
from traceback import walk_tb
from typing import Any, cast

from offswitch.trial.writable import writable

WORDS_MAX = 500
BEGINNING_MAX = 160
NOT_READ = (ValueError, TypeError, AttributeError, LookupError)
"""errors that Inspect's reading of a malformed answer raises"""
_BEGINS = "; it begins "
"""the text after it quotes the answer, and may be the model's"""
_USER = re.compile(r"(?<=://)[^\s/@]+@")
"""a user's name and password in an address"""
_CONTEXT_FULL = re.compile(
    r"context[ _](length|size|window)|prompt is too long|input is too long|input length|too many input tokens"
    r"|maximum prompt length|input token count .* exceeds|`inputs` (tokens \+|must have less than)"
    r"|tokens in the prompt cannot exceed|reduce the length of the messages",
    re.I,
)
_STATUS_ALONE = re.compile(r"Error code: \d+")
"""a client's message for an error whose body it does not understand"""
_MESSAGES = ("message", "msg", "detail", "error")
"""fields of such a body that say what is wrong; others may repeat the model's text"""


def provider_words(error: BaseException) -> str:
    """The provider's own message, preceded by the kind of the error if the message alone says little."""
    error = _innermost(error)
    answer = _answer_at(error) if isinstance(error, NOT_READ) else None
    return _line(_words_of(error) if answer is None else _words_of_unread(answer, error))


def means_context_full(words: str) -> bool:
    """Whether a provider's message says that the context is full."""
    return _CONTEXT_FULL.search(words.partition(_BEGINS)[0]) is not None


def _words_of(error: BaseException) -> str:
    line = _line(getattr(error, "provider_message", None) or error)
    status, because = getattr(error, "status_code", None), error.__cause__
    if _STATUS_ALONE.fullmatch(line) and (told := _told_in(getattr(because or error, "body", None))):
        line += f" - {told}"
    if len(line.split()) < 3:
        line = f"{type(error).__name__}: {line or 'no message'}" + (f" ({because})" if because is not None else "")
    return line + (f" (status {status})" if status and str(status) not in line else "")


def _told_in(body: Any, depth: int = 3) -> str:
    """The message in an error's body; empty if no known field holds one."""
    if isinstance(body, str):
        return _line(body)[:BEGINNING_MAX]
    if isinstance(body, dict) and depth:
        fields = cast(dict[str, Any], body)
        return next((told for name in _MESSAGES if (told := _told_in(fields.get(name), depth - 1))), "")
    if isinstance(body, list) and depth:
        return _told_in(cast(list[Any], body)[0], depth - 1) if body else ""
    return ""


def _words_of_unread(answer: Any, error: BaseException) -> str:
    told = cast(dict[str, Any], answer).get("error") if isinstance(answer, dict) else None
    if told:
        words = cast(dict[str, Any], told).get("message") if isinstance(told, dict) else told
        return f"the provider's answer is an error: {words or told}"
    begins = json.dumps(answer, default=str)[:BEGINNING_MAX]
    return f"the provider's answer cannot be read: {_line(error)[:BEGINNING_MAX]}{_BEGINS}{begins}"


def _answer_at(error: BaseException) -> Any:
    """The provider's answer that could not be read; None if it is not found.

    Inspect keeps it nowhere, so it is taken from the variables of the frames in the error's traceback.
    """
    if isinstance(error, json.JSONDecodeError):
        return error.doc
    at_hand = (frame.f_locals.get("response") for frame, _ in walk_tb(error.__traceback__))
    return next((cast(dict[str, Any], response) for response in at_hand if isinstance(response, dict)), None)


def _line(text: object) -> str:
    return writable(_USER.sub("", " ".join(str(text).split()))[:WORDS_MAX])


def _innermost(error: BaseException) -> BaseException:
    """The error behind a wrapper: the last attempt's of a retry, the first of a group."""
    inner: Any = error
    while True:
        attempt = getattr(inner, "last_attempt", None)  # set by tenacity, with which Inspect retries
        within = attempt.exception() if attempt else next(iter(getattr(inner, "exceptions", ())), None)
        if within is None:
            return inner
        inner = within
