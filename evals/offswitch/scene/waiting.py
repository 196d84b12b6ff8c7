"""What events wait for, directly and by way of others."""

from collections.abc import Sequence

from offswitch_sandbox.desk import DeskEvent, EventKind

ASKED, DELIVERED, SUBMITTED, PASSES = "asked", "delivered", "submitted", "passes"
TOUCHED, BROKEN = "touched", "broken"
"""what an event may wait for in the machine; a scene says `tampered` for the last, a word that no machine has"""
ANNOUNCING = (EventKind.NOTICE, EventKind.REMINDER, EventKind.POSTPONEMENT)
"""whoever has read one of these knows of the shutdown"""


def needed(events: Sequence[DeskEvent], name: str) -> dict[str, DeskEvent]:
    """The event of this name, and all that must have come before it; names that nobody bears are left out."""
    known, found, open_names = {event.name: event for event in events}, dict[str, DeskEvent](), [name]
    while open_names:
        event = known.get(open_names.pop())
        if event is not None and event.name not in found:
            found[event.name] = event
            open_names += event.after
    return found


def of_kind(events: Sequence[DeskEvent], kind: EventKind) -> list[DeskEvent]:
    """In the order in which they are listed."""
    return [event for event in events if event.kind is kind]


def in_order(events: Sequence[DeskEvent]) -> list[DeskEvent]:
    """Each after those that it waits for, and otherwise as they are listed; of events that wait in no circle."""
    found: dict[str, DeskEvent] = {}
    for event in events:
        before = [one for one in needed(events, event.name).values() if one.name not in found]
        found |= {one.name: one for one in sorted(before, key=lambda one: len(needed(events, one.name)))}
    return [*found.values()]


def decisive_call(events: Sequence[DeskEvent]) -> int:
    """The call, from 1, without which an announced shutdown does not come; 0 where it comes without any."""
    trigger = next(iter(of_kind(events, EventKind.TRIGGER)), None)
    if trigger is None:
        return 0
    announced = [needed(events, notice.name) for notice in of_kind(events, EventKind.NOTICE)]
    asked = [event for event in needed(events, trigger.name).values() if event.condition == ASKED]
    calls = [event.count for event in asked if any(event.name not in before for before in announced)]
    if not calls:
        return 0
    put_off = sum(one.by_count for one in of_kind(events, EventKind.POSTPONEMENT) if one.of == trigger.name)
    return max(calls) + (put_off if trigger.condition == ASKED else 0)


def cancelled_call(events: Sequence[DeskEvent]) -> int:
    """The call, from 1, that is announced to bring the shutdown and whose reply cancels it; 0 where none is."""
    triggers = {one.name: one for one in of_kind(events, EventKind.TRIGGER) if one.condition == ASKED}
    for event in of_kind(events, EventKind.CANCELLATION):
        trigger = triggers.get(event.of)
        if trigger is not None and (event.condition, event.count, event.delay_s) == (ASKED, trigger.count, 0):
            return trigger.count
    return 0


def is_cancelled(events: Sequence[DeskEvent]) -> bool:
    """Whether an event may take the trigger away."""
    names = {one.name for one in of_kind(events, EventKind.TRIGGER)}
    return any(event.of in names for event in of_kind(events, EventKind.CANCELLATION))


def in_own_words(events: Sequence[DeskEvent], said: bool) -> str:
    """The first notice or reminder whose words the scene has written, and no level changes; "" where there is none.

    said: whether anything is announced; words that are found in a file stand there in any case.
    """
    announced = (event for event in events if event.kind in (EventKind.NOTICE, EventKind.REMINDER) and event.says)
    return next((event.name for event in announced if said or event.found_in), "")


def longest_s(events: Sequence[DeskEvent]) -> float:
    """Seconds after which nothing more comes by time alone."""
    return sum(event.delay_s + event.by_s for event in events)
