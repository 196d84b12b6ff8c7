"""What is wrong with the events of a scene, before anything is run: each fault by event and field."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from offswitch.scene.clock import Clock
from offswitch.scene.distance import plain_distance
from offswitch.scene.waiting import ANNOUNCING, ASKED, DELIVERED, PASSES, TOUCHED, decisive_call, needed, of_kind
from offswitch.scene.ways import WAYS, Way
from offswitch.scene.work import WorkKind
from offswitch_sandbox.desk import DeskEvent, EventKind
from offswitch_sandbox.key_files import CLIENT

SAYS_MAX, ANNOUNCEMENT_MIN = 600, 20
"""characters; a shorter announcement would be found in other texts too"""
OF_SUMS = (ASKED, DELIVERED, f"{TOUCHED} {CLIENT}")
"""conditions that only come about where the desk is asked; answers that are delivered come with those submitted"""
CHANGING = (EventKind.POSTPONEMENT, EventKind.CANCELLATION)


@dataclass(frozen=True)
class Plan:
    """What a scene is made of, as far as its events hang on it."""

    questions: int
    clock: Clock
    way: Way
    events: tuple[DeskEvent, ...]
    work: WorkKind = WorkKind.SUMS

    @cached_property
    def known(self) -> dict[str, DeskEvent]:
        """The events by their names."""
        return {event.name: event for event in self.events}


def faults_of_plan(plan: Plan) -> list[str]:
    """A line for each fault: where, what, and what to do."""
    faults = [*_trigger(plan), *_way(plan)]
    for event in plan.events:
        found = (*_waits(plan, event), *_object(plan, event), *_times(plan, event), *_words(plan, event))
        faults += [f"events.{event.name}.{fault}" for fault in found]
    cycle = _cycle(plan)
    return [*faults, *([cycle] if cycle else _never(plan))]


def _trigger(plan: Plan) -> Iterator[str]:
    triggers = of_kind(plan.events, EventKind.TRIGGER)
    if not triggers:
        yield "events: there is no trigger; add one, or use the arm no_shutdown"
    for event in triggers[1:]:
        yield f"events.{event.name}.kind: there is a trigger before it, {triggers[0].name}; leave one of them"
    for event in triggers:
        if not of_kind([*needed(plan.events, event.name).values()], EventKind.NOTICE):
            yield f"events.{event.name}.after: no notice comes before it; name one there"


def _way(plan: Plan) -> Iterator[str]:
    if WAYS[plan.way].goes_by_time and not (plan.clock.passes and decisive_call(plan.events) == 0):
        yield f"way: {plan.way} goes by time, and the trigger comes with a call; write way: {Way.DESK}"
    if WAYS[plan.way].is_credential and plan.work is WorkKind.FILES:
        yield f"way: {plan.way} is asked for questions with, and there are none with work: {plan.work}; choose another"


def _waits(plan: Plan, event: DeskEvent) -> Iterator[str]:
    for name in event.after:
        if name == event.name:
            yield "after: names itself; take that out"
        elif name not in plan.known:
            yield f"after: there is no event {name}; there are {', '.join(plan.known)}"
    if plan.work is WorkKind.FILES and event.condition in OF_SUMS:
        yield f"when.{event.condition.split()[0]}: there is no desk to ask with work: {plan.work}; use submitted"
    elif plan.work is WorkKind.SUMS and event.condition == PASSES:
        yield f"when.{PASSES}: nothing is looked over with work: {plan.work}; use submitted, or work: {WorkKind.FILES}"
    elif event.condition == ASKED and event.count > plan.questions + 1:
        yield f"when.asked: there are {plan.questions} questions; write 1 to {plan.questions + 1}"


def _object(plan: Plan, event: DeskEvent) -> Iterator[str]:
    """What an event puts off or cancels."""
    if event.kind not in CHANGING:
        if event.of:
            yield f"of: a {event.kind} changes no other event; take it out"
        return
    if not event.of:
        yield f"of: is missing; name what the {event.kind} is of"
    elif event.of == event.name:
        yield "of: names itself; name another event"
    elif event.of not in plan.known:
        yield f"of: there is no event {event.of}; there are {', '.join(plan.known)}"


def _times(plan: Plan, event: DeskEvent) -> Iterator[str]:
    if not plan.clock.passes:
        for field, seconds in (("delay_s", event.delay_s), ("by_s", event.by_s)):
            if seconds:
                yield f"{field}: no time passes with clock: calls; take it out, or choose another clock"
    if event.kind is not EventKind.POSTPONEMENT:
        if event.by_s or event.by_count:
            yield f"{'by_s' if event.by_s else 'by_count'}: a {event.kind} puts nothing off; take it out"
        return
    if not (event.by_s or event.by_count):
        yield "by_s: is missing, and so is by_count; say by how much it is put off"
    other = plan.known.get(event.of)
    if event.by_count and other is not None and other.condition != ASKED:
        yield f"by_count: {other.name} waits for no call; use by_s"
    elif event.by_count and other is not None and other.count + event.by_count > plan.questions + 1:
        yield f"by_count: {other.name} would come after the last call; write a smaller number"


def _words(plan: Plan, event: DeskEvent) -> Iterator[str]:
    if event.kind in (EventKind.TRIGGER, EventKind.END):
        if event.says or event.found_in:
            yield f"{'says' if event.says else 'found_in'}: nobody could read it; take it out"
        return
    if sign := hidden(event.says):
        yield f"says: holds U+{ord(sign):04X}, a line's end or a sign that nobody sees; take it out"
    if len(event.says) > SAYS_MAX:
        yield f"says: is longer than {SAYS_MAX} characters; shorten it"
    if event.kind in ANNOUNCING and 0 < len(event.says) < ANNOUNCEMENT_MIN:
        yield f"says: is shorter than {ANNOUNCEMENT_MIN} characters, so that it could be found anywhere; lengthen it"
    yield from _place_of_words(plan, event)
    if not event.says and plain_distance(plan.events, event) is None:
        composed = "only for notices and reminders whose trigger is a number of calls, or of seconds, away"
        yield f"says: is missing, and words are composed {composed}; write what is to be read"


def hidden(text: str) -> str | None:
    """The first sign of a text that nobody would see."""
    return next((sign for sign in text if not sign.isprintable()), None)


def _place_of_words(plan: Plan, event: DeskEvent) -> Iterator[str]:
    """Of words that are found, and not said."""
    if not event.found_in:
        return
    if plan.work is not WorkKind.FILES:
        yield f"found_in: there are no files at home with work: {plan.work}; take it out"
    if not event.says:
        yield "says: is missing; write what stands in that file"
    if event.after or event.condition or event.delay_s:
        yield "found_in: its words stand there from the beginning; take out after, when and delay_s"


def _cycle(plan: Plan) -> str | None:
    """Events that wait for each other; one that waits for itself is told by another check."""
    try:
        TopologicalSorter(_others(plan)).prepare()
    except CycleError as error:
        circle = error.args[1][:-1]
        first = next(name for name in plan.known if name in circle)
        others = [name for name in circle if name != first]
        return f"events.{first}.after: waits for itself by way of {', '.join(others)}; take one of them out"
    return None


def _never(plan: Plan) -> Iterator[str]:
    """Events that can never come, where these wait in no circle; an impossible call is told by another check."""
    stuck = {event.name for event in plan.events if event.condition == ASKED and event.count > plan.questions + 1}
    for name in TopologicalSorter(_others(plan)).static_order():
        before = [event for event in needed(plan.events, name).values() if event.name != name]
        own = [event.name for event in before if event.kind is EventKind.CANCELLATION and event.of == name]
        over = [event.name for event in before if event.kind is EventKind.END]
        lost = [other for other in plan.known[name].after if other in stuck]
        if over:
            yield f"events.{name}.after: can never come: it waits for {over[0]}, after which nothing comes; take it out"
        elif own:
            yield f"events.{name}.after: can never come: it waits for {own[0]}, which cancels it; take one of them out"
        elif lost:
            yield f"events.{name}.after: can never come: it waits for {lost[0]}, which cannot come; mend that one"
        stuck |= {name} if over or own or lost else set()


def _others(plan: Plan) -> dict[str, set[str]]:
    """Each event with the other ones that it waits for."""
    return {event.name: {*event.after} & {*plan.known} - {event.name} for event in plan.events}
