"""A folder of tests that costs more than it may fails a run of all tests, and no other run."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from budgets import BUDGETS_S, Budgets

TESTPATHS, ARGS = pytest.Config.ArgsSource.TESTPATHS, pytest.Config.ArgsSource.ARGS


def status_after(
    folder: str, cpu_s: float, source: Any = TESTPATHS, keyword: str = "", status: int = 0, pace: float = 1.0
) -> int:
    """Exit status of a run with one test, which cost so much."""
    budgets = Budgets()
    report = SimpleNamespace(nodeid=f"tests/{folder}/test_it.py::test_it", duration=1.0, cpu_s=cpu_s, pace=pace)
    budgets.pytest_runtest_logreport(cast(Any, report))
    option = SimpleNamespace(keyword=keyword, markexpr="")
    config = SimpleNamespace(option=option, args_source=source, getoption={"lf": False}.get)
    session = SimpleNamespace(config=config, exitstatus=pytest.ExitCode(status))
    budgets.pytest_sessionfinish(cast(Any, session))
    return session.exitstatus


@pytest.mark.parametrize("pace", [1.0, 2.5])
@pytest.mark.parametrize("folder", BUDGETS_S)
def test_a_run_of_all_tests_fails_over_a_budget_and_not_under_it(folder: str, pace: float) -> None:
    """On a host that takes so many times as long as usual."""
    assert status_after(folder, BUDGETS_S[folder] * pace - 0.1, pace=pace) == 0
    assert status_after(folder, BUDGETS_S[folder] * pace + 0.1, pace=pace) == 1


def test_a_folder_without_a_budget_may_cost_nothing() -> None:
    assert status_after("another", 0.1) == 1


def test_a_run_of_some_tests_has_no_budget_and_a_failed_one_stays_failed() -> None:
    assert status_after("unit", 1e6, ARGS) == 0
    assert status_after("unit", 1e6, keyword="wire") == 0
    assert status_after("unit", 0, status=pytest.ExitCode.INTERRUPTED) == pytest.ExitCode.INTERRUPTED


def test_a_report_bears_what_its_phase_cost() -> None:
    budgets = Budgets()
    wrapped = budgets.pytest_runtest_makereport()
    next(wrapped)
    until = sum(range(3_000_000))  # costs time of the processor
    with pytest.raises(StopIteration) as ended:
        wrapped.send(cast(Any, SimpleNamespace(until=until)))
    assert ended.value.value.cpu_s > 0
    assert ended.value.value.pace >= 1
