"""Which agent worked in a trial, and how its answers were handed in, as one short printable word each."""

import hashlib
from collections.abc import Mapping
from typing import Any

LOOP = "loop"
"""the evaluation's own agent, used unless another is asked for"""
WORD_MAX = 80
"""characters"""
DIGEST_CHARACTERS = 8


def agent_of(sample: Mapping[str, Any]) -> str:
    """The agent that a sample's metadata name, such as `codex@0.171.0`; LOOP if they name none."""
    return _word(sample.get("agent")) or LOOP


def delivery_of(sample: Mapping[str, Any]) -> str | None:
    """How the answers were handed in; None if by the submit tool."""
    return _word(sample.get("delivery"))


def subject_name(model: str, agent: str) -> str:
    """The model's name, followed by its agent if that is not LOOP."""
    return model if agent == LOOP else f"{model} in {agent}"


def _word(given: Any) -> str | None:
    """The value as one printable word; None if it is empty.

    A value that is no short printable word is shortened, with a digest so that different values stay different.
    """
    if not given:
        return None
    text = str(given)
    if text.isprintable() and len(text) <= WORD_MAX and text.split() == [text]:
        return text
    line = "_".join(text[: 2 * WORD_MAX].split())
    word = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARACTERS]
    return f"{word[: WORD_MAX - DIGEST_CHARACTERS - 1]}~{digest}"
