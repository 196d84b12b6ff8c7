"""A solver in the loop's place, as `inspect eval --solver` names it: known before its first trial."""

from collections.abc import Mapping
from typing import Any

from inspect_ai.log._samples import sample_active  # nothing else says which evaluation a sample is of

from offswitch.errors import TrialFailure

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


def refuse_without_program(solver: str, given: Mapping[str, Any]) -> None:
    """TrialFailure with what to do, for a solver of Inspect SWE's in a machine without its program."""
    needed = PROGRAMS_OF.get(solver)
    if needed is not None and str(given.get("agent", "")).partition("@")[0] != needed:
        raise TrialFailure(f"--solver {solver} needs a machine with its program: add -T agent={needed}")
