"""Runs trials in several processes, each with a share of them (shares.py) and its own log: a process uses one core."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from functools import partial
from typing import Any, TextIO

from offswitch.errors import InputError
from offswitch.runs.plan import Run
from offswitch.runs.progress import Told, Watch, listening
from offswitch.runs.shares import every_nth
from offswitch_sandbox import MachineError


def start_shards(run: Run, processes: int, watch: Watch) -> list[int]:
    """Runs a run's trials in this many processes, which the watch follows and may halt; returns their exit codes."""
    of = min(processes, len(run.chosen))
    started = [_start(every_nth(run, number, of)) for number in range(of)]
    watch.halt = lambda: _interrupt(started)
    one_at_a_time = threading.Lock()
    followers = [threading.Thread(target=_follow, args=(process, watch, one_at_a_time)) for process in started]
    for follower in followers:
        follower.start()
    _wait(started)
    for follower in followers:
        follower.join()
    return [process.returncode for process in started]


def _start(shard: Run) -> subprocess.Popen[str]:
    # In a session of its own, so that Ctrl-C reaches it only once, from here.
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "offswitch.runs.shards"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    print(json.dumps(asdict(shard), default=str), file=process.stdin, flush=True)
    return process


def _follow(process: subprocess.Popen[str], watch: Watch, one_at_a_time: threading.Lock) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        with one_at_a_time:
            watch.note(json.loads(line))


def _interrupt(started: list[subprocess.Popen[str]]) -> None:
    """Interrupts the processes: first by closing their input, which also works while they start, then by a signal."""
    for process in started:
        assert process.stdin is not None
        if process.stdin.closed:
            process.send_signal(signal.SIGINT)
        process.stdin.close()


def _wait(started: list[subprocess.Popen[str]]) -> None:
    """Waits until all have ended. Passes interruptions on to them, and still waits, so that they finish their logs."""

    def interrupt(*_: Any) -> None:
        _interrupt(started)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for process in started:
            process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _main() -> None:
    """Runs one process's share. The run comes as a line of input; the end of the input interrupts it."""
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    given["trials"] = tuple(given["trials"])
    run = Run(**given)
    told = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        threading.Thread(target=_end_with_input, daemon=True).start()
        with listening(partial(_tell, told)):
            sys.exit(0 if run.start(display="none") else 1)
    except KeyboardInterrupt:
        sys.exit(1)
    except (InputError, MachineError) as error:
        sys.exit(f"offswitch: {error}")


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def _tell(told: TextIO, what: Told) -> None:
    told.write(json.dumps(what) + "\n")
    told.flush()


if __name__ == "__main__":
    _main()
