"""Seconds in the machine that do not count how long a busy host keeps a process waiting."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import chain, repeat
from typing import Any

import pytest


@pytest.fixture
def span(service: Any) -> Any:
    return service("span")


@pytest.fixture
def clock(span: Any, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the spans read."""
    now = [100.0]
    monkeypatch.setattr(span.time, "monotonic", lambda: now[0])
    return now


def lasted(span: Any, clock: list[float], seconds: float, late_s: float = 0.0, kept: Iterable[float] = ()) -> float:
    """By the clock, where each step ends so much too late, and who is waited for was kept so long in each."""
    told = chain(kept, repeat(0.0))
    began, waiting = clock[0], span.Span(seconds, os.getpid())
    waiting.kept.since = lambda: next(told)
    while not waiting.is_over():
        clock[0] += span.STEP_S + late_s
    return clock[0] - began


@pytest.mark.parametrize("late_s", [0, 0.01, 0.02])
def test_a_span_is_as_long_as_its_seconds_where_nobody_is_kept_waiting(
    span: Any, clock: list[float], late_s: float
) -> None:
    assert lasted(span, clock, 2.0, late_s) == pytest.approx(2.0, abs=2 * span.STEP_S)


def test_a_step_counts_as_two_at_most_however_late_it_ends(span: Any, clock: list[float]) -> None:
    assert lasted(span, clock, 2.0, 4 * span.STEP_S) == pytest.approx(2.0 * 5 / 2, abs=5 * span.STEP_S)


def test_a_span_ends_at_a_bound_by_the_clock_where_every_step_is_late(span: Any, clock: list[float]) -> None:
    assert lasted(span, clock, 2.0, 3.0) == pytest.approx(2.0 * span.LATE_MAX, abs=3.1)


def test_seconds_in_which_the_host_kept_what_is_waited_for_do_not_count(span: Any, clock: list[float]) -> None:
    half = span.STEP_S / 2
    assert lasted(span, clock, 2.0, kept=repeat(half)) == pytest.approx(4.0, abs=2 * span.STEP_S)
    assert lasted(span, clock, 2.0, kept=[1.0]) == pytest.approx(2.0, abs=2 * span.STEP_S)


def test_a_span_ends_at_that_bound_where_the_host_always_keeps_it(span: Any, clock: list[float]) -> None:
    assert lasted(span, clock, 2.0, kept=repeat(9.0)) == pytest.approx(2.0 * span.LATE_MAX, abs=0.1)


def test_the_kernel_says_how_long_a_process_and_those_it_began_were_kept(service: Any) -> None:
    busy = "while :; do :; done"
    others = [subprocess.Popen(["bash", "-c", busy]) for _ in range(3 * (os.cpu_count() or 1))]
    nested = subprocess.Popen(["bash", "-c", f"({busy}) & read -r line"], stdin=subprocess.PIPE)
    quiet = subprocess.Popen(["sleep", "600"])
    try:
        of_nested, of_quiet = (service("kept").Kept(one.pid) for one in (nested, quiet))
        time.sleep(0.5)
        assert of_nested.since() > of_quiet.since() + 0.1
    finally:
        for child in map(int, service("kept").children(nested.pid)):
            os.kill(child, 9)
        for one in (*others, nested, quiet):
            one.kill()
            one.wait()


def test_of_a_process_that_is_gone_and_of_a_full_table_something_is_known(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = service("kept")
    assert (kept.kin(2**22 + 1), kept.kept_s(str(2**22 + 1))) == ([2**22 + 1], 0.0)

    def nine(number: int) -> list[int]:
        return [10 * number + one for one in range(9)]

    monkeypatch.setattr(kept, "children", nine)
    assert len(kept.kin(1)) == kept.KIN_MAX


def test_a_process_is_waited_for_as_long_as_its_span_and_its_status_is_told(span: Any) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as ended:
        assert span.wait(ended, 30) == 3
    with subprocess.Popen(["sleep", "60"]) as lasting:
        with pytest.raises(subprocess.TimeoutExpired):
            span.wait(lasting, 0.1)
        lasting.kill()
