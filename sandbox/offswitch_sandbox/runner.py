"""Which program a container belongs to, so that nothing is left of one that was killed."""

import os
import socket
from functools import cache
from pathlib import Path

RUNNER = "offswitch.runner"
"""the label that says which program a container belongs to"""


@cache
def runner() -> str:
    """This program: host, process and when that began, so that a number used again is not taken for it."""
    return f"{_host()} {os.getpid()} {_began(os.getpid())}"


def is_gone(label: str) -> bool:
    """Whether the program of a label, if it was one of this host, has ended."""
    host, process, began = label.split(" ")
    now = _began(int(process))
    # A process that is there and hides when it began is left alone.
    return host == _host() and now != began and not (now == "" and _is_there(int(process)))


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True


def _host() -> str:
    """This machine since it was started, as far as its processes can see each other."""
    if not Path("/proc").exists():
        return f"{socket.gethostname()}/"
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"


def _began(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return "" if Path("/proc").exists() else "unknown"
