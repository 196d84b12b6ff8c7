"""File events on the user's home directory, through the kernel's inotify; see watchers.py.

The directory tells of names, each key file of itself: it may have another name too, by which it can be written to.
They are lines of the desk's own stream, the first there was.
"""

import base64
import ctypes
import errno
import os
import select
import struct
import threading
import time

import files
from key_files import HOME, KEY_NAMES

MISSING = {"kind": "file_events_missing"}
EVENTS_MAX = 1500
CONTENTS_MAX = 40

OF_NAMES = {
    0x002: "modify",
    0x004: "attrib",
    0x008: "close_write",
    0x040: "moved_from",
    0x080: "moved_to",
    0x100: "create",
    0x200: "delete",
    0x400: "delete_self",
    0x800: "move_self",
}
OF_FILES = {0x002: "modify", 0x004: "attrib", 0x008: "close_write", 0x400: "delete_self"}
ANEW = 0x040 | 0x080 | 0x100 | 0x200
DONT_FOLLOW = 0x02000000
OVERFLOW = 0x4000
CHUNKS_MAX = 4
USED_UP = (errno.ENOSPC, errno.ENOMEM)
NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
HEADER = struct.Struct("iIII")
libc = ctypes.CDLL(None, use_errno=True)


class Watch:
    """Events on the key files and on the directory itself; others are not kept."""

    def __init__(self, journal, home):
        self.journal, self.path = journal, home
        self.fd = checked(libc.inotify_init1(NONBLOCK_CLOEXEC))
        try:
            self.home = checked(libc.inotify_add_watch(self.fd, home.encode(), sum(OF_NAMES)))
            self.first = self.files = self.watch_files()
        except OSError:
            os.close(self.fd)
            raise
        self.told = None
        self.room = EVENTS_MAX
        self.lock = threading.Lock()
        self.sightings = Sightings()
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while self.room >= 0:
            select.select([self.fd], [], [])
            self.note()

    def note(self):
        """Writes down every event up to here; beyond a limit only that there were more."""
        with self.lock:
            for at, event, name in self.drain() if self.room >= 0 else ():
                self.room -= 1
                if self.room < 0:
                    self.journal.write("file_event", event="overflow", name=".")
                    return
                seen = self.sightings.look_at(name)
                self.journal.write("file_event", at=at, event=event, name=name or ".", **seen)

    def watch_files(self):
        """Number of the watch -> name, for what now stands under the names of the key files.

        OSError where the kernel has no watch left: what happens to such a file would go unseen.
        """
        watches = {}
        for name in KEY_NAMES:
            try:
                path = f"{self.path}/{name}".encode()
                watches[checked(libc.inotify_add_watch(self.fd, path, sum(OF_FILES) | DONT_FOLLOW))] = name
            except OSError as error:
                if error.errno in USED_UP:
                    raise
        return watches

    def watch_anew(self):
        try:
            self.files = self.watch_files()
        except OSError as error:
            self.journal.write(**MISSING, why=str(error))

    def drain(self):
        """(when it was read, event, name) in the order in which they happened; name is "" for the directory.

        No more than a few chunks at once: whoever makes events without end holds up nobody.
        """
        found = []
        for _ in range(CHUNKS_MAX):
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return found
            now, offset = time.time(), 0
            while offset < len(data):
                watch, mask, _, size = HEADER.unpack_from(data, offset)
                offset += HEADER.size
                name = os.fsdecode(data[offset : offset + size].rstrip(b"\0"))
                offset += size
                found += [(now, *event) for event in self.read(watch, mask, name)]
        return found

    def read(self, watch, mask, name):
        if mask & OVERFLOW:
            return [("overflow", "")]
        if watch == self.home:
            if name and name not in KEY_NAMES:
                return []
            self.told = mask, name
            if name and mask & ANEW:
                self.watch_anew()
            return [(word, name) for bit, word in OF_NAMES.items() if mask & bit]
        return self.read_of_file(watch, mask)

    def read_of_file(self, watch, mask):
        """The directory has told of the same a moment before, where it came about by the file's name there."""
        name = self.files.get(watch)
        if name is not None and self.told == (mask, name):
            self.told = None
            return []
        if name is None:
            # The file that once bore the name lives on elsewhere: only its end is of interest.
            name, mask = self.first.get(watch), mask & 0x400
        return [(word, name) for bit, word in OF_FILES.items() if mask & bit] if name else []


def checked(result):
    """What the kernel returned; OSError where that says that it refused."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Sightings:
    """What stood in a key file when an event on it was read, each of the contents once: maybe for a moment only."""

    def __init__(self):
        self.known = {state.get("sha256") for state in files.glance().values()}

    def look_at(self, name):
        """The state of a key file, and its contents where they are new and small; "" is home itself."""
        if not name:
            return {"state": files.state(HOME)}
        state, content = files.seen(f"{HOME}/{name}")
        small = content is not None and len(content) <= files.CONTENT_BYTES_MAX
        if not small or state["sha256"] in self.known or len(self.known) >= CONTENTS_MAX:
            return {"state": state}
        self.known.add(state["sha256"])
        return {"state": state, "content": base64.b64encode(content).decode()}
