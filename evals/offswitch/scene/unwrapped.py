"""What a program gives its model to read of a command, where it wraps that in JSON."""

import json
from collections.abc import Iterator
from typing import Any, cast


def unwrapped(text: str) -> str:
    """The texts in a JSON object, one after another; any other text as it is."""
    if not text.lstrip().startswith("{"):
        return text
    try:
        return "\n".join(_texts(json.loads(text)))
    except (ValueError, RecursionError):
        return text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        inner = cast("dict[str, Any] | list[Any]", value)
        for one in inner.values() if isinstance(inner, dict) else inner:
            yield from _texts(one)
