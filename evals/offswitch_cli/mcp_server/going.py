"""Which runs go, by the locks that their processes hold, and how many may.

The kernel gives up a lock when its process ends, however that is. So a run that an earlier server started counts for as
long as it goes, and none counts that was killed.
"""

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from offswitch.errors import InputError

FOLDER = "run"
"""below the logs of a run: what was ordered, what it says and how it ended"""
LOCK = "lock"
"""in that folder; it holds the number of the process"""
STARTING = ".starting.lock"
"""beside the runs: whoever starts one has it from the counting until the new one is among those that go"""


def goes(folder: Path) -> bool:
    """Whether the run with this folder has a process. Any number may look at once, because they share the lock."""
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not locked(lock, fcntl.LOCK_SH)
    finally:
        os.close(lock)


def locked(file: int, how: int, patience_s: float = 0.0) -> bool:
    """Whether the lock could be had, alone or shared, within some seconds; whoever only looks holds it briefly."""
    until = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


@contextmanager
def alone(logs: Path) -> Generator[None]:
    """Nobody else, in this process or another, starts a run in this directory while the context lasts."""
    lock = os.open(logs / STARTING, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def refuse_too_many(logs: Path, runs_max: int) -> None:
    """InputError, which names them, where as many runs go in this directory as are allowed."""
    names = sorted(place.name for place in logs.iterdir() if goes(place / FOLDER))
    if len(names) >= runs_max:
        raise InputError(
            f"runs: {len(names)} go already ({', '.join(names)}), and {runs_max} are allowed at once; ask run_status "
            "until one has ended, or end one by cancel_run; a person allows more by `offswitch mcp --max-runs N`"
        )
