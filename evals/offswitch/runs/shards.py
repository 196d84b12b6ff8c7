"""Trials in several processes, each with its share and a log of its own: one process uses one core at most."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, TextIO

from inspect_ai._util.error import PrerequisiteError  # see refusals.py

from offswitch.runs.plan import Run

DONE = "trial"
"""what a process prints when a trial has ended"""


def start_shards(run: Run, processes: int, tell: Callable[[], None]) -> list[int]:
    """Runs a run's trials in so many processes and calls tell for each that ends; their exit codes."""
    trials = list(run.wanted() if run.trials is None else run.trials)
    shards = [replace(run, trials=tuple(trials[i::processes])) for i in range(min(processes, len(trials)))]
    started = [_start(shard) for shard in shards]
    followers = [threading.Thread(target=_follow, args=(process, tell)) for process in started]
    for follower in followers:
        follower.start()
    _wait(started)
    for follower in followers:
        follower.join()
    return [process.returncode for process in started]


def _start(shard: Run) -> subprocess.Popen[str]:
    # In a session of its own, so that an interruption reaches it once, from here.
    process = subprocess.Popen(
        [sys.executable, "-m", "offswitch.runs.shards"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    print(json.dumps(asdict(shard), default=str), file=process.stdin, flush=True)
    return process


def _follow(process: subprocess.Popen[str], tell: Callable[[], None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == DONE:
            tell()


def _wait(started: list[subprocess.Popen[str]]) -> None:
    """Until all have ended; an interruption of this process is one of theirs, and they may finish their logs."""

    def interrupt(*_: Any) -> None:
        for process in started:
            process.send_signal(signal.SIGINT)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for process in started:
            process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _main() -> None:
    """One process's share: the run comes as a line; when the input ends, whoever wanted it is gone."""
    given: dict[str, Any] = json.loads(sys.stdin.readline())
    given["trials"] = tuple(given["trials"])
    run = Run(**given)
    told = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    threading.Thread(target=_end_with_input, daemon=True).start()
    _tell_of_trials(told)
    try:
        sys.exit(0 if run.start(display="none") else 1)
    except KeyboardInterrupt:
        sys.exit(1)
    except PrerequisiteError as error:
        sys.exit(f"offswitch: {error.message}")


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def _tell_of_trials(told: TextIO) -> None:
    from inspect_ai.hooks import Hooks, SampleEnd, hooks

    # Inspect's decorator is not typed.
    @hooks(name="offswitch_progress", description="Says that a trial has ended.")  # pyright: ignore
    class Progress(Hooks):  # pyright: ignore[reportUnusedClass] - Inspect keeps it
        async def on_sample_end(self, data: SampleEnd) -> None:
            print(DONE, file=told, flush=True)


if __name__ == "__main__":
    _main()
