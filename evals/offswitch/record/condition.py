"""The condition of a trial: one line with everything that trials must share to be pooled."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from offswitch.errors import InputError
from offswitch.probes import PROBES, asked_before
from offswitch.record.scaffold import LOOP, agent_of, delivery_of

SECRET = re.compile(r"api_key|aws_|.*(token|secret|password|credential)", re.I)
SECRET_HEADER = re.compile(r".*(auth|key|token|secret|cookie|credential|password)", re.I)
CONNECTION = re.compile(r"(.*_)?(base_url|endpoint|timeout|max_retries|max_connections)$|(organization|project)$", re.I)
"""arguments of a model that say where, how and on whose account it is asked; they do not change its answers"""
NO_SETTINGS = (
    "max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections", "adaptive_connections",
    "batch", "cache", "cache_prompt", "fail_on_refusal", "logprobs", "top_logprobs", "prompt_logprobs",
)  # fmt: skip
"""settings that change how a model is asked, or what comes beside its answer, but not the answer"""
LIMITS = ("time_limit", "working_limit", "token_limit", "token_limit_type", "turn_limit", "cost_limit")
"""Inspect's limits; the message limit is left out because it is a parameter of the protocol"""
INTERVENTIONS = ("approval", "review", "sentinel")
"""Inspect's features that may come between a model's call and its result"""
TRAINED_ON = "trained_on"
"""in a sample's metadata and in a condition: what the model was trained on, as its user declares"""
DIGEST_MIN = 12
"""hex digits of a digest that stand in a condition"""
_DECLARED = re.compile(r"(?:[^@\s,+]+@)?([0-9a-f]{12,64})")
SCAFFOLD = ("agent=", "delivery=")
"""how the words begin that any agent but the loop adds"""
OF_NO_SCENE = re.compile(r"[cgu][0-9.e+-]+|v")
"""words of a protocol's summary that no scene sets: limits of commands, grace, nudges, and when a trial is over"""


def condition_line(
    version: int | str, sample: Mapping[str, Any], settings: Mapping[str, Any], model_args: Mapping[str, Any]
) -> str:
    """The condition of a trial: task version, prompt, protocol, settings, a digest of the model's arguments.

    Args:
        version: of the task.
        sample: the metadata of a trial's sample.
        settings: of generation, and what `eval_settings` gives.
        model_args: of the model's provider.

    """
    telling = _telling(version, settings)
    told = " ".join(f"{name}={_one_word(telling[name])}" for name in sorted(telling))
    # As a digest, and without what Inspect leaves out of its logs, because an argument may be a secret.
    args = {name: value for name, value in model_args.items() if not SECRET.match(name) and not CONNECTION.match(name)}
    # Only if it is not the default, so that older trials keep the same condition as newer ones.
    words = [f"wordings={sample['wordings']}"] if sample.get("wordings", "first") != "first" else []
    # In addition to the prompt: variants of different packs are not compared, even if a prompt is the same.
    words += [f"pack={sample['pack']}@{str(sample.get('pack_digest'))[:12]}"] if "pack" in sample else []
    words += _scaffold(sample)
    words += [f"{TRAINED_ON}={sample[TRAINED_ON]}"] if TRAINED_ON in sample else []
    words += [f"{PROBES}={','.join(asked)}"] if (asked := asked_before(sample)) else []
    parts = [f"v{version}", str(sample.get("prompt_digest"))[:12], str(sample.get("protocol")), *words, told]
    return " ".join(filter(None, [*parts, f"args={_digest(args)}" if args else ""]))


def _scaffold(sample: Mapping[str, Any]) -> Iterator[str]:
    if (agent := agent_of(sample)) != LOOP:
        yield f"agent={agent}"
    if delivery := delivery_of(sample):
        yield f"delivery={delivery}"


def _telling(version: int | str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that may change an answer, without secrets."""
    told = {name: value for name, value in settings.items() if name not in NO_SETTINGS}
    if told.get("parallel_tool_calls") is False and str(version) not in ("1", "2"):
        del told["parallel_tool_calls"]  # the task itself sets it since version 3
    headers: Mapping[str, str] = told.pop("extra_headers", None) or {}
    others = {name: text for name, text in headers.items() if not SECRET_HEADER.match(name)}
    return {**told, **({"extra_headers": others} if others else {})}


def eval_settings(config: Mapping[str, Any], sample: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an evaluation's configuration that can change results: limits, approvers, reviewers, monitors.

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
    """A value as text, or its digest if that would be more than one word."""
    plain = str(value)
    return plain if not isinstance(value, dict | list | tuple) and plain.split() == [plain] else _digest(value)


def _digest(value: Any) -> str:
    # Keys become texts before they are sorted, because a command line gives texts where a log has numbers.
    told = json.loads(json.dumps(value, default=str))
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def condition_digest(prompt_digest: str, changes: Mapping[str, Any], notices: Iterable[str]) -> str:
    """sha256, in hex, of a prompt's digest, of what levels change in a trial, and of its notices.

    So cells that differ in such levels are compared like cells that differ in their prompts.
    """
    return hashlib.sha256(json.dumps([prompt_digest, dict(changes), [*notices]]).encode()).hexdigest()


def words_and_protocol(condition: str) -> str:
    """A condition without generation settings, limits and arguments, which belong to a model."""
    kept = ("wordings=", "pack=", f"{PROBES}=", *SCAFFOLD, *(f"{name}=" for name in INTERVENTIONS), "message_limit=")
    return " ".join(word for word in condition.split(" ") if "=" not in word or word.startswith(kept))


def declared_digests(text: str) -> list[str]:
    """The digests of prompts and packs that a user declares, each as a condition has it; InputError for other words.

    text: separated by commas, a digest's first 12 digits or more, with a pack's name and @ before it or without.
    """
    found: list[str] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        if (declared := _DECLARED.fullmatch(word)) is None:
            raise InputError(f"{TRAINED_ON}: {word!a} is no digest; give the first {DIGEST_MIN} hex digits, or more")
        found.append(declared[1][:DIGEST_MIN])
    return sorted({*found})


def trained_on(condition: str) -> list[str]:
    """The digests of a condition's prompt and pack that its model declares to be trained on."""
    words = condition.split(" ")
    declared = {d for word in words if word.startswith(f"{TRAINED_ON}=") for d in word.partition("=")[2].split("+")}
    return [digest for digest in digests_in(condition) if digest in declared]


def digests_in(condition: str) -> list[str]:
    """The digests, as a condition has them, of its prompt and of its pack where it has one."""
    words = condition.split(" ")[1:]
    return [*words[:1], *(word.partition("@")[2] for word in words if word.startswith("pack="))]


def is_of_pack(condition: str) -> bool:
    """Whether a condition is of a prompt pack, whose letters name other variants than the project's own."""
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
    """A condition without its agent and delivery: cells that differ in nothing but these share it."""
    return " ".join(word for word in condition.split(" ") if not word.startswith(SCAFFOLD))


def has_drawn_wordings(condition: str) -> bool:
    """Whether its trials have wordings of their own, each drawn."""
    return " wordings=drawn" in condition


def across_wordings(condition: str) -> str:
    """A condition without its prompt and its wordings: cells of the same levels that differ in these alone share it."""
    return " ".join(word for word in setting(condition).split(" ") if not word.startswith("wordings="))
