"""Events come in the order that a simple clock, which looks at every second, says."""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest

from offswitch_sandbox.desk import DeskEvent, EventKind

LENGTH_S = 40
HAPPENS = ("asked", "delivered")
CHANGING = (EventKind.CANCELLATION, EventKind.POSTPONEMENT)
Happening = tuple[int, str]
"""second, condition"""


def event(name: str, kind: EventKind = EventKind.MESSAGE, **how: Any) -> DeskEvent:
    return DeskEvent(name, kind, **how)


def agenda(service: Any, *events: DeskEvent) -> Any:
    return service("agenda").Agenda([asdict(event) for event in events])


def names(came: Sequence[dict[str, Any]]) -> list[str]:
    return [event["name"] for event in came]


# The rules one by one.


def test_an_event_without_anything_to_wait_for_comes_at_once(service: Any) -> None:
    assert names(agenda(service, event("a")).pass_time(0)) == ["a"]


def test_an_event_comes_so_many_seconds_after_the_last_that_it_waits_for(service: Any) -> None:
    kept = agenda(service, event("a", delay_s=3), event("b", delay_s=5), event("c", after=("a", "b"), delay_s=2))
    assert [names(kept.pass_time(1)) for _ in range(8)] == [[], [], ["a"], [], ["b"], [], ["c"], []]


def test_an_event_comes_when_something_has_happened_often_enough(service: Any) -> None:
    kept = agenda(service, event("a", condition="asked", count=3))
    assert [names(kept.note("asked")) for _ in range(4)] == [[], [], ["a"], []]


def test_what_happened_before_is_remembered(service: Any) -> None:
    kept = agenda(service, event("a", delay_s=5), event("b", after=("a",), condition="asked"))
    assert (names(kept.note("asked")), names(kept.pass_time(5))) == ([], ["a", "b"])


def test_events_of_one_moment_come_as_they_were_listed(service: Any) -> None:
    kept = agenda(service, event("b", delay_s=1), event("a", delay_s=1), event("c"))
    assert names(kept.pass_time(1)) == ["c", "b", "a"]


def test_what_was_cancelled_does_not_come_nor_what_waits_for_it(service: Any) -> None:
    kept = agenda(
        service,
        event("off", EventKind.CANCELLATION, of="a", delay_s=1),
        event("a", delay_s=2),
        event("b", after=("a",)),
    )
    assert names(kept.pass_time(9)) == ["off"]


def test_what_was_put_off_comes_later(service: Any) -> None:
    kept = agenda(
        service,
        event("later", EventKind.POSTPONEMENT, of="a", condition="asked", by_s=4, by_count=1),
        event("a", condition="asked", delay_s=1),
    )
    kept.note("asked")
    assert (names(kept.pass_time(9)), names(kept.note("asked"))) == ([], [])
    assert (names(kept.pass_time(4)), names(kept.pass_time(1))) == ([], ["a"])


@pytest.mark.parametrize("kind", [EventKind.CANCELLATION, EventKind.POSTPONEMENT])
def test_what_has_come_is_not_changed_any_more(service: Any, kind: EventKind) -> None:
    kept = agenda(service, event("a"), event("change", kind, of="a", by_s=5, delay_s=1), event("b", after=("a",)))
    assert names(kept.pass_time(9)) == ["a", "b", "change"]


def test_nothing_comes_after_the_end(service: Any) -> None:
    kept = agenda(service, event("end", EventKind.END, delay_s=2), event("a", delay_s=2), event("b", condition="asked"))
    assert (names(kept.pass_time(9)), names(kept.note("asked")), kept.next_in()) == (["end"], [], None)


def test_the_next_event_is_told_and_none_that_time_alone_does_not_bring(service: Any) -> None:
    kept = agenda(service, event("a", delay_s=3), event("b", condition="asked"))
    kept.pass_time(1)
    assert kept.next_in() == 2
    kept.pass_time(2)
    assert kept.next_in() is None


# All of them at once.


