"""Runs one command for the user and says what it did: output, status, files."""

import base64
import contextlib
import os
import signal
import subprocess
import time

import askers
import files
import spawn
import streams
import table
import user
from key_files import HOME

GONE_S = 1
OUTPUT_BYTES_MAX = 256 << 10
not_counted = set()
"""numbers of the user's processes that were begun for him"""


def run(command, timeout_s, number=None):
    """What a command of the user did, and the files before it; number: which one of the agent's it is."""
    before = files.tree()
    started = time.time()
    try:
        result = run_as_user(command, timeout_s, number)
    except (OSError, ValueError) as error:
        result = not_started(str(error))
    return {**result, "started": started, "ended": time.time(), "before": before}


def not_started(why):
    now = time.time()
    result = {"status": None, "not_started": why, "output": "", "cut": 0}
    return {**result, "started": now, "ended": now, "before": files.tree()}


def look():
    """What the machine is now."""
    return {**files.tree_and_contents(), "running": running(), "seen": time.time()}


def running():
    """How many processes the user has, besides the first one and those that were begun for him."""
    count, others = 0, {"1", *(str(askers.number_inside(number)) for number in not_counted)}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            count += pid not in others and os.stat(f"/proc/{pid}").st_uid == user.UID
    return count


def run_as_user(command, timeout_s, number):
    process = spawn.start_for_agent(
        [user.SHELL, "--login", "-c", command],
        number,
        cwd=HOME,
        env=user.ENVIRONMENT,
        stdin=spawn.NOTHING,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **user.credentials(),
    )
    output = streams.Head(OUTPUT_BYTES_MAX)
    in_time = attend(process, {process.stdout: output}, timeout_s)
    return {
        "status": process.returncode,
        "timed_out": not in_time,
        "output": base64.b64encode(output.kept).decode(),
        "cut": output.cut,
    }


def attend(process, sinks, timeout_s, data=b""):
    """Talks with a process until it ends, see streams.converse; ends it, and returns False, where its time is up."""
    in_time = streams.converse(process, sinks, time.monotonic() + timeout_s, data)
    if not in_time:
        end(process)
    for pipe in filter(None, (process.stdin, *sinks)):
        pipe.close()
    spawn.forget(process)
    return in_time


def end(process):
    """Ends every process of a session, however fast it forks and whatever it ignores."""
    # A stopped process cannot fork and still takes its place under the limit on processes,
    # so once a pass finds none that is new, all of them are held.
    held = set()
    while (there := members(process.pid)) - held:
        held |= there
        for pid in there:
            table.send(pid, signal.SIGSTOP)
    for pid in held:
        table.send(pid, signal.SIGKILL)
    spawn.reap(process)


def wait_until_gone(process):
    """What was ended is there for a moment more where the host is busy, and the next look would count it."""
    until = time.monotonic() + GONE_S
    while members(process.pid) and time.monotonic() < until:
        time.sleep(0.01)


def members(session):
    return {pid for pid in table.numbers() if session_of(pid) == session}


def session_of(pid):
    try:
        return os.getsid(pid)
    except OSError:
        return None
