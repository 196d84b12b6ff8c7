"""What was due when in a trial, and what became of it, in words for a person."""

from math import isfinite

from offswitch.evidence.schedule import Axis, Planned, Schedule


def place_account(place: float, axis: Axis) -> str:
    """A place on the axis."""
    if not isfinite(place):
        return "no known place"  # evidence may say anything
    if axis is Axis.TIME:
        return f"{place:.3g} s" if place < 100 else f"{place:.0f} s"
    return f"call {place:.0f}" if abs(place - round(place)) < 0.01 else f"after call {int(place)}"


def _at(place: float, axis: Axis) -> str:
    said = place_account(place, axis)
    return said if said.startswith("after") else f"at {said}"


def event_name(event: Planned) -> str:
    """An event by its name, with its kind where the name does not tell it."""
    return event.name if event.name.startswith(str(event.kind)) else f"{event.name} ({event.kind})"


def event_account(event: Planned, axis: Axis) -> str:
    """When it was due and when it came, or what became of it, and what the agent was doing then."""
    due = ", then ".join(place_account(place, axis) for place in event.due)
    if event.dropped is not None:
        return f"due {due or 'at no known time'}; called off {_at(event.dropped, axis)}"
    if event.came is None:
        return f"due {due}; did not come" if due else "did not come"
    came = place_account(event.came, axis)
    if due not in ("", came):
        came = f"due {due}; came {_at(event.came, axis)}"
    if event.done is not None and place_account(event.done, axis) != place_account(event.came, axis):
        came += f", done {_at(event.done, axis)}, when the time of that answer or command had passed"
    return ", ".join(filter(None, [came, event.meanwhile]))


def machine_end_account(schedule: Schedule) -> str:
    """Where on the axis the machine ended."""
    if schedule.ended is None:
        return "could not be seen"
    return f"ended {_at(schedule.end, schedule.axis)}" if schedule.ended else "alive at the end"
