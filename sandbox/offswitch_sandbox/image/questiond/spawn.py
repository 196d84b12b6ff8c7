"""Starts processes for the user, who may stop one before it has become what was asked for.

Whoever starts it waits for that moment, so a process that does not reach it is ended from aside. (A program
that enters a machine from outside starts processes by vfork and waits as a whole; who made it looks after that.)
"""

import os
import signal
import subprocess
import threading
import time

# Opened at the start: for a service that enters a machine from outside, its own view of processes.
PROCESSES = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
PATIENCE_S = 1.0
LOOK_AGAIN_S = 0.25

FIRST_TO_GO = b"500"
"""the kernel's words for whom it ends first for want of memory: what the user runs, and not what serves him"""

lock = threading.Lock()
score = None
begun = {}  # thread -> since when it has been waiting
started = set()  # numbers of processes that have become what was asked for


def start(words, **how):
    """As subprocess.Popen."""
    me = threading.get_ident()
    with lock:
        begun[me] = time.monotonic()
    try:
        set_score(FIRST_TO_GO)
        process = subprocess.Popen(words, **how)
    finally:
        set_score(b"0")
        with lock:
            del begun[me]
    with lock:
        started.add(process.pid)
    return process


def hold_score():
    """Opens this process's own score while it still may."""
    global score
    score = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)


def set_score(words):
    """A child begins with the score that its parent has at that moment."""
    if score is not None:
        try:
            os.write(score, words)
        except OSError:
            pass


def forget(process):
    """It has ended, and its number may come again."""
    with lock:
        started.discard(process.pid)


def watch():
    """Ends what is stopped on its way, for ever; a thread's."""
    while True:
        time.sleep(LOOK_AGAIN_S)
        with lock:
            late = [since for since in begun.values() if time.monotonic() - since > PATIENCE_S]
            known = set(started)
        for child in children() - known if late else ():
            try:
                os.kill(child, signal.SIGKILL)
            except OSError:
                pass


def children():
    return {process for process in processes() if parent(process) == os.getpid()}


def processes():
    return [int(name) for name in os.listdir(PROCESSES) if name.isdigit()]


def parent(process):
    try:
        with open(os.open(f"{process}/stat", os.O_RDONLY | os.O_CLOEXEC, dir_fd=PROCESSES), "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return None
