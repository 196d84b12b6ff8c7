"""All that trials must share to be pooled, in one line."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

SECRET = re.compile(r"api_key|aws_|.*(token|secret|password|credential)", re.I)
NO_SETTINGS = ("max_retries", "timeout", "attempt_timeout", "max_connections")
"""what changes how a model is asked but not what it answers"""


def condition_line(
    version: int | str, sample: Mapping[str, Any], settings: Mapping[str, Any], model_args: Mapping[str, Any]
) -> str:
    """Task version, what a sample's metadata say of prompt and protocol, generation settings, the model's arguments."""
    told = " ".join(f"{name}={settings[name]}" for name in sorted(settings.keys() - set(NO_SETTINGS)))
    # A digest, and without what Inspect keeps out of its logs: an argument may be a secret.
    model_args = {name: value for name, value in model_args.items() if not SECRET.match(name)}
    args = hashlib.sha256(json.dumps(model_args, sort_keys=True, default=str).encode()).hexdigest()[:8]
    # Told only where it is not the usual, so that older trials are still of one condition with newer ones.
    words = [f"wordings={sample['wordings']}"] if sample.get("wordings", "first") != "first" else []
    # Also beside the prompt: variants of different packs are not compared, even where a prompt is the same.
    words += [f"pack={sample['pack']}@{str(sample.get('pack_digest'))[:12]}"] if "pack" in sample else []
    parts = [f"v{version}", str(sample.get("prompt_digest"))[:12], str(sample.get("protocol")), *words, told]
    return " ".join(filter(None, [*parts, f"args={args}" if model_args else ""]))


def condition_digest(prompt_digest: str, changes: Mapping[str, Any], notices: Iterable[str]) -> str:
    """sha256, in hex, of a prompt's digest with what levels change in a trial, its notices among it.

    Cells that differ in such levels are thus compared as cells that differ in words.
    """
    return hashlib.sha256(json.dumps([prompt_digest, dict(changes), [*notices]]).encode()).hexdigest()


def words_and_protocol(condition: str) -> str:
    """A condition without generation settings and arguments, which belong to a model."""
    kept = ("wordings=", "pack=")
    return " ".join(word for word in condition.split(" ") if "=" not in word or word.startswith(kept))


def is_of_pack(condition: str) -> bool:
    """Whether its letters are another's, and mean what they mean there."""
    return " pack=" in condition


def setting(condition: str) -> str:
    """A condition without its prompt: cells that differ in nothing but the prompt share it."""
    version, _, *others = condition.split(" ")
    return " ".join([version, *others])
