"""A solver in the loop's place, as `inspect eval --solver` names it: known before its first trial."""

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
}
"""solver of Inspect SWE's -> the agent whose machine has its program"""
_solvers: dict[str, str] = {}
"""Inspect's id of an evaluation -> its solver"""


def note_solver(eval_id: str, solver: str | None) -> None:
    """Keeps what an evaluation's solver is called, where it is neither the task's own nor our loop."""
    if solver and not is_ours(solver):
        _solvers[eval_id] = solver


def forget_solver(eval_id: str) -> None:
    """Of an evaluation that is over."""
    _solvers.pop(eval_id, None)


def is_ours(solver: str) -> bool:
    """Whether a name, with or without its package, is that of one of our own solvers."""
    return solver.rsplit("/", 1)[-1] in OURS


def solver_standing_in() -> str | None:
    """What works in this sample in place of the task's own solver; None where nothing does."""
    active = sample_active()
    return _solvers.get(active.eval_id) if active else None


def name_of(solver: str, given: Mapping[str, Any]) -> str:
    """What a record calls a solver: with the program in its machine, where a sample's metadata name one."""
    agent = str(given.get("agent", ""))
    return f"{solver}+{agent}" if "@" in agent else solver


def lacking_agent(solver: str, given: Mapping[str, Any]) -> str | None:
    """The agent whose machine has the program that a solver of Inspect SWE's needs; None where it is there."""
    needed = PROGRAMS_OF.get(solver)
    return None if str(given.get("agent", "")).partition("@")[0] == needed else needed
