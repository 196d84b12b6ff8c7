"""Takes requests on a socket that anybody may connect to: one request a connection, one after the other."""

import os
import selectors
import socket
import time

import files

PLACE = "/run/questiond"
SOCKET = f"{PLACE}/socket"
GATE = "gate"
MESSAGE = "message"
NEW_MESSAGE = "message.new"
MESSAGES_BYTES_MAX = 1 << 20
REQUEST_BYTES_MAX = 256 << 10
CALLERS_MAX = 64
REQUEST_WAIT_S = 3


class Caller:
    def __init__(self, connection):
        self.connection = connection
        self.request = bytearray()
        self.deadline = time.monotonic() + REQUEST_WAIT_S

    def hear(self):
        """Whether the request is whole; OSError where it will never be."""
        chunk = self.connection.recv(1 << 16)
        self.request += chunk
        if len(self.request) > REQUEST_BYTES_MAX:
            raise OSError("the request does not end")
        return not chunk


def listen(path=SOCKET):
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.chmod(path, 0o666)
    server.listen(1024)
    server.setblocking(False)
    return server


def open_gate(place):
    """A pipe that anybody may write to; a descriptor to read what comes through, which never waits."""
    os.mkfifo(GATE, dir_fd=place)
    os.chmod(GATE, 0o622, dir_fd=place)
    return os.open(GATE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)


def leave_message(place, text):
    """For anybody to read; a file of its own each time, because opening one that is there may wait for its reader."""
    fd = os.open(NEW_MESSAGE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=place)
    with os.fdopen(fd, "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o644)
    os.rename(NEW_MESSAGE, MESSAGE, src_dir_fd=place, dst_dir_fd=place)


def add_message(place, text):
    """Below what was left there before; nothing is no message."""
    if not text:
        return
    before = files.read_regular(MESSAGE, place, MESSAGES_BYTES_MAX) or b""
    leave_message(place, before.decode() + text)


def serve(server, answer):
    """Answers for ever; whoever does not ask properly, or in time, is not answered."""
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        while True:
            ready = [key for key, _ in selector.select(REQUEST_WAIT_S)]
            for caller in [key.data for key in ready if key.data]:
                attend(caller, selector, answer)
            if any(key.data is None for key in ready):
                admit(server, selector, answer)
            for caller in [key.data for key in selector.get_map().values() if key.data]:
                if time.monotonic() > caller.deadline:
                    dismiss(caller, selector)


def admit(server, selector, answer):
    try:
        connection, _ = server.accept()
    except OSError:  # no descriptor is left, or the caller has gone
        return
    if len(selector.get_map()) > CALLERS_MAX:
        connection.close()
        return
    connection.setblocking(False)
    caller = Caller(connection)
    selector.register(connection, selectors.EVENT_READ, caller)
    # Most requests are there at once.
    attend(caller, selector, answer)


def attend(caller, selector, answer):
    try:
        while not caller.hear():
            pass
        caller.connection.send(answer(bytes(caller.request), caller.connection))
    except BlockingIOError:
        return
    except OSError:
        pass
    dismiss(caller, selector)


def dismiss(caller, selector):
    selector.unregister(caller.connection)
    caller.connection.close()
