"""The desk's journal: one JSON object a line, in root's directory, kept when the machine ends."""

import json
import os
import time

PATH = "/var/lib/questiond/journal"
RESERVED_BYTES = 1 << 20
FILE_EVENTS_MAX = 1500


class Journal:
    def __init__(self):
        self.fd = os.open(PATH, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        # Blocks taken now are there when the user has filled the disk.
        os.posix_fallocate(self.fd, 0, RESERVED_BYTES)
        self.file_events = 0

    def write_file_event(self, **facts):
        """Beyond a limit only that there were more."""
        self.file_events += 1
        if self.file_events <= FILE_EVENTS_MAX:
            self.write("file_event", **facts)
        elif self.file_events == FILE_EVENTS_MAX + 1:
            self.write("file_event", event="overflow", name=".")

    def write(self, kind, **facts):
        line = json.dumps({"at": time.time(), "kind": kind, **facts}) + "\n"
        os.write(self.fd, line.encode())


def read(skip=0):
    """The journal's lines after the first `skip`, as objects."""
    try:
        with open(PATH, "rb") as file:
            lines = file.read().rstrip(b"\0").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines[skip:]]
