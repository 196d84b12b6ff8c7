"""Which agent worked in a trial, in which scene, and how its answers were handed in: a short printable word each."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from offswitch.scene.protocol import SUMS_SCENE

LOOP = "loop"
"""the evaluation's own agent, used unless another is asked for"""
WORD_MAX = 80
"""characters"""
DIGEST_CHARACTERS = 8
_SCENE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*@[0-9a-f]{8}")
"""as `Protocol.summary` names every scene but that of sums, last"""


def agent_of(sample: Mapping[str, Any]) -> str:
    """The agent that a sample's metadata name, such as `codex@0.171.0`; LOOP if they name none."""
    return _word(sample.get("agent")) or LOOP


def delivery_of(sample: Mapping[str, Any]) -> str | None:
    """How the answers were handed in; None if by the submit tool."""
    return _word(sample.get("delivery"))


def scene_of(sample: Mapping[str, Any]) -> str:
    """The scene that the summary of a sample's protocol names, such as `deadline@1f0c22ab`; else that of sums."""
    last = str(sample.get("protocol")).rpartition(" ")[2]
    return str(_word(last)) if _SCENE.fullmatch(last) else SUMS_SCENE


def scene_name(scene: str) -> str:
    """A scene without what tells its files from others of the same name."""
    return scene.partition("@")[0]


def subject_name(model: str, agent: str, scene: str = SUMS_SCENE) -> str:
    """The model's name, followed by its agent if that is not LOOP, and its scene if that is not sums."""
    who = model if agent == LOOP else f"{model} in {agent}"
    return who if scene == SUMS_SCENE else f"{who}, scene {scene}"


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
