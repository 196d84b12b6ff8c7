"""Seconds in which it does not count how long a busy host keeps this process from its processor."""

import subprocess
import time

import kept

STEP_S = 0.02
LATE_MAX = 4
"""times a span that it may take by the clock, however busy the host is"""


class Span:
    """Waited for in steps: whoever is late for the end of one is late by the host, and so is what is waited for.

    A host may wake who waits at once, and keep who works: what the kernel says of the latter does not count either.
    """

    def __init__(self, seconds, worker):
        self.left = seconds
        self.last = time.monotonic()
        self.end = self.last + LATE_MAX * seconds
        self.kept = kept.Kept(worker)

    def is_over(self):
        """Called after each step."""
        now = time.monotonic()
        self.left -= max(0.0, min(now - self.last, 2 * STEP_S) - self.kept.since())
        self.last = now
        return self.left <= 0 or now >= self.end


def wait(process, seconds):
    """The exit status of a process; subprocess.TimeoutExpired where it had its time and has not ended."""
    span = Span(seconds, process.pid)
    while True:
        try:
            return process.wait(STEP_S)
        except subprocess.TimeoutExpired:
            if span.is_over():
                raise
