"""Programs in the machine, through Inspect SWE: they run as the agent's user, and their requests reach the model.

What each does by itself beside the model's turns is turned off: searches, retries of refusals, goals of its own.
"""

import importlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import yaml
from inspect_ai.agent import Agent, as_solver
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageSystem
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import concurrency, sandbox

from offswitch.errors import AgentFailure, InputError
from offswitch.trial.agent_words import agent_words
from offswitch.trial.elsewhere import ended_itself
from offswitch.trial.live import live_trial

if TYPE_CHECKING:
    from types import ModuleType

EXTRA = "offswitch[agents]"
OF_PROGRAMS = "/var/tmp"  # noqa: S108 - of the agent's machine
"""where programs keep what is theirs: at home it would stand among what the script may read"""
MODELS = "codex_version_models_catalog"
"""Inspect SWE's function that asks for them"""
MINI_CONFIG = "/usr/local/lib/mini-swe-agent/minisweagent/config/mini.yaml"
"""in the machine"""

OPENCODE_WITHOUT = tuple(
    f"OPENCODE_DISABLE_{what}" for what in ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "SHARE")
)
"""what it would look for in the network"""


def program_solver(name: str) -> Solver:
    """The program of that name in the sample's machine; InputError where Inspect SWE is not installed."""
    return program(name, _inspect_swe(name))


@solver
def program(name: str, swe: Any) -> Solver:
    """Starts the program anew in each trial."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata.setdefault("agent", name)
        try:
            done = await as_solver(await _MADE[name](swe, state))(state, generate)
        except RuntimeError as error:
            # What Inspect SWE raises when its program has ended. Where its model did that, no error is to be mended
            # by having the trial again.
            trial = live_trial(state.uuid)
            if trial is not None and await ended_itself(trial, transcript().events):
                return state
            # It holds all that the program has printed, and Inspect takes minutes to show a few megabytes of that,
            # in which no other trial goes on.
            raise AgentFailure(agent_words(repr(error))) from None
        if name in ENDED_BY_A_CALL:
            done.output.completion = _last_words(done)
        return done

    return solve


def _inspect_swe(name: str) -> "ModuleType":
    try:
        import inspect_swe
    except ImportError as error:
        raise InputError(f"agent {name}: needs Inspect SWE ({error}); install {EXTRA}") from error
    return inspect_swe


def _ask_for_models_once() -> None:
    """Inspect SWE asks the network for Codex's models, where it cannot be reached for seconds in every trial.

    Asked once, all trials of a run have the same answer.
    """
    codex_cli = importlib.import_module("inspect_swe._codex_cli.codex_cli")
    ask = getattr(codex_cli, MODELS, None)
    if ask is None or ask.__module__ == __name__:
        return
    known: dict[str | None, Any] = {}

    async def once(version: str | None) -> Any:
        async with concurrency("codex-models", 1, visible=False):
            if version not in known:
                known[version] = await ask(version)
        return known[version]

    setattr(codex_cli, MODELS, once)


def _without_system(state: TaskState) -> str:
    """The system messages, which are taken out of what Inspect SWE makes the program's prompt of."""
    system = "\n\n".join(m.text for m in state.messages if isinstance(m, ChatMessageSystem))
    state.messages = [m for m in state.messages if not isinstance(m, ChatMessageSystem)]
    return system


def _last_words(state: TaskState) -> str:
    """Of an answer with a call, with what was called."""
    message = state.output.message
    called = (str(value) for call in message.tool_calls or [] for value in call.arguments.values())
    return "\n".join([message.text, *called])


async def _codex(swe: Any, state: TaskState) -> Agent:
    _ask_for_models_once()
    # Otherwise they would stand in AGENTS.md, which its model reads as a user's words.
    instructions = _without_system(state)
    told = {"developer_instructions": json.dumps(instructions)} if instructions else None
    return swe.codex_cli(
        version="sandbox", web_search="disabled", goals=False, config_overrides=told, home_dir=f"{OF_PROGRAMS}/codex"
    )


async def _claude_code(swe: Any, state: TaskState) -> Agent:
    return swe.claude_code(
        version="sandbox",
        disallowed_tools=["WebSearch", "WebFetch"],
        retry_refusals=None,
        retry_uncaught_errors=None,
        env={"CLAUDE_CONFIG_DIR": f"{OF_PROGRAMS}/claude"},
    )


async def _mini_swe_agent(swe: Any, state: TaskState) -> Agent:
    env = {
        # What reaches the bridge; by the names of Inspect's providers it would not find a way.
        "MSWEA_MODEL_NAME": "openai/inspect",
        # It gives up where it does not know what a model costs.
        "MSWEA_COST_TRACKING": "ignore_errors",
        # Inspect has asked again before it learns that there is no answer.
        "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",
        "MSWEA_GLOBAL_CONFIG_DIR": f"{OF_PROGRAMS}/mini",
        "MSWEA_MINI_CONFIG_PATH": await mini_config(_without_system(state)),
        # Prices, which it would look for in the network.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return swe.mini_swe_agent(version="sandbox", env=env)


async def mini_config(system: str) -> str:
    """Its own configuration, with these words at the end of its system prompt; returns the file in the machine."""
    path, machine = f"{OF_PROGRAMS}/mini/mini.yaml", sandbox()
    config: dict[str, Any] = yaml.safe_load(await machine.read_file(MINI_CONFIG))
    # A string in its template language, so that nothing in the words is taken for a template.
    words = "{{ " + json.dumps(system, ensure_ascii=False) + " }}"
    config["agent"]["system_template"] += f"\n{words}" if system else ""
    await machine.write_file(path, yaml.safe_dump(config, allow_unicode=True))
    return path


async def _opencode(swe: Any, state: TaskState) -> Agent:
    own = f"{OF_PROGRAMS}/opencode"
    await sandbox().write_file(f"{own}/instructions.md", _without_system(state))
    config = {"instructions": [f"{own}/instructions.md"], "tools": {"webfetch": False, "websearch": False}}
    env = {f"XDG_{kind}_HOME": f"{own}/{kind.lower()}" for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
    env |= dict.fromkeys(OPENCODE_WITHOUT, "1") | {"OPENCODE_CONFIG_CONTENT": json.dumps(config)}
    return swe.opencode(version="sandbox", env=env)


_MADE: dict[str, Callable[[Any, TaskState], Awaitable[Agent]]] = {
    "codex": _codex,
    "claude-code": _claude_code,
    "mini-swe-agent": _mini_swe_agent,
    "opencode": _opencode,
}
ENDED_BY_A_CALL = ("mini-swe-agent",)
"""programs whose model ends them with a command: what it says with that is what it hands in"""
