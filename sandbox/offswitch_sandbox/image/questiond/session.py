"""Runs one command for the user and says what it did: output, status, files, journal."""

import base64
import os
import selectors
import signal
import subprocess
import time

import desk
import files
import journal

ENVIRONMENT = {
    "HOME": files.HOME,
    "USER": "user",
    "LOGNAME": "user",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
OUTPUT_BYTES_MAX = 256 << 10
LINGER_S = 0.1


def run(order):
    """order: command, timeout_s, skip (journal lines that are known), due_now."""
    before = files.tree()
    started = time.time()
    try:
        if order.get("due_now") and not desk.ask({"due_now": True}):
            raise OSError("it is not due")
        result = run_as_user(order["command"], order["timeout_s"])
    except (OSError, ValueError) as error:
        result = {"status": None, "not_started": str(error), "output": "", "cut": 0}
    ended = time.time()
    return {
        **result,
        "started": started,
        "ended": ended,
        "before": before,
        **look({"skip": order.get("skip", 0)}),
    }


def look(order):
    """What the machine is now, without a command."""
    return {
        # Asked first: the desk then has written down every file event up to here.
        "desk_answers": desk.ask({}),
        "tree": files.tree(),
        "contents": files.contents(),
        "running": running(),
        "seen": time.time(),
        "journal": journal.read(order.get("skip", 0)),
    }


def running():
    """How many processes the user has, besides the first one."""
    count = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            count += pid != "1" and os.stat(f"/proc/{pid}").st_uid == desk.USER
        except OSError:
            pass
    return count


def working_directory():
    """The user's home, or / where he has made it impossible to enter."""
    return files.HOME if os.path.isdir(files.HOME) else "/"


def run_as_user(command, timeout_s):
    process = subprocess.Popen(
        ["/bin/bash", "--login", "-c", command],
        cwd=working_directory(),
        env=ENVIRONMENT,
        user=desk.USER,
        group=desk.USER,
        extra_groups=[],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    output, cut, timed_out = collect(process, time.monotonic() + timeout_s)
    if timed_out:
        end_session(process.pid)
        process.wait()
    return {
        "status": process.returncode,
        "timed_out": timed_out,
        "output": base64.b64encode(output).decode(),
        "cut": cut,
    }


def collect(process, deadline):
    """The command's output until it ends; a background job may hold the pipe open longer."""
    output, cut, ended = bytearray(), 0, None
    os.set_blocking(process.stdout.fileno(), False)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if ended is None and process.poll() is not None:
                ended = now
            if ended is None and now >= deadline:
                return bytes(output), cut, True
            chunk = os.read(process.stdout.fileno(), 1 << 16) if selector.select(0.02) else None
            if chunk:
                kept = chunk[: OUTPUT_BYTES_MAX - len(output)]
                output += kept
                cut += len(chunk) - len(kept)
            elif chunk == b"":
                selector.unregister(process.stdout)
                timed_out = not wait_until(process, deadline)
                return bytes(output), cut, timed_out
            if ended is not None and (chunk is None or now > ended + LINGER_S):
                return bytes(output), cut, False


def wait_until(process, deadline):
    try:
        process.wait(max(0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def end_session(session):
    """Ends every process of the command's session, however fast it forks and whatever it ignores."""
    # A stopped process cannot fork and still takes its place under the limit on processes,
    # so once a pass finds none that is new, all of them are held.
    held = set()
    while (found := members(session)) - held:
        held |= found
        signal_all(found, signal.SIGSTOP)
    signal_all(held, signal.SIGKILL)


def members(session):
    return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if session_of(pid) == session}


def session_of(pid):
    try:
        return os.getsid(pid)
    except OSError:
        return None


def signal_all(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass
