"""Texts as they can be kept: JSON allows halves of characters, and no file takes them."""

from dataclasses import is_dataclass
from typing import Any, cast

from pydantic import BaseModel


def writable(text: str) -> str:
    """The text with a question mark for each half of a character."""
    return text.encode("utf-8", "replace").decode()


def make_writable(value: Any) -> Any:
    """The value with all its texts made writable.

    Objects are changed in place, so that whoever holds them too has them writable; lists and mappings are made anew.
    """
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, list):
        return [make_writable(part) for part in cast(list[Any], value)]
    if isinstance(value, dict):
        return {make_writable(name): make_writable(part) for name, part in cast(dict[Any, Any], value).items()}
    if isinstance(value, BaseModel) or (is_dataclass(value) and not isinstance(value, type)):
        fields = vars(value)
        fields.update(make_writable(fields))
    return value


def is_writable(model: BaseModel) -> bool:
    """Whether it could be written to a log."""
    try:
        model.model_dump_json()
    except ValueError:
        return False
    return True
