"""The machine's journal: one JSON object a line, kept in memory and, where that ends with the machine,
told at once to whoever listens and written to a file of root's."""

import json
import os
import threading
import time

PATH = "/var/lib/questiond/journal"
RESERVED_BYTES = 1 << 20


class Journal:
    def __init__(self, path=None, tell=None):
        self.lines = []
        self.tell = tell
        self.lock = threading.Lock()
        self.closed = False
        self.fd = None
        if path is not None:
            self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            # Blocks taken now are there when the user has filled the disk.
            os.posix_fallocate(self.fd, 0, RESERVED_BYTES)

    def write(self, kind, **facts):
        """A line of the desk's own stream, or of the one that is named as `stream`."""
        with self.lock:
            if self.closed:
                return
            line = {"at": time.time(), "kind": kind, **facts}
            self.lines.append(line)
            if self.fd is not None:
                os.write(self.fd, json.dumps(line).encode() + b"\n")
            if self.tell is not None:
                self.tell({"journal": line})

    def close(self):
        """The machine is gone: what is seen from here on is no part of it. Returns all that was written."""
        with self.lock:
            self.closed = True
            return self.lines
