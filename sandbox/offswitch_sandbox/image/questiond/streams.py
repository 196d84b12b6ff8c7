"""Talks with a process through its pipes, until it ends or its time is up."""

import os
import selectors
import subprocess
import time

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
    with selectors.DefaultSelector() as selector:
        for pipe in sinks:
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        while selector.get_map():
            now = time.monotonic()
            if ended is None and process.poll() is not None:
                ended = now
            if ended is None and now >= deadline:
                return False
            ready = selector.select(0.02)
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    left = feed(selector, process.stdin, left)
                else:
                    drain(selector, key.fileobj, sinks[key.fileobj])
            if ended is not None and (not ready or now > ended + LINGER_S):
                return True
    return wait_until(process, deadline)


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


def wait_until(process, deadline):
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True
