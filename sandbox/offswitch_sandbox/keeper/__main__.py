"""Makes machines of Linux namespaces. Usage: python3 -I keeper FD [PROGRAMS]

FD is a socket. Each message on it is an order (JSON) with the descriptor of another socket. For each order a
process is forked, the machine's keeper: it makes one machine, enters it, and serves it on that other socket.
When FD is closed, everything ends. PROGRAMS is a folder that becomes /usr/local in the machines. The first
message from here is "ready", or says why no machine can be made.
This uses only the standard library, and nothing of the evaluation.
"""

import ctypes
import json
import os
import signal
import socket
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "image" / "questiond"))

import limits
import place
import service  # noqa: F401 - loaded once, here, instead of by every machine
import table
from namespace import keep

SWEEP_S = 1.0
READY = b"ready"
COMMAND_LINE = slice(45, 47)
"""fields of /proc/self/stat, after the name, with the start and end of the command line in memory; see proc(5)"""


def main(control, programs=None):
    """Takes orders from the socket `control` until it is closed."""
    limits.remove_abandoned()
    try:
        base = place.Place(programs)
    except OSError as error:
        control.send(str(error).encode())
        return
    control.send(READY)
    machines = set()
    control.settimeout(SWEEP_S)
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 1)
        except TimeoutError:
            end_stopped_starts(machines)
            sweep(machines, base)
            continue
        if not message:
            break
        machines |= {fork_keeper(json.loads(message), channel, base, control) for channel in descriptors} - {None}
        sweep(machines, base)
    sweep(machines, base, os.WEXITED)
    base.remove()


def fork_keeper(order, channel, base, control):
    try:
        keeper = os.fork()
    except OSError:  # the host cannot start another process; the caller sees the channel close
        os.close(channel)
        return None
    if keeper == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        control.close()
        keep(order, channel, base)
        os._exit(0)
    os.close(channel)
    return keeper


def sweep(machines, base, how=os.WEXITED | os.WNOHANG):
    """Removes what ended machines have left; with how=os.WEXITED it waits until all of them have ended."""
    while machines and (ended := os.waitid(os.P_ALL, 0, how)) is not None:
        machines.discard(ended.si_pid)
        base.clear(ended.si_pid)
        limits.remove(ended.si_pid)


def end_stopped_starts(keepers):
    """Kills processes that a machine's user has stopped before they had executed their program.

    A keeper starts processes by vfork, so it is blocked until the new process has executed a shell. Until then the
    new process has the keeper's name. The machine's user could block the keeper by sending it SIGSTOP.
    """
    processes = {number: process for number in table.numbers() if (process := table.read(number))}
    for number, process in processes.items():
        keeper = processes.get(process.parent) if process.parent in keepers else None
        if keeper and process.letter in table.STOPPED and process.name == keeper.name:
            table.send(number, signal.SIGKILL)


def hide_command_line():
    """Erases the arguments of this process's command line.

    A process that a keeper starts has them too for a moment, in which a machine's user could read them.
    """
    with open("/proc/self/stat") as file:
        begin, end = map(int, file.read().rpartition(")")[2].split()[COMMAND_LINE])
    words = os.fsencode(os.path.basename(sys.executable))[: end - begin - 1]
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, words, len(words))


if __name__ == "__main__":
    hide_command_line()
    os.setsid()
    # An interruption of the run must not end the machines before they have been examined.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main(socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:3])
