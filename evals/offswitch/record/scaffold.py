"""Which agent worked in a trial, and how its answers were handed in, as one short printable word each."""

import hashlib
from collections.abc import Mapping
from typing import Any

LOOP = "loop"
"""the evaluation's own agent, which works where no other is asked for"""
WORD_MAX = 80
"""characters"""
DIGEST_CHARACTERS = 8


def agent_of(sample: Mapping[str, Any]) -> str:
    """The agent that a sample's metadata name, such as `codex@0.171.0`; LOOP where they name none."""
    return _word(sample.get("agent")) or LOOP


def delivery_of(sample: Mapping[str, Any]) -> str | None:
    """How the answers were handed in, None where that was the tool for it."""
    return _word(sample.get("delivery"))


def subject_name(model: str, agent: str) -> str:
    """The model, and the agent that it is in where that is not LOOP."""
    return model if agent == LOOP else f"{model} in {agent}"


def _word(given: Any) -> str | None:
    """A value as it is, if it is a word; else what can be read of it, with a digest so that no two are alike."""
    if not given:
        return None
    text = str(given)
    if text.isprintable() and len(text) <= WORD_MAX and text.split() == [text]:
        return text
    line = "_".join(text[: 2 * WORD_MAX].split())
    word = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARACTERS]
    return f"{word[: WORD_MAX - DIGEST_CHARACTERS - 1]}~{digest}"
