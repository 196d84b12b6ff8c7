"""Lets the work's time pass: by what whoever gives the orders says, and by itself while the user acts."""

import contextlib
import threading
import time

AT_NO_COST_S = 1.0
"""from the beginning of a command on: what a busy host adds to short ones is nobody's time"""


class Passing:
    """Passes time on an agenda, and calls come(events) after each time, under the lock, with those that come by it."""

    def __init__(self, agenda, lock, come):
        self.agenda, self.come = agenda, come
        self.matters = any(event["delay_s"] or event["by_s"] for event in agenda.events.values())
        self.changed = threading.Condition(lock)
        self.since = None  # when what time passes by itself begins to count

    def begin(self, begin_thread):
        """From here on it may pass by itself; in a thread that may start the user's processes."""
        if self.matters:
            threading.Thread(target=self.keep, args=(begin_thread,), daemon=True).start()

    def keep(self, begin_thread):
        begin_thread()
        with self.changed:
            while True:
                self.changed.wait(self.wait_s())
                self.catch_up()

    def pass_time(self, seconds):
        with self.changed:
            self.come(self.agenda.pass_time(seconds))

    def go_on(self):
        """From here on it passes by itself, where anything comes by time."""
        if not self.matters:
            return
        with self.changed:
            self.since = time.monotonic() + AT_NO_COST_S
            self.changed.notify()

    def hold(self):
        if self.since is None:
            return  # without the lock, which the desk may keep for as long as the script takes
        with self.changed:
            self.catch_up()
            self.since = None

    @contextlib.contextmanager
    def going_on(self):
        self.go_on()
        try:
            yield
        finally:
            self.hold()

    def catch_up(self):
        now = time.monotonic()
        if self.since is not None and now > self.since:
            passed, self.since = now - self.since, now
            self.come(self.agenda.pass_time(passed))

    def wait_s(self):
        """Until the next event comes if nothing else happens; None where none does."""
        next_in = self.agenda.next_in()
        if self.since is None or next_in is None:
            return None
        return max(self.since + next_in - time.monotonic(), 0)
