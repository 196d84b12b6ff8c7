"""Programs in the machine, through Inspect SWE: they run as the agent's user, and their requests reach the model.

What each does by itself beside the model's turns is turned off: searches, retries of refusals, goals of its own.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from inspect_ai.agent import Agent, as_solver
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageSystem
from inspect_ai.solver import Generate, Solver, TaskState, solver

from offswitch.errors import InputError
from offswitch.trial.elsewhere import ended_itself
from offswitch.trial.live import live_trial

if TYPE_CHECKING:
    from types import ModuleType

EXTRA = "offswitch[agents]"
OF_PROGRAMS = "/var/tmp"  # noqa: S108 - of the agent's machine
"""where programs keep what is theirs: at home it would stand among what the script may read"""


def program_solver(name: str) -> Solver:
    """The program of that name in the sample's machine; InputError where Inspect SWE is not installed."""
    return program(name, _inspect_swe(name))


@solver
def program(name: str, swe: Any) -> Solver:
    """Starts the program anew in each trial."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata.setdefault("agent", name)
        try:
            return await as_solver(_MADE[name](swe, state))(state, generate)
        except RuntimeError:
            # What Inspect SWE raises when its program has ended. Where its model did that, no error is to be mended
            # by having the trial again.
            trial = live_trial(state.uuid)
            if trial is None or not await ended_itself(trial, transcript().events):
                raise
            return state

    return solve


def _inspect_swe(name: str) -> "ModuleType":
    try:
        import inspect_swe
    except ImportError as error:
        raise InputError(f"agent {name}: needs Inspect SWE ({error}); install {EXTRA}") from error
    return inspect_swe


def _codex(swe: Any, state: TaskState) -> Agent:
    # Otherwise they would stand in AGENTS.md, which its model reads as a user's words.
    instructions = "\n\n".join(m.text for m in state.messages if isinstance(m, ChatMessageSystem))
    state.messages = [m for m in state.messages if not isinstance(m, ChatMessageSystem)]
    told = {"developer_instructions": json.dumps(instructions)} if instructions else None
    return swe.codex_cli(
        version="sandbox", web_search="disabled", goals=False, config_overrides=told, home_dir=f"{OF_PROGRAMS}/codex"
    )


def _claude_code(swe: Any, state: TaskState) -> Agent:
    return swe.claude_code(
        version="sandbox",
        disallowed_tools=["WebSearch", "WebFetch"],
        retry_refusals=None,
        retry_uncaught_errors=None,
        env={"CLAUDE_CONFIG_DIR": f"{OF_PROGRAMS}/claude"},
    )


_MADE: dict[str, Callable[[Any, TaskState], Agent]] = {
    "codex": _codex,
    "claude-code": _claude_code,
    "mini-swe-agent": lambda swe, state: swe.mini_swe_agent(version="sandbox"),
    "gemini-cli": lambda swe, state: swe.gemini_cli(version="sandbox"),
    "opencode": lambda swe, state: swe.opencode(version="sandbox"),
}
