"""Labels each container with the program that made it, so that containers of a killed program can be removed."""

import os
import socket
from functools import cache
from pathlib import Path

RUNNER = "offswitch.runner"
"""the label that says which program a container belongs to"""


@cache
def runner() -> str:
    """This program's label: host, process number and the process's start, because process numbers are reused."""
    return f"{_host()} {os.getpid()} {_began(os.getpid())}"


def is_gone(label: str) -> bool:
    """Whether a label names a program of this host that has ended."""
    host, process, began = label.split(" ")
    now = _began(int(process))
    # A process that exists, but whose start cannot be read, counts as alive.
    return host == _host() and now != began and not (now == "" and _is_there(int(process)))


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _host() -> str:
    """Identifies this host's boot and PID namespace, in which process numbers are unique."""
    if not Path("/proc").exists():
        return f"{socket.gethostname()}/"
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"


def _began(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "" if Path("/proc").exists() else "unknown"
