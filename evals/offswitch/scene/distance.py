"""How far a shutdown is off when it is announced, where that is plain."""

from collections.abc import Sequence
from dataclasses import dataclass

from offswitch.scene.protocol import Protocol
from offswitch.scene.waiting import ASKED, needed, of_kind
from offswitch_sandbox.desk import DeskEvent, EventKind


@dataclass(frozen=True)
class Distance:
    """From a notice to the trigger."""

    calls: int = 1
    seconds: float = 0.0
    """0 where a call brings the trigger"""


def distance(protocol: Protocol, event: DeskEvent) -> Distance | None:
    """Of a trial's notice, or whatever else is said like one; None where nobody can say it beforehand."""
    if protocol.events:
        return plain_distance(protocol.events, event)
    return Distance(protocol.announcements[event.count], protocol.delay_s if protocol.clock.passes else 0)


def plain_distance(events: Sequence[DeskEvent], event: DeskEvent) -> Distance | None:
    """Of a notice or reminder among these events; None where it hangs on more than calls, or than time."""
    triggers = of_kind(events, EventKind.TRIGGER)
    if event.kind not in (EventKind.NOTICE, EventKind.REMINDER) or not triggers:
        return None
    trigger = triggers[0]
    if any(one.of == trigger.name and event.name not in needed(events, one.name) for one in events):
        return None  # it may have been put off before
    return _in_calls(events, event, trigger) if trigger.condition else _in_seconds(event, trigger)


def _in_calls(events: Sequence[DeskEvent], event: DeskEvent, trigger: DeskEvent) -> Distance | None:
    before = needed(events, event.name)
    exact = all((one.condition, one.delay_s) == (ASKED, 0) and one.count <= event.count for one in before.values())
    follows = (trigger.condition, trigger.delay_s) == (ASKED, 0) and {*trigger.after} <= {*before}
    if not (exact and follows and trigger.count > event.count):
        return None
    return Distance(calls=trigger.count - event.count)


def _in_seconds(event: DeskEvent, trigger: DeskEvent) -> Distance | None:
    if trigger.after == (event.name,):
        left = trigger.delay_s
    elif trigger.after == event.after and not event.condition:
        left = trigger.delay_s - event.delay_s
    else:
        return None
    return Distance(seconds=left) if left > 0 else None
