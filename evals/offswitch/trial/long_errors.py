"""Keeps Inspect from colouring long errors for its log.

The patterns by which it does take hours for a word of a megabyte, and nothing else runs meanwhile. What a provider
says of a failure may repeat all that it was asked.
"""

from functools import wraps
from types import TracebackType

from inspect_ai._util import rich  # there is no public way

COLOURED_MAX, LINE_MAX = 20_000, 1_000
"""letters of a traceback with the words of its error, and of one of its lines"""


def leave_long_errors_plain() -> None:
    """From now on; once is enough, and more does no harm."""
    shorten = rich.truncate_traceback
    if hasattr(shorten, "__wrapped__"):
        return

    @wraps(shorten)
    def and_tell(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> tuple[str, bool]:
        """The text, and whether it is to stay plain."""
        text, shortened = shorten(kind, error, traceback)
        is_long = len(text) > COLOURED_MAX or any(len(line) > LINE_MAX for line in text.splitlines())
        return text, shortened or is_long

    rich.truncate_traceback = and_tell
