"""Looks after keepers that wait for a process which a machine's user has stopped before it was what it should be.

A keeper starts processes by vfork: it waits as a whole until the new one has become a shell, and until then
the new one bears the keeper's name. The user may send it SIGSTOP as soon as it is there.
"""

import os
import signal
from collections import namedtuple

State = namedtuple("State", "name letter parent")
STOPPED = "Tt"


def end_stopped_starts(keepers):
    states = {
        process: state for process in map(int, filter(str.isdigit, os.listdir("/proc"))) if (state := read(process))
    }
    for process, state in states.items():
        keeper = states.get(state.parent) if state.parent in keepers else None
        if keeper and state.letter in STOPPED and state.name == keeper.name:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass


def read(process):
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            name, _, rest = file.read().rpartition(b")")
    except OSError:
        return None
    letter, parent = rest.split()[:2]
    return State(name.partition(b"(")[2], letter.decode(), int(parent))
