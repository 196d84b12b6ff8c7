"""Talks with a process through its pipes, until it ends or its time is up."""

import os
import selectors
import time

import spawn

LINGER_S = 0.1
CHUNK_BYTES = 1 << 16


class Head:
    """The first bytes of a stream, and how many more there were."""

    def __init__(self, size_max):
        self.size_max = size_max
        self.kept = bytearray()
        self.cut = 0

    def take(self, chunk):
        room = self.size_max - len(self.kept)
        self.kept += chunk[:room]
        self.cut += max(0, len(chunk) - room)


class Tail:
    """The last bytes of a stream."""

    def __init__(self, size_max):
        self.size_max = size_max
        self.kept = bytearray()

    def take(self, chunk):
        self.kept += chunk
        if len(self.kept) > 2 * self.size_max:
            del self.kept[: -self.size_max]

    def bytes(self):
        return bytes(self.kept[-self.size_max :])


def converse(process, sinks, deadline, data=b""):
    """Feeds data to the process and its output (pipe -> sink) to sinks; False where its time is up.

    A job in the background may hold a pipe open for longer than the process lives.
    """
    left, ended = memoryview(data), None
    with selectors.PollSelector() as selector, End(process, selector) as end:
        for pipe in sinks:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while ended is None or selector.get_map():
            now = time.monotonic()
            if ended is None and now >= deadline:
                return False
            had_ended = ended is not None
            ready = selector.select(min(end.look_again_s, deadline - now) if ended is None else 0)
            if ended is None and end.has_come({key.fd for key, _ in ready}):
                ended = time.monotonic()
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    left = feed(selector, process.stdin, left)
                elif key.fileobj in sinks:
                    drain(selector, key.fileobj, sinks[key.fileobj])
            # What it said just before it ended may have come after this look.
            if had_ended and (not ready or now > ended + LINGER_S):
                break
    return True


class End:
    """A process's end, as something that a selector can wait for where the kernel has that."""

    look_again_s = 0.5

    def __init__(self, process, selector):
        self.process, self.selector = process, selector
        try:
            self.fd = os.pidfd_open(process.pid)
            selector.register(self.fd, selectors.EVENT_READ)
        except OSError:
            self.fd, self.look_again_s = None, 0.02

    def __enter__(self):
        return self

    def has_come(self, ready):
        if self.process.poll() is None:
            if self.fd in ready:
                spawn.release(self.process)  # it has ended, and somebody holds it
            return False
        if self.fd is not None:
            self.selector.unregister(self.fd)
        return True

    def __exit__(self, *_):
        if self.fd is not None:
            os.close(self.fd)


def feed(selector, pipe, left):
    try:
        left = left[os.write(pipe.fileno(), left[:CHUNK_BYTES]) :] if left else left
    except BlockingIOError:
        return left
    except BrokenPipeError:
        left = left[:0]
    if not left:
        selector.unregister(pipe)
        pipe.close()
    return left


def drain(selector, pipe, sink):
    chunk = os.read(pipe.fileno(), CHUNK_BYTES)
    if chunk:
        sink.take(chunk)
    else:
        selector.unregister(pipe)
