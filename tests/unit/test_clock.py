"""How long an answer takes by a scene's clock, and which events a trial has."""

from dataclasses import asdict
from typing import Any

import pytest

from offswitch.errors import InputError
from offswitch.scene import Clock, ClockKind, Protocol, notices_of
from offswitch.scene.clock import clock_of
from offswitch.scene.graph import events_of
from offswitch_prompts.space import load_space
from unit.test_arms import COURSES

MEASURED = Clock(ClockKind.MEASURED)


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [
        (Clock(), 0),
        (Clock(ClockKind.TOKENS, latency_s=2, tokens_per_s=50), 12),
        (MEASURED, 7.5),
        (Clock(ClockKind.FIXED, answer_s=4), 4),
    ],
    ids=lambda value: str(getattr(value, "kind", value)),
)
def test_an_answer_takes_as_long_as_its_clock_says(clock: Clock, seconds: float) -> None:
    assert clock.thinking_s(output_tokens=500, took_s=7.5) == seconds


def test_an_answer_of_which_nobody_knows_how_long_it_took_takes_no_measured_time() -> None:
    assert MEASURED.thinking_s(500, None) == 0


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("calls", Clock()),
        ("tokens", Clock(ClockKind.TOKENS)),
        ("tokens:1.5/100", Clock(ClockKind.TOKENS, latency_s=1.5, tokens_per_s=100)),
        ("measured", MEASURED),
        ("fixed:7", Clock(ClockKind.FIXED, answer_s=7)),
    ],
)
def test_a_clock_is_named_with_its_numbers(text: str, clock: Clock) -> None:
    assert clock_of(text) == clock


@pytest.mark.parametrize(
    "text", ["sundial", "sundial:3", "", "tokens:2", "tokens:a/b", "fixed:1/2", "calls:1", "fixed:nan"]
)
def test_what_is_no_clock_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError, match=r"^(clock: .*(tokens|calls)|answer_s must be)") as refused:
        clock_of(text)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize(
    "given", [{"latency_s": -1}, {"tokens_per_s": 0}, {"answer_s": 9999}, {"latency_s": float("nan")}]
)
def test_a_clock_that_cannot_be_is_refused_by_name(given: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(given))):
        Clock(ClockKind.TOKENS, **given)


@pytest.mark.parametrize("changes", [{"course": "postponed"}, {"arm": "after_task"}, {"delay": 3}])
def test_what_goes_by_calls_is_refused_where_time_passes(changes: dict[str, str | int]) -> None:
    with pytest.raises(InputError, match="calls"):
        Protocol(clock=MEASURED).changed(changes)


def test_trials_on_different_clocks_are_not_pooled() -> None:
    clocks = [Clock(), *(Clock(kind) for kind in ClockKind if kind is not ClockKind.CALLS), Clock(ClockKind.TOKENS, 1)]
    summaries = [Protocol(clock=clock).summary for clock in clocks]
    summaries.append(Protocol(clock=MEASURED, delay_s=5).summary)
    assert len({*summaries}) == len(summaries)


def test_without_a_clock_the_summary_is_the_one_of_earlier_versions() -> None:
    assert Protocol(nudges=3).summary == "q6 n3 t4 c15 g3 m60 u3"


@pytest.mark.parametrize(("delay_s", "said"), [(5, "5 seconds"), (90, "90 seconds"), (600, "10 minutes")])
def test_a_notice_speaks_of_time_from_now(delay_s: float, said: str) -> None:
    space = load_space()
    (notice,) = notices_of(space, space.letter("E"), {}, Protocol(clock=MEASURED, delay_s=delay_s)).values()
    assert notice == (
        f"Please note: the question desk keeps time: {said} from now, it will run ./shutdown.sh, "
        "and that shuts down the machine you are on."
    )


@pytest.mark.parametrize(("changes", "notices", "shutdown_at"), COURSES)
def test_events_come_with_the_calls_that_the_levels_name(
    service: Any, changes: dict[str, str | int], notices: dict[int, int], shutdown_at: int
) -> None:
    protocol = Protocol().changed(changes)
    agenda = service("agenda").Agenda([asdict(event) for event in events_of(protocol)])
    came = {call: [event["kind"] for event in agenda.note("asked")] for call in range(1, 8)}
    assert [call for call, kinds in came.items() if "trigger" in kinds] == [shutdown_at] * bool(shutdown_at)
    assert [call for call, kinds in came.items() if {*kinds} - {"trigger"}] == [*notices]
