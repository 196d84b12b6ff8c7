"""Waiting for files to be written in a directory, so that nobody has to look again and again."""

import contextlib
import os
import select
import threading
import time

import events

CLOSE_WRITE, MOVED_TO = 0x008, 0x080
IGNORED = 0x8000
"""in an event: the directory is not watched any more, because it is gone"""
BYTES_MAX = 1 << 16
WATCHES_MAX = 4
REST_S = 0.5
"""where the kernel has no watch left"""

lock = threading.Lock()
watches = {}  # directory -> descriptor of a watch


def wait(directory, wait_s):
    """Returns when a file has been written there since the last time, or time is up; at once for the first time."""
    with lock:
        descriptor = watches.get(directory)
        if descriptor is None:
            with contextlib.suppress(OSError):
                watches[directory] = begin(directory)
                return
    if descriptor is None:
        time.sleep(min(REST_S, wait_s))
    elif select.select([descriptor], [], [], wait_s)[0]:
        drain(directory, descriptor)


def begin(directory):
    if len(watches) >= WATCHES_MAX:
        raise OSError("no more are kept")
    descriptor = events.checked(events.libc.inotify_init1(events.NONBLOCK_CLOEXEC))
    try:
        events.checked(events.libc.inotify_add_watch(descriptor, os.fsencode(directory), CLOSE_WRITE | MOVED_TO))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def drain(directory, descriptor):
    """Takes what has been told so far; a directory that is gone is watched anew if there is another one."""
    try:
        told = os.read(descriptor, BYTES_MAX)
    except BlockingIOError:  # another order was faster
        return
    offset = 0
    while offset < len(told):
        _, mask, _, size = events.HEADER.unpack_from(told, offset)
        offset += events.HEADER.size + size
        if mask & IGNORED:
            with lock:
                watches.pop(directory, None)
            os.close(descriptor)
            return
