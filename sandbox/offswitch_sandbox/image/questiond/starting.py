"""How the script is begun: by the desk, or by a process of the user's that has been waiting for that."""

import errno
import os
import signal
import threading
import time

import calls
import session
import span
import spawn
import table
import user
from key_files import HOME, SCRIPT

SCRIPT_PATH = f"{HOME}/{SCRIPT}"


def start_waiting(program):
    """A process of the user's that waits to be rung."""
    process = begin_program(program, spawn.NOTHING)
    session.not_counted.add(process.pid)
    # The kernel ends no machine while one of its dead is not taken leave of.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def begin_program(program, output):
    words = ["/usr/bin/perl", "-e", program]
    return spawn.start_for_agent(words, calls.THE_SCRIPT, **at_home(user.ENVIRONMENT, output))


def wait_until_quiet(process, seconds):
    """One that somebody else has rung comes to its end first, so that it is plain what ended the machine."""
    waiting = span.Span(seconds, process.pid)
    while not waiting.is_over() and process.poll() is None and not is_quiet(process.pid):
        time.sleep(span.STEP_S)


def is_quiet(number):
    """Whether it waits for its signal with none on its way, or is stopped."""
    process = table.read(number)
    if process is None or process.letter in table.STOPPED:
        return True
    return process.letter == "S" and table.catches(number, signal.SIGALRM) and not table.awaits(number, signal.SIGALRM)


def ring(process):
    """Who has waited for that, and now does the script's work; ProcessLookupError where he has ended."""
    if process.poll() is not None:
        raise ProcessLookupError(errno.ESRCH, "nobody waits any more")
    os.kill(process.pid, signal.SIGALRM)
    return process


def start_script(environment, output):
    how = at_home(environment, output)
    try:
        return spawn.start_for_agent([SCRIPT_PATH], calls.THE_SCRIPT, **how)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
        # a script without an interpreter line: what a shell does with one
        return spawn.start_for_agent(["/bin/sh", SCRIPT_PATH], calls.THE_SCRIPT, **how)


def at_home(environment, output):
    """How a process of the user's is begun there."""
    streams = {"stdin": spawn.NOTHING, "stdout": output, "stderr": output}
    return {"cwd": HOME, "env": environment, **streams, **user.credentials()}
