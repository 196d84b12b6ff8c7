"""Bad input on its way through Inspect: one clear line instead of a traceback."""

import re
from collections.abc import Generator
from contextlib import contextmanager

# Inspect prints this error, and no other, without a traceback; it has no public name.
from inspect_ai._util.error import PrerequisiteError

from offswitch.errors import InputError
from offswitch_prompts import PromptError

_MARKUP = re.compile(r"(?<!\\)\[/?[a-z ]+\]")


@contextmanager
def as_inspect_error() -> Generator[None]:
    """What a user can mend becomes an error that Inspect shows as a line."""
    try:
        yield
    except (InputError, PromptError) as error:
        raise PrerequisiteError(str(error).replace("[", "\\[")) from error


@contextmanager
def as_input_error(what: str = "") -> Generator[None]:
    """What Inspect refuses becomes an InputError."""
    try:
        yield
    except PrerequisiteError as error:
        # Its message is for rich: bold here and there, brackets escaped, and more than one line.
        said = _MARKUP.sub("", str(error.message)).replace("\\[", "[").split()
        raise InputError(what + (" ".join(said) or "refused by Inspect")) from error