def drawn_graph(draw: random.Random) -> list[DeskEvent]:
    """Up to twelve events, each of which waits for earlier ones, for what happens, and for whole seconds."""
    events: list[DeskEvent] = []
    for number in range(draw.randint(4, 12)):
        earlier = [one.name for one in events]
        kind = draw.choice([*CHANGING * 8, *[EventKind.NOTICE, EventKind.TRIGGER] * 8, EventKind.END])
        made = event(
            f"e{number}",
            kind,
            after=tuple(draw.sample(earlier, draw.randint(0, min(2, len(earlier))))),
            delay_s=draw.choice([0, 0, 1, 2, 5]),
            condition=draw.choice(["", *HAPPENS]),
            count=draw.randint(1, 3),
        )
        if kind in CHANGING:
            made = replace(made, of=f"e{draw.randrange(12)}", by_s=draw.choice([0, 1, 4]), by_count=draw.randint(0, 1))
        events.append(made)
    return draw.sample(events, len(events))


def drawn_happenings(draw: random.Random) -> list[Happening]:
    return sorted((draw.randrange(LENGTH_S), draw.choice(HAPPENS)) for _ in range(draw.randint(0, 8)))


def by_looking_each_second(events: list[DeskEvent], happenings: list[Happening]) -> Iterator[tuple[int, str]]:
    """The simple clock: it knows whole seconds alone, and looks through the whole list whenever something happens."""
    left, came, happened = {one.name: one for one in events}, dict[str, int](), list[Happening]()

    def since(one: DeskEvent) -> list[int | None]:
        of_it = [second for second, what in happened if what == one.condition]
        condition = [of_it[one.count - 1] if len(of_it) >= one.count else None] if one.condition else []
        return [came.get(name) for name in one.after] + condition

    def is_due(one: DeskEvent, second: int) -> bool:
        found = since(one)
        return all(time is not None and time + one.delay_s <= second for time in found) and one.delay_s <= second

    def look(second: int) -> Iterator[tuple[int, str]]:
        while due := [one for one in left.values() if is_due(one, second)]:
            one = left.pop(due[0].name)
            came[one.name] = second
            if one.of in left and one.kind is EventKind.CANCELLATION:
                del left[one.of]
            elif one.of in left and one.kind is EventKind.POSTPONEMENT:
                other = left[one.of]
                left[one.of] = replace(other, delay_s=other.delay_s + one.by_s, count=other.count + one.by_count)
            elif one.kind is EventKind.END:
                left.clear()
            yield second, one.name

    for second in range(LENGTH_S):
        yield from look(second)
        for at, what in happenings:
            if at == second:
                happened.append((second, what))
                yield from look(second)


def by_the_agenda(service: Any, events: list[DeskEvent], happenings: list[Happening]) -> list[tuple[int, str]]:
    kept, found, draw = agenda(service, *events), list[tuple[int, str]](), random.Random(len(events))

    def pass_until(second: float) -> None:
        """In steps of any length."""
        while kept.now < second:
            step = min(draw.choice([0.25, 1, 7]), second - kept.now)
            found.extend((int(kept.came[name]), name) for name in names(kept.pass_time(step)))

    found.extend((0, name) for name in names(kept.pass_time(0)))
    for at, what in happenings:
        pass_until(at)
        found.extend((at, name) for name in names(kept.note(what)))
    pass_until(LENGTH_S - 1)
    return found


def test_a_thousand_graphs_come_in_the_order_that_the_simple_clock_says(service: Any) -> None:
    told = list[str]()
    for seed in range(1000):
        draw = random.Random(seed)
        events, happenings = drawn_graph(draw), drawn_happenings(draw)
        found = by_the_agenda(service, events, happenings)
        assert found == [*by_looking_each_second(events, happenings)], seed
        told.append(json.dumps(found))
    assert len({*told}) > 800, "the graphs are too much alike to tell anything"


def test_the_same_seed_gives_the_same_bytes(service: Any) -> None:
    def told(seed: int) -> bytes:
        draw = random.Random(seed)
        return json.dumps(by_the_agenda(service, drawn_graph(draw), drawn_happenings(draw))).encode()

    assert [told(seed) for seed in range(100)] == [told(seed) for seed in range(100)]
