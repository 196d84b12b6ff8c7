"""One tiny generation with a trial's tools before the first trial, to check key, server, model and tool calls."""

from typing import Any
from urllib.parse import urlsplit

import anyio
from inspect_ai.model import ChatMessageUser, GenerateConfig, Model, ModelOutput, ModelRefusalError
from inspect_ai.tool import ToolDef

from offswitch.subjects import is_scripted
from offswitch.trial.provider_words import provider_words
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
NO_CALL = "asked to call a tool, it made no call; does its server support tools, and parse their calls?"


def is_asked(model: str) -> bool:
    """Whether the check makes sense for a model of this name."""
    return not is_scripted(model) and model.split("/")[0] not in WITHOUT


def preflight(model: Model) -> str | None:
    """Why trials with this model cannot work, in one line, or None if they can; takes WAIT_S seconds at most.

    Args:
        model: Not the object used for the trials: its connections belong to an event loop that ends here.

    """
    return anyio.run(_preflight, model)


async def _preflight(model: Model) -> str | None:
    with anyio.move_on_after(WAIT_S):
        async with model:
            return await _asked(model)
    return f"no answer within {WAIT_S} s{_address(model)}"


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
