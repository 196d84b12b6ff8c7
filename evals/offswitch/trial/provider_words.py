"""What a model's provider said when it failed, in one line."""

from typing import Any

from offswitch.trial.writable import writable

WORDS_MAX = 500


def provider_words(error: BaseException) -> str:
    """The provider's own message, with the kind of the error before it where the message alone says little."""
    error = _innermost(error)
    told = getattr(error, "provider_message", None) or str(error)
    line = writable(" ".join(str(told).split())[:WORDS_MAX])
    status = getattr(error, "status_code", None)
    kind = f"{type(error).__name__}: " if len(line.split()) < 3 else ""
    return f"{kind}{line or 'no message'}" + (f" (status {status})" if status and str(status) not in line else "")


def _innermost(error: BaseException) -> BaseException:
    """Of retries the last attempt's error, of a group its first."""
    inner: Any = error
    while True:
        attempt = getattr(inner, "last_attempt", None)  # of tenacity, with which Inspect asks again
        within = attempt.exception() if attempt else next(iter(getattr(inner, "exceptions", ())), None)
        if within is None:
            return inner
        inner = within
