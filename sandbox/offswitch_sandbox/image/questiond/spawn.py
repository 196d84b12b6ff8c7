"""Starts processes for the user, who may stop one before it has become what was asked for.

Whoever starts it waits for that moment, so a process that does not reach it is ended from aside. (A program
that enters a machine from outside starts processes by vfork and waits as a whole; who made it looks after that.)
"""

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time

import table

PATIENCE_S = 1.0
"""with one that is stopped"""
LONGEST_S = 20.0
"""with one that does not get further for another reason, such as a lease on what is to be run"""
LOOK_AGAIN_S = 0.25

FIRST_TO_GO = b"500"
"""the kernel's words for whom it ends first for want of memory: what the user runs, and not what serves him"""

NOTHING = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
"""what a process has nothing to read from; opened here, where nobody has to be asked"""

lock = threading.Lock()
score = None
threads = None  # makes those in which the agent's processes are begun
calls = None  # who is asked by them, once there is somebody
begun = {}  # thread -> since when it has been waiting
started = set()  # numbers of processes that have become what was asked for


def start(words, **how):
    """As subprocess.Popen, in a session of its own.

    InterruptedError where the process was ended before it had become what was asked for.
    """
    me, since = threading.get_ident(), time.monotonic()
    with lock:
        begun[me] = since
    try:
        set_score(FIRST_TO_GO)
        process = subprocess.Popen(words, start_new_session=True, **how)
    finally:
        set_score(b"0")
        with lock:
            del begun[me]
    if time.monotonic() - since > PATIENCE_S and was_killed(process):
        raise InterruptedError(errno.EINTR, "it was held up before it began")
    with lock:
        started.add(process.pid)
    return process


def start_for_agent(words, command=None, **how):
    """As start, for the agent's user: what the process asks of the kernel is watched where that can be had.

    command: the number of the agent's command, 0 for the script; OSError also where no thread can be had.
    """
    if calls is None:
        return start(words, **how)
    return threads.do(lambda: calls.begin(command, words, lambda: start(words, **how)))


def was_killed(process):
    try:
        return process.wait(LOOK_AGAIN_S) == -signal.SIGKILL
    except subprocess.TimeoutExpired:
        return False


def hold_score():
    """Opens this process's own score while it still may."""
    global score
    score = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)


def set_score(words):
    """A child begins with the score that its parent has at that moment."""
    if score is not None:
        with contextlib.suppress(OSError):
            os.write(score, words)


def forget(process):
    """It has ended, and its number may come again."""
    with lock:
        started.discard(process.pid)


def reap(process):
    """Waits for a process that was killed, for as long as that may take."""
    until = time.monotonic() + LONGEST_S
    while time.monotonic() < until:
        try:
            process.wait(LOOK_AGAIN_S)
            return
        except subprocess.TimeoutExpired:
            release(process)


def release(process):
    """Ends whoever traces it: he is told of its end first, and may keep it from who waits for it."""
    if tracer := table.tracer(process.pid):
        table.send(tracer, signal.SIGKILL)


def watch():
    """Ends what is held up on its way, for ever; a thread's."""
    while True:
        time.sleep(LOOK_AGAIN_S)
        with lock:
            waited_s = max((time.monotonic() - since for since in begun.values()), default=0)
            known = set(started)
        if waited_s > PATIENCE_S:
            end_held_up(known, waited_s)


def end_held_up(known, waited_s):
    for number in set(table.numbers()) - known:
        process = table.read(number)
        if process and process.parent == os.getpid() and (process.letter in table.STOPPED or waited_s > LONGEST_S):
            table.send(number, signal.SIGKILL)
