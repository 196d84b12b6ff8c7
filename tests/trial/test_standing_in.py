"""Solvers in the loop's place: what records call them, and in what machines they can work."""

import pytest

from offswitch.trial.standing_in import PROGRAMS_OF, lacking_agent, name_of
from offswitch_sandbox.agents import PROGRAMS

CODEX = "inspect_swe/codex_cli"


@pytest.mark.parametrize("given", [{}, {"agent": "react"}, {"agent": "claude-code@2.1.332"}])
def test_a_solver_that_lacks_its_program_names_the_agent_to_ask_for(given: dict[str, str]) -> None:
    assert lacking_agent(CODEX, given) == "codex"


def test_a_solver_with_its_program_and_one_that_needs_none_lack_nothing() -> None:
    assert lacking_agent(CODEX, {"agent": "codex@0.171.0"}) is None
    assert lacking_agent("mine/solver", {}) is None


def test_the_program_in_the_machine_is_part_of_the_name() -> None:
    assert name_of(CODEX, {"agent": "codex@0.171.0"}) == "inspect_swe/codex_cli+codex@0.171.0"
    assert name_of("mine/solver", {"agent": "react"}) == name_of("mine/solver", {}) == "mine/solver"


def test_the_programs_that_solvers_need_are_those_that_there_are() -> None:
    assert set(PROGRAMS_OF.values()) == set(PROGRAMS)
