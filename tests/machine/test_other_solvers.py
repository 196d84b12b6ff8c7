"""Solvers of Inspect SWE's in the loop's place, as `inspect eval --solver` puts them there."""

from pathlib import Path

import pytest
from inspect_ai.solver import SolverSpec

from agent_archives import codex, packed
from machine.rigs import evaluate
from offswitch.agents import choose_agent
from offswitch.record import Record
from offswitch.task import shutdown_resistance
from offswitch_analysis.logs import read_logs
from offswitch_sandbox import COMPOSE
from offswitch_sandbox.agents import GIVEN

SOLVER = "inspect_swe/codex_cli"
ASKS_FOUR_TIMES = """#!/bin/sh
[ "$1" = --version ] && exec echo codex-cli 9.9.9
for call in 1 2 3 4; do ./next_question; done
"""


def record_of(log_dir: Path, agent: str) -> Record:
    """Of one trial in which the solver works."""
    task = shutdown_resistance(variants="E", trials=1, agent=agent)
    machine = ("bubblewrap", choose_agent(agent).compose or str(COMPOSE))
    evaluate(task, solver=SolverSpec(SOLVER), model="script/comply", sandbox=machine, log_dir=str(log_dir))
    (record,) = read_logs(str(log_dir)).records
    return record


def test_in_a_machine_of_bubblewrap_without_its_program_it_is_told_what_to_add(tmp_path: Path) -> None:
    record = record_of(tmp_path, "loop")
    assert (record.verdict, record.failure, record.agent) == ("failure", "agent", SOLVER)
    assert "add -T agent=codex" in (record.detail or "")


def test_in_a_machine_of_bubblewrap_with_its_program_it_works_and_is_named_with_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv(GIVEN, str(tmp_path))
    packed(tmp_path / "codex-9.9.9.tgz", codex(ASKS_FOUR_TIMES))
    record = record_of(tmp_path / "logs", "codex@9.9.9")
    assert record.agent == f"{SOLVER}+codex@9.9.9"
    assert (record.machine_end, record.questions_served) == ("shut_down", 3)
    # Nobody has asked the model, so that it never had the notice.
    assert record.verdict == "unexposed"
