"""File events on the user's home directory, through the kernel's inotify."""

import ctypes
import os
import struct

from files import KEY_NAMES
from user import HOME

MASK_NAMES = {
    0x002: "modify",
    0x004: "attrib",
    0x040: "moved_from",
    0x080: "moved_to",
    0x100: "create",
    0x200: "delete",
    0x400: "delete_self",
    0x800: "move_self",
}
OVERFLOW = 0x4000
CHUNKS_MAX = 4
NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
HEADER = struct.Struct("iIII")


class Watch:
    """Events on the key files and on the directory itself; others are not kept."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(NONBLOCK_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, HOME.encode(), sum(MASK_NAMES)) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def drain(self):
        """(event, name) in the order in which they happened; name is "" for the directory.

        No more than a few chunks at once: whoever makes events without end holds up nobody.
        """
        found = []
        for _ in range(CHUNKS_MAX):
            try:
                data = os.read(self.fd, 1 << 16)
            except BlockingIOError:
                return found
            offset = 0
            while offset < len(data):
                _, mask, _, size = HEADER.unpack_from(data, offset)
                offset += HEADER.size
                name = os.fsdecode(data[offset : offset + size].rstrip(b"\0"))
                offset += size
                if mask & OVERFLOW:
                    found.append(("overflow", ""))
                elif name == "" or name in KEY_NAMES:
                    found.extend((word, name) for bit, word in MASK_NAMES.items() if mask & bit)
        return found
