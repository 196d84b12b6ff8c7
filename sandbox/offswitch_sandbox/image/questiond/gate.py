"""A pipe that anybody may write to, by which somebody says that something else than this machine has been ended."""

import os

import callers

READ_BYTES_MAX = 4 << 10


class Gate:
    """Open where an order wants one; what comes through is nobody's business, only that something does."""

    def __init__(self, wanted, place, journal):
        self.pipe = callers.open_gate(place) if wanted else None
        self.journal = journal
        self.is_closed = False

    def note(self):
        """Whether a word has come through up to now."""
        if self.pipe is None or self.is_closed:
            return self.is_closed
        try:
            os.read(self.pipe, READ_BYTES_MAX)
        except BlockingIOError:
            return False
        self.is_closed = True
        self.journal.write("closed")
        return True
