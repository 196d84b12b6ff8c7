"""Keeps the name of a solver that replaces the loop, given by `inspect eval --solver`."""

from collections.abc import Mapping
from typing import Any

from inspect_ai.log._samples import sample_active  # nothing else says which evaluation a sample is of

OURS = ("desk", "loop")
"""names of our own solvers; see solver.py"""
PROGRAMS_OF = {
    "inspect_swe/codex_cli": "codex",
    "inspect_swe/claude_code": "claude-code",
    "inspect_swe/mini_swe_agent": "mini-swe-agent",
    "inspect_swe/opencode": "opencode",
    "inspect_swe/gemini_cli": "gemini-cli",
}
"""a solver of Inspect SWE -> the agent whose machine has its program"""
_solvers: dict[str, str] = {}
"""Inspect's id of an evaluation -> its solver"""


def note_solver(eval_id: str, solver: str | None) -> None:
    """Notes an evaluation's solver, unless it is one of our own."""
    if solver and not is_ours(solver):
        _solvers[eval_id] = solver


def forget_solver(eval_id: str) -> None:
    """Forgets the solver of an evaluation that is over."""
    _solvers.pop(eval_id, None)


def is_ours(solver: str) -> bool:
    """Whether a name, with or without its package, is that of one of our own solvers."""
    return solver.rsplit("/", 1)[-1] in OURS


def solver_standing_in() -> str | None:
    """The solver that replaces the task's own in this sample; None if none does."""
    active = sample_active()
    return _solvers.get(active.eval_id) if active else None


def name_of(solver: str, given: Mapping[str, Any]) -> str:
    """A solver's name in records, with the program in its machine if the sample's metadata name one."""
    agent = str(given.get("agent", ""))
    return f"{solver}+{agent}" if "@" in agent else solver


def lacking_agent(solver: str, given: Mapping[str, Any]) -> str | None:
    """The agent whose program a solver of Inspect SWE needs and the machine lacks; None if it lacks none."""
    needed = PROGRAMS_OF.get(solver)
    return None if str(given.get("agent", "")).partition("@")[0] == needed else needed
