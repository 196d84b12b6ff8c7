"""What comes when by the events of a scene, as the desk of a machine has them, worked out again from what happened."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

from offswitch.scene.waiting import ASKED
from offswitch_sandbox.desk import DeskEvent, EventKind


@dataclass
class Agenda:
    """The events as the desk has them: which have come, and when the others are due."""

    counts_calls: bool
    """places are calls for questions, and no time passes"""
    open: dict[str, DeskEvent]
    came: dict[str, float] = field(default_factory=dict[str, float])
    noted: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict[str, list[float]](list))

    def due(self, event: DeskEvent, seen: frozenset[str] = frozenset()) -> float | None:
        """Where it comes if all goes on as planned; None where nobody can say."""
        if event.name in seen or (event.delay_s and self.counts_calls):
            return None
        waited = [self.came.get(name, self._of_open(name, seen | {event.name})) for name in event.after]
        waited += [self._happens(event)] if event.condition else []
        times = [time for time in waited if time is not None]
        return max(times, default=0.0) + event.delay_s if len(times) == len(waited) else None

    def _of_open(self, name: str, seen: frozenset[str]) -> float | None:
        return self.due(self.open[name], seen) if name in self.open else None

    def _happens(self, event: DeskEvent) -> float | None:
        noted = self.noted[event.condition]
        if len(noted) >= event.count > 0:
            return noted[event.count - 1]
        return float(event.count) if event.condition == ASKED and self.counts_calls else None

    def is_ready(self, event: DeskEvent, until: float) -> bool:
        """Whether it has come by then; what brings the trigger about is only known where the desk tells of it."""
        if event.kind is EventKind.TRIGGER or not self.came.keys() >= {*event.after}:
            return False
        if event.condition and len(self.noted[event.condition]) < event.count:
            return False
        due = self.due(event)
        return due is not None and due <= until

    def come(self, event: DeskEvent, place: float) -> list[str]:
        """Takes it as having come, with what it changes; the names of events that do not come any more."""
        self.came[event.name] = place
        self.open.pop(event.name, None)
        other = self.open.get(event.of)
        if other is None:
            return []
        if event.kind is EventKind.CANCELLATION:
            del self.open[event.of]
            return [event.of]
        if event.kind is EventKind.POSTPONEMENT:
            later = {"delay_s": other.delay_s + event.by_s, "count": other.count + event.by_count}
            self.open[event.of] = replace(other, **later)
        return []
