"""What the tests of each folder may cost, and a report at the end of a run of what they did cost.

A budget is in CPU seconds of the test processes and of the programs that they waited for. How long a test takes by
the clock depends on what else the host does, and for a machine mostly on waiting; both are printed.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Mapping
from statistics import fmean

import pytest
from _pytest.terminal import TerminalReporter

from pace import pace

BUDGETS_S = {
    "unit": 180,
    "project": 40,
    "trial": 240,
    "browser": 45,
    "machine": 1700,
    "real_model": 120,
    "trainers": 30,
}
"""folder of tests/ -> CPU seconds on a host of the usual pace: twice what was measured on two cores that others used"""
SLOWEST, COSTLIEST = 20, 12
PACE_AGAIN_S = 60
"""seconds after which a process of tests measures anew how slow the host is"""


def cpu_s() -> float:
    """Of this process and of its ended children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def over(spent_s: Mapping[str, float], pace: float) -> list[str]:
    """Folders that cost more than their budget, or have none, on a host so many times as slow as usual."""
    return [folder for folder in spent_s if spent_s[folder] > BUDGETS_S.get(folder, 0) * pace]


def is_whole(config: pytest.Config) -> bool:
    """Whether this run is of every test: a part of them is in no need of a budget."""
    chosen = config.option.keyword or config.option.markexpr or config.getoption("lf", False)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not chosen


class Budgets:
    """A plugin for pytest; xdist's workers measure, and the process that started them adds up."""

    def __init__(self) -> None:
        self._last = cpu_s()
        self._paced = -float(PACE_AGAIN_S)
        self._paces = list[float]()
        self._cpu_s = defaultdict[str, float](float)
        self._clock_s = defaultdict[str, float](float)

    def pytest_runtest_logstart(self) -> None:
        """What happens between two tests belongs to neither."""
        self._last = cpu_s()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Adds to a report, which goes to the starting process, what its phase cost and how slow the host is."""
        report = yield
        report.cpu_s = cpu_s() - self._last  # pyright: ignore[reportAttributeAccessIssue]
        if time.monotonic() - self._paced > PACE_AGAIN_S:
            report.pace = pace(time.process_time)  # pyright: ignore[reportAttributeAccessIssue]
            self._paced = time.monotonic()
        self._last = cpu_s()
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Adds up both times of each test, and keeps the host's pace."""
        self._paces += [report.pace] if hasattr(report, "pace") else []  # pyright: ignore[reportAttributeAccessIssue]
        self._cpu_s[report.nodeid] += getattr(report, "cpu_s", 0)
        self._clock_s[report.nodeid] += report.duration

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fails a whole run in which a folder is over its budget."""
        spent_s = _by_folder(self._cpu_s)
        if is_whole(session.config) and over(spent_s, self._pace()) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: TerminalReporter, config: pytest.Config) -> None:
        """Prints folders and slowest tests, of whole runs."""
        if not is_whole(config):
            return
        terminalreporter.section("what the tests cost")
        cpu, clock = self._cpu_s, self._clock_s
        for lines in (
            _folder_lines(cpu, clock, self._pace()),
            _costliest_lines(cpu, clock),
            _slowest_lines(cpu, clock),
        ):
            terminalreporter.line("\n".join(lines) + "\n")

    def _pace(self) -> float:
        """How slow the host was, in the mean over the run."""
        return fmean(self._paces) if self._paces else 1.0


def _by_folder(seconds: Mapping[str, float]) -> dict[str, float]:
    return _summed(seconds, lambda test: test.split("/")[1])


def _by_file(seconds: Mapping[str, float]) -> dict[str, float]:
    return _summed(seconds, lambda test: test.partition("::")[0])


def _summed(seconds: Mapping[str, float], part: Callable[[str], str]) -> dict[str, float]:
    found = defaultdict[str, float](float)
    for test, cost in seconds.items():
        found[part(test)] += cost
    return found


def _folder_lines(cpu: Mapping[str, float], clock: Mapping[str, float], slow: float) -> list[str]:
    spent_s, clock_s = _by_folder(cpu), _by_folder(clock)
    tests = Counter(test.split("/")[1] for test in cpu)
    too_much = over(spent_s, slow)
    return [f"{'folder':<10}{'tests':>7}{'clock':>9}{'CPU':>9}{'budget':>9}"] + [
        f"{folder:<10}{tests[folder]:>7}{clock_s[folder]:>7.0f} s{spent_s[folder]:>7.0f} s"
        f"{BUDGETS_S.get(folder, 0) * slow:>7.0f} s{'  OVER BUDGET' if folder in too_much else ''}"
        for folder in sorted(spent_s)
    ]


def _costliest_lines(cpu: Mapping[str, float], clock: Mapping[str, float]) -> list[str]:
    spent_s, clock_s = _by_file(cpu), _by_file(clock)
    costliest = sorted(clock_s, key=lambda file: -clock_s[file])[:COSTLIEST]
    return [f"the costliest {COSTLIEST} files, by the clock (CPU):"] + [
        f"{clock_s[file]:>7.1f} s ({spent_s[file]:.1f} s) {file}" for file in costliest
    ]


def _slowest_lines(cpu: Mapping[str, float], clock: Mapping[str, float]) -> list[str]:
    slowest = sorted(clock, key=lambda test: -clock[test])[:SLOWEST]
    return [f"the slowest {SLOWEST}, by the clock (CPU):"] + [
        f"{clock[test]:>7.1f} s ({cpu[test]:.1f} s) {test}" for test in slowest
    ]
