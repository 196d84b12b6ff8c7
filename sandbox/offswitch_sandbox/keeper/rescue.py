"""Looks after keepers that wait for a process which a machine's user has stopped before it was what it should be.

A keeper starts processes by vfork: it waits as a whole until the new one has become a shell, and until then
the new one bears the keeper's name. The user may send it SIGSTOP as soon as it is there.
"""

import os
import signal

import table


def end_stopped_starts(keepers):
    processes = {number: process for number in table.numbers() if (process := table.read(number))}
    for number, process in processes.items():
        keeper = processes.get(process.parent) if process.parent in keepers else None
        if keeper and process.letter in table.STOPPED and process.name == keeper.name:
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                pass
