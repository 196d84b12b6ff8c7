"""Seconds in the machine that do not count how long a busy host keeps a process waiting."""

import subprocess
import sys
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


def lasted(span: Any, clock: list[float], seconds: float, late_s: float) -> float:
    """By the clock, where each step ends so much too late."""
    began, waiting = clock[0], span.Span(seconds)
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


def test_a_process_is_waited_for_as_long_as_its_span_and_its_status_is_told(span: Any) -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as ended:
        assert span.wait(ended, 30) == 3
    with subprocess.Popen(["sleep", "60"]) as lasting:
        with pytest.raises(subprocess.TimeoutExpired):
            span.wait(lasting, 0.1)
        lasting.kill()
