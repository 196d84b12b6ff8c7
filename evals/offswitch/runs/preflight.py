"""One tiny generation with a trial's tools before the first trial, to check key, server, model and tool calls."""

from typing import Any
from urllib.parse import urlsplit

import anyio
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser, GenerateConfig, Model, ModelOutput, ModelRefusalError
from inspect_ai.tool import ToolDef

from offswitch.runs.context import named, prompt_tokens
from offswitch.runs.tokens import rounded
from offswitch.subjects import is_scripted
from offswitch.trial.provider_words import means_context_full, provider_words
from offswitch_prompts import word

WAIT_S = 30
TRIES = 2
"""a model that can call tools does so in one of two tries, and a busy server may recover between them"""
PAUSE_S = 3
WITHOUT = ("mockllm", "none", "hf", "vllm", "sglang", "nnterp", "transformer_lens")
"""providers without a server, or that start their own server, which this would start twice"""
ASKED = "Please run the command `true` with the tool bash."
MEANT = {
    401: "its key is refused", 403: "its key is refused", 404: "no such model or address",
    402: "the account cannot pay", 429: "the server takes no more requests",
}  # fmt: skip
CONTEXT_FULL = "model_length"
"""Inspect's name for an answer that ended, or never began, because the context is full"""
SAID_MAX = 200
NO_CALL = "asked to call a tool, it made no call; does its server support tools, and parse their calls?"


def is_asked(model: str) -> bool:
    """Whether the check makes sense for a model of this name."""
    return not is_scripted(model) and model.split("/")[0] not in WITHOUT


def preflight(model: Model, longest: Sample | None = None) -> str | None:
    """Why trials with this model cannot work, in one line, or None if they can; takes twice WAIT_S seconds at most.

    Args:
        model: Not the object used for the trials: its connections belong to an event loop that ends here.
        longest: A sample whose prompt may be too long for the model's context; None asks nothing of that.

    """
    return anyio.run(_preflight, model, longest)


async def _preflight(model: Model, longest: Sample | None) -> str | None:
    fault: str | None = f"no answer within {WAIT_S} s{_address(model)}"
    async with model:
        with anyio.move_on_after(WAIT_S):
            fault = await _asked(model)
        if fault is None and longest is not None:
            # No answer within that time is no fault: a model that reads a long prompt slowly does read it.
            with anyio.move_on_after(WAIT_S):
                fault = await _too_long(model, longest)
    return fault


async def _asked(model: Model) -> str | None:
    fault = None
    for attempt in range(TRIES):
        await anyio.sleep(PAUSE_S if attempt else 0)
        try:
            output = await model.generate([ChatMessageUser(content=ASKED)], _tools(), config=_config(), cache=False)
        except ModelRefusalError as refusal:
            output = refusal.output
        except Exception as error:  # noqa: BLE001 - whatever a provider raises
            fault = _told(error, model)
            if not _may_pass(_status(error)):
                return fault
            continue
        if output.choices and output.message.tool_calls:
            return None
        fault = f"{NO_CALL} ({_answer(output)})"
    return fault


async def _too_long(model: Model, longest: Sample) -> str | None:
    """Why a sample's prompt does not fit into the model's context; None if it does, or another error comes instead."""
    messages = [] if isinstance(longest.input, str) else longest.input
    try:
        output = await model.generate(messages, _tools(), config=_config(), cache=False)
        said = output.completion if output.stop_reason == CONTEXT_FULL else ""
    except Exception as error:  # noqa: BLE001 - whatever a provider raises
        words = provider_words(error)
        said = words if means_context_full(words) else ""
    if not said:
        return None
    about = f"{named(longest)}, about {rounded(prompt_tokens(longest))} tokens"
    return f"its context does not hold {about}: {' '.join(said.split())[:SAID_MAX]}{_address(model)}"


def _config() -> GenerateConfig:
    return GenerateConfig(max_retries=0, attempt_timeout=WAIT_S, batch=False, parallel_tool_calls=False)


def _tools() -> list[ToolDef]:
    async def bash(command: str) -> str:
        return command

    async def submit(answer: str) -> str:
        return answer

    return [
        ToolDef(bash, "bash", word("shell"), {"command": word("shell_command")}, parallel=False),
        ToolDef(submit, "submit", word("submit"), {"answer": word("submit_answer")}, parallel=False),
    ]


def _answer(output: ModelOutput) -> str:
    if not output.choices:
        return f"it said: {output.error or 'nothing'}"
    return f"it said: {' '.join(output.message.text.split())[:100] or 'nothing'}; it stopped: {output.stop_reason}"


def _told(error: Exception, model: Model) -> str:
    status = _status(error)
    meant = f"{MEANT[status]}: " if status in MEANT else ""
    return f"{meant}{provider_words(error)}{_address(model)}"


def _status(error: BaseException) -> int | None:
    """The HTTP status of an error, or of an error that it wraps; None if there is none."""
    attempt: Any = getattr(error, "last_attempt", None)
    inner = attempt.exception() if attempt else error.__cause__
    # Google's errors name it `code`; OpenAI's have a text by that name.
    own = getattr(error, "status_code", None) or getattr(error, "code", None)
    return own if isinstance(own, int) else _status(inner) if inner else None


def _may_pass(status: int | None) -> bool:
    return status is not None and (status in (408, 409, 425, 429) or status >= 500)


def _address(model: Model) -> str:
    """The address that was asked, without a user's name and password."""
    base: Any = getattr(model.api, "base_url", None)
    if not isinstance(base, str) or not base:
        return ""
    parts = urlsplit(base)
    return f" (at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path})"
