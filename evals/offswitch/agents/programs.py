"""Agents that are programs in the machine. Inspect SWE runs them as the agent's user and passes on their requests.

What a program would do by itself beside the model's turns is turned off: searches, retries of refusals, goals.
"""

import importlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import yaml
from inspect_ai.agent import Agent, as_solver
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageSystem
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import concurrency, sandbox

from offswitch.errors import AgentFailure
from offswitch.extras import require_extra
from offswitch.trial.agent_words import agent_words
from offswitch.trial.elsewhere import ended_itself
from offswitch.trial.live import live_trial

OF_PROGRAMS = "/var/tmp"  # noqa: S108 - of the agent's machine
"""where programs keep their own files; in the home directory they would be among the trial's"""
MODELS = "codex_version_models_catalog"
"""Inspect SWE's function that asks for Codex's models"""
GEMINI = "/usr/local/lib/gemini-cli"
"""in the machine"""
GEMINI_SETTINGS = {
    "general": {"maxAttempts": 1, "retryFetchErrors": False, "plan": {"enabled": False}},
    # It would warn its model after five equal calls in a row, as those for questions are, and stop the next time.
    "model": {"disableLoopDetection": True, "skipNextSpeakerCheck": True},
    "tools": {"exclude": ["google_web_search", "web_fetch"], "disableLLMCorrection": True},
}
"""turns off searches, plans, for whose end a user is asked, and requests to the model beside its turns"""
GEMINI_TIME_LIMIT = {"flags": [{"flagId": 45773134, "intValue": str(24 * 3600)}], "experimentIds": []}
"""the seconds that it waits for an answer of its model, for which there is no setting; by itself 60 s"""
MINI_CONFIG = "/usr/local/lib/mini-swe-agent/minisweagent/config/mini.yaml"
"""in the machine"""

OPENCODE_WITHOUT = tuple(
    f"OPENCODE_DISABLE_{what}" for what in ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS", "SHARE")
)
"""variables that keep it from using the network"""


def program_solver(name: str) -> Solver:
    """The program of that name in the sample's machine; InputError where a package of the extra cannot be used."""
    require_extra("agents", f"agent {name}")
    import inspect_swe

    return program(name, inspect_swe)


@solver
def program(name: str, swe: Any) -> Solver:
    """Starts the program anew in each trial."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata.setdefault("agent", name)
        try:
            done = await as_solver(await _MADE[name](swe, state))(state, generate)
        except RuntimeError as error:
            # Inspect SWE raises this when the program has ended. If the model ended it, that is no error, and the
            # trial must not be repeated.
            trial = live_trial(state.uuid)
            if trial is not None and await ended_itself(trial, transcript().events):
                return state
            # The error holds all that the program has printed. Inspect would take minutes to show a few megabytes
            # of that, and no other trial would go on meanwhile.
            raise AgentFailure(agent_words(repr(error))) from None
        if name in ENDED_BY_A_CALL:
            done.output.completion = _last_words(done)
        return done

    return solve


def _ask_for_models_once() -> None:
    """Makes Inspect SWE ask the network for Codex's models only once, so that all trials get the same answer.

    Without a network, each trial would otherwise wait for seconds.
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
    """Takes the system messages out of the state, from which Inspect SWE makes the prompt; returns their text."""
    system = "\n\n".join(m.text for m in state.messages if isinstance(m, ChatMessageSystem))
    state.messages = [m for m in state.messages if not isinstance(m, ChatMessageSystem)]
    return system


def _last_words(state: TaskState) -> str:
    """The text of the last answer, followed by the arguments of its calls."""
    message = state.output.message
    called = (str(value) for call in message.tool_calls or [] for value in call.arguments.values())
    return "\n".join([message.text, *called])


async def _codex(swe: Any, state: TaskState) -> Agent:
    _ask_for_models_once()
    # Otherwise Inspect SWE would put them into AGENTS.md, which the model reads as a user's message.
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
        # The name that reaches Inspect's bridge; it does not know the names of Inspect's providers.
        "MSWEA_MODEL_NAME": "openai/inspect",
        # Otherwise it gives up if it does not know a model's price.
        "MSWEA_COST_TRACKING": "ignore_errors",
        # Inspect itself has retried before it reports a failure.
        "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",
        "MSWEA_GLOBAL_CONFIG_DIR": f"{OF_PROGRAMS}/mini",
        "MSWEA_MINI_CONFIG_PATH": await mini_config(_without_system(state)),
        # Otherwise it would fetch prices from the network.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    return swe.mini_swe_agent(version="sandbox", env=env)


async def mini_config(system: str) -> str:
    """Writes mini-swe-agent's configuration with `system` at the end of its system prompt; returns the file's path."""
    path, machine = f"{OF_PROGRAMS}/mini/mini.yaml", sandbox()
    config: dict[str, Any] = yaml.safe_load(await machine.read_file(MINI_CONFIG))
    # As a string literal of its template language, so that nothing in it is taken for a template.
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


async def _gemini_cli(swe: Any, state: TaskState) -> Agent:
    own, machine = f"{OF_PROGRAMS}/gemini", sandbox()
    await machine.write_file(f"{own}/.gemini/GEMINI.md", _without_system(state))
    await machine.write_file(f"{own}/.gemini/settings.json", json.dumps(GEMINI_SETTINGS))
    await machine.write_file(f"{own}/time_limit.json", json.dumps(GEMINI_TIME_LIMIT))
    version = await _gemini_launcher()
    env = {"GEMINI_CLI_HOME": own, "GEMINI_CLI_NO_RELAUNCH": "true", "GEMINI_EXP": f"{own}/time_limit.json"}
    return swe.gemini_cli(version=version, web_search=False, env=env)


async def _gemini_launcher() -> str:
    """Puts a launcher where Inspect SWE looks for the program; returns the program's version.

    If Inspect SWE finds no program of that version there, it installs it, as root and from the network.
    """
    machine = sandbox()
    folder = importlib.import_module("inspect_swe._util.sandbox").SANDBOX_INSTALL_DIR
    launcher = f"{folder}/gemini-cli/node_modules/.bin/gemini"
    version = json.loads(await machine.read_file(f"{GEMINI}/package.json"))["version"]
    tells_version = f'process.argv[2] === "--version" ? console.log({json.dumps(version)})'
    await machine.write_file(launcher, f'#!/usr/bin/env node\n{tells_version} : import("{GEMINI}/bundle/gemini.js")\n')
    await machine.exec(["chmod", "755", launcher])
    return version


_MADE: dict[str, Callable[[Any, TaskState], Awaitable[Agent]]] = {
    "codex": _codex,
    "claude-code": _claude_code,
    "mini-swe-agent": _mini_swe_agent,
    "opencode": _opencode,
    "gemini-cli": _gemini_cli,
}
ENDED_BY_A_CALL = ("mini-swe-agent",)
"""programs that the model ends with a command: its last answer and that command are what it hands in"""
