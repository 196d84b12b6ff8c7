"""Orders by a command of their own, for whoever has no lasting connection to the service."""

import os
import socket
import sys

import table

PATH = "/var/lib/questiond/control"


def start():
    """Starts the service as a daemon; it listens on a socket in root's directory.

    Once only: where a machine was started again, and the directory is the one of before, nothing in it is touched.
    """
    # A directory that was put there from outside may be open to all.
    os.chmod(os.path.dirname(PATH), 0o700)
    if os.path.exists(PATH) or is_begun():
        relay()


def is_begun():
    """Leaves the service behind; whether it takes orders."""
    import service

    ready, ready_fd = os.pipe()
    if os.fork() == 0:
        os.close(ready)
        service.daemon(PATH, ready_fd)
    os.close(ready_fd)
    return bool(os.read(ready, 1))


def relay():
    """Passes one order on and prints the answer."""
    # A first line at once: whoever asked can tell a machine that ended in mid-command from one that
    # never took the command, and from one that has been started again since.
    boot, since = table.life()
    print(f'{{"boot": "{boot}", "since": {since}}}', flush=True)
    with socket.socket(socket.AF_UNIX) as service:
        try:
            service.connect(PATH)
        except OSError as error:
            print(f'{{"error": "there is no service ({error.strerror})", "kind": "{type(error).__name__}"}}')
            return
        service.sendall(f'{{"verb": "{sys.argv[1]}", "order": {sys.stdin.readline().strip()}}}\n'.encode())
        with service.makefile("rb") as answer:
            sys.stdout.buffer.write(answer.readline())
