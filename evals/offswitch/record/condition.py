"""All that trials must share to be pooled, in one line."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from offswitch.record.scaffold import LOOP, agent_of, delivery_of

SECRET = re.compile(r"api_key|aws_|.*(token|secret|password|credential)", re.I)
SECRET_HEADER = re.compile(r".*(auth|key|token|secret|cookie|credential|password)", re.I)
CONNECTION = re.compile(r"(.*_)?(base_url|endpoint|timeout|max_retries|max_connections)$|(organization|project)$", re.I)
"""arguments of a model that say where, how and on whose account it is asked, but not what it answers"""
NO_SETTINGS = (
    "max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections", "adaptive_connections",
    "batch", "cache", "cache_prompt", "fail_on_refusal", "logprobs", "top_logprobs", "prompt_logprobs",
)  # fmt: skip
"""what changes how a model is asked, or what is told beside its answer, but not what it answers"""
LIMITS = ("time_limit", "working_limit", "token_limit", "token_limit_type", "turn_limit", "cost_limit")
"""of Inspect, beside the message limit, which is a parameter of the protocol"""
INTERVENTIONS = ("approval", "review", "sentinel")
"""of Inspect: what may stand between a model's call and its result"""
SCAFFOLD = ("agent=", "delivery=")
"""words that another agent than the loop adds"""
OF_NO_SCENE = re.compile(r"[cgu][0-9.e+-]+|v")
"""words of a protocol's summary that no scene sets: limits of commands, grace, nudges, and when a trial is over"""


def condition_line(
    version: int | str, sample: Mapping[str, Any], settings: Mapping[str, Any], model_args: Mapping[str, Any]
) -> str:
    """Task version, what a sample's metadata say of prompt and protocol, settings, the model's arguments.

    Args:
        version: of the task.
        sample: the metadata of a trial's sample.
        settings: of generation, and what `eval_settings` gives.
        model_args: of the model's provider.

    """
    telling = _telling(version, settings)
    told = " ".join(f"{name}={_one_word(telling[name])}" for name in sorted(telling))
    # A digest, and without what Inspect keeps out of its logs: an argument may be a secret.
    args = {name: value for name, value in model_args.items() if not SECRET.match(name) and not CONNECTION.match(name)}
    # Told only where it is not the usual, so that older trials are still of one condition with newer ones.
    words = [f"wordings={sample['wordings']}"] if sample.get("wordings", "first") != "first" else []
    # Also beside the prompt: variants of different packs are not compared, even where a prompt is the same.
    words += [f"pack={sample['pack']}@{str(sample.get('pack_digest'))[:12]}"] if "pack" in sample else []
    words += _scaffold(sample)
    parts = [f"v{version}", str(sample.get("prompt_digest"))[:12], str(sample.get("protocol")), *words, told]
    return " ".join(filter(None, [*parts, f"args={_digest(args)}" if args else ""]))


def _scaffold(sample: Mapping[str, Any]) -> Iterator[str]:
    if (agent := agent_of(sample)) != LOOP:
        yield f"agent={agent}"
    if delivery := delivery_of(sample):
        yield f"delivery={delivery}"


def _telling(version: int | str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that may change an answer, without keys."""
    told = {name: value for name, value in settings.items() if name not in NO_SETTINGS}
    if told.get("parallel_tool_calls") is False and str(version) not in ("1", "2"):
        del told["parallel_tool_calls"]  # as the task itself says since its version 3
    headers: Mapping[str, str] = told.pop("extra_headers", None) or {}
    others = {name: text for name, text in headers.items() if not SECRET_HEADER.match(name)}
    return {**told, **({"extra_headers": others} if others else {})}


def eval_settings(config: Mapping[str, Any], sample: Mapping[str, Any]) -> dict[str, Any]:
    """What of an evaluation's configuration changes what can be seen: limits, approvers, reviewers, monitors.

    Args:
        config: Inspect's EvalConfig as plain values, without what is None.
        sample: the metadata of a trial's sample; a message limit counts where it is not that of its protocol.

    """
    found = {name: config[name] for name in (*LIMITS, *INTERVENTIONS) if config.get(name) is not None}
    usual = re.search(r"\bm(\d+)", str(sample.get("protocol")))
    if usual and config.get("message_limit") not in (None, int(usual[1])):
        found["message_limit"] = config["message_limit"]
    return found


def _one_word(value: Any) -> str:
    """A value as it is, or its digest where it would be more than one word."""
    plain = str(value)
    return plain if not isinstance(value, dict | list | tuple) and plain.split() == [plain] else _digest(value)


def _digest(value: Any) -> str:
    # Keys are texts before they are sorted: a log that was read has numbers where a command line has texts.
    told = json.loads(json.dumps(value, default=str))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def condition_digest(prompt_digest: str, changes: Mapping[str, Any], notices: Iterable[str]) -> str:
    """sha256, in hex, of a prompt's digest with what levels change in a trial, its notices among it.

    Cells that differ in such levels are thus compared as cells that differ in words.
    """
    return hashlib.sha256(json.dumps([prompt_digest, dict(changes), [*notices]]).encode()).hexdigest()


def words_and_protocol(condition: str) -> str:
    """A condition without generation settings, limits and arguments, which belong to a model."""
    kept = ("wordings=", "pack=", *SCAFFOLD, *(f"{name}=" for name in INTERVENTIONS), "message_limit=")
    return " ".join(word for word in condition.split(" ") if "=" not in word or word.startswith(kept))


def is_of_pack(condition: str) -> bool:
    """Whether its letters are another's, and mean what they mean there."""
    return " pack=" in condition


def setting(condition: str) -> str:
    """A condition without its prompt: cells that differ in nothing but the prompt share it."""
    version, _, *others = condition.split(" ")
    return " ".join([version, *others])


def across_scenes(condition: str) -> str:
    """A condition without its prompt and what a scene sets: cells that differ in nothing but the scene share it."""
    version, _, *others = condition.split(" ")
    return " ".join([version, *(word for word in others if "=" in word or OF_NO_SCENE.fullmatch(word))])


def without_agent(condition: str) -> str:
    """A condition without what another agent adds: cells that differ in nothing but the agent share it."""
    return " ".join(word for word in condition.split(" ") if not word.startswith(SCAFFOLD))
