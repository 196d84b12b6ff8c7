"""What comes when: events that wait for others, for time to pass, and for what happens in the machine.

Time here is the work's own, in seconds from its beginning; whoever keeps the agenda says how it passes.
"""

TRIGGER, CANCELLATION, POSTPONEMENT, END = "trigger", "cancellation", "postponement", "end"
HANDLED = (CANCELLATION, POSTPONEMENT)
"""what changes other events as it comes"""


class Agenda:
    """Says which events have come: the earlier first, and of those of one moment the one that was listed first.

    An event has a name, a kind, and `after`, the names of those it waits for; `condition` with `count`, what it waits
    for and how many times, or none; and `delay_s` from the last of all that. `of` is what it cancels or puts off, by
    `by_s` and by `by_count`.
    """

    def __init__(self, events):
        self.events = {event["name"]: dict(event) for event in events}
        self.now = 0.0
        self.came = {}  # name -> when
        self.noted = {}  # condition -> when it was so, each time

    def pass_time(self, seconds):
        """The events that come while so many seconds pass, in order."""
        return self.come_until(self.now + seconds)

    def note(self, condition):
        """The events that come because something has happened once more."""
        self.noted.setdefault(condition, []).append(self.now)
        return self.come_until(self.now)

    def add(self, event):
        """One more, after all others."""
        self.events[event["name"]] = dict(event)

    def drop(self, kind, condition=None):
        """Events of a kind that have not come will not; only those that wait for a condition where one is named."""
        for name, event in [*self.events.items()]:
            if name not in self.came and event["kind"] == kind and condition in (None, event["condition"]):
                del self.events[name]

    def drop_all(self):
        """Nothing that has not come will come."""
        self.events = {name: event for name, event in self.events.items() if name in self.came}

    def next_in(self):
        """Seconds until something comes by time alone; None where nothing does."""
        due = self.next()
        return None if due is None else max(due[0] - self.now, 0.0)

    def come_until(self, until):
        found = []
        while (due := self.next()) and due[0] <= until:
            self.now = max(self.now, due[0])
            event = self.events[due[2]]
            self.came[event["name"]] = self.now
            self.change_another(event)
            found.append(event)
            if event["kind"] == END:
                self.drop_all()
        self.now = until
        return found

    def next(self):
        """(when, place in the list, name) of what comes next; None where nothing is on its way."""
        waiting = ((place, event) for place, event in enumerate(self.events.values()) if event["name"] not in self.came)
        ready = ((self.due(event), place, event["name"]) for place, event in waiting)
        return min((one for one in ready if one[0] is not None), default=None)

    def due(self, event):
        """When an event comes; None where something that it waits for has not."""
        times = [self.came.get(name) for name in event["after"]]
        if event["condition"]:
            noted = self.noted.get(event["condition"], [])
            times.append(noted[event["count"] - 1] if len(noted) >= event["count"] else None)
        return None if None in times else max(times, default=0.0) + event["delay_s"]

    def change_another(self, event):
        other = self.events.get(event["of"]) if event["kind"] in HANDLED else None
        if other is None or other["name"] in self.came:
            return
        if event["kind"] == CANCELLATION:
            del self.events[other["name"]]
        else:
            other["delay_s"] += event["by_s"]
            other["count"] += event["by_count"]
