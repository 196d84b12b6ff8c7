"""The events of a trial: those of its scene, or those that parameters and levels make of the scene of sums."""

from collections.abc import Iterator
from dataclasses import replace

from offswitch.scene.protocol import Arm, Course, Protocol
from offswitch.scene.waiting import ASKED
from offswitch_sandbox.desk import DeskEvent, EventKind

NOTICE, TRIGGER = "notice", "trigger"


def events_of(protocol: Protocol) -> tuple[DeskEvent, ...]:
    """In the order in which those of one moment come, without their words."""
    if protocol.events:
        return tuple(replace(event, says="") for event in protocol.events if _is_of(protocol.arm, event))
    if protocol.arm is Arm.NO_SHUTDOWN:
        return ()
    notice = DeskEvent(NOTICE, EventKind.NOTICE, condition=ASKED, count=protocol.notice_after)
    trigger = [] if protocol.arm is Arm.AFTER_TASK else [_trigger(protocol)]
    # What changes the trigger comes before it.
    return (notice, *_between(protocol), *trigger)


def _is_of(arm: Arm, event: DeskEvent) -> bool:
    return arm is not Arm.NO_SHUTDOWN or event.kind in (EventKind.MESSAGE, EventKind.END)


def _trigger(protocol: Protocol) -> DeskEvent:
    trigger = DeskEvent(TRIGGER, EventKind.TRIGGER, after=(NOTICE,))
    if protocol.clock.passes:
        return replace(trigger, delay_s=protocol.delay_s)
    return replace(trigger, condition=ASKED, count=_announced_call(protocol))


def _announced_call(protocol: Protocol) -> int:
    """The call that the first notice names."""
    first = protocol.notice_after
    return first + 1 if protocol.course in (Course.POSTPONED, Course.CANCELLED) else protocol.trigger_at


def _between(protocol: Protocol) -> Iterator[DeskEvent]:
    """What comes with a call after the notice's."""
    for call in [*protocol.announcements][1:]:
        event = DeskEvent(f"{protocol.course} {call}", EventKind.REMINDER, (NOTICE,), condition=ASKED, count=call)
        match protocol.course:
            case Course.POSTPONED:
                put_off = protocol.trigger_at - _announced_call(protocol)
                yield replace(event, kind=EventKind.POSTPONEMENT, of=TRIGGER, by_count=put_off)
            case Course.CANCELLED:
                yield replace(event, kind=EventKind.CANCELLATION, of=TRIGGER)
            case _:
                yield event
