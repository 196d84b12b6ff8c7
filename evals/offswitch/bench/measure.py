"""Runs the arms in turns and measures what each takes.

Latency is that of commands that do nothing, with one machine at a time. In each round every arm gets its trials, one
arm after the other, so that other load on the host affects all alike. CPU time is that of the whole host, with daemons
and machines, minus what the host uses when nothing is measured.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from offswitch.errors import InputError

BARE = "docker-bare"
ARMS = (BARE, "docker", "offswitch", "bubblewrap")
AT_ONCE = {"offswitch": 3, "bubblewrap": 4}
"""machines at once for each process; Inspect's docker provider keeps its own limit"""
LATENCY_TRIALS = 3
WARM_UP_TRIALS = 2
SLOW = (BARE, "docker")
SLOW_SHARE = 4
"""arms on Inspect's docker provider get this many times fewer trials, because they take far longer"""
QUIET_S = 2.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
"""the kernel's unit of CPU time"""
Say = Callable[[str], None]


@dataclass
class Arm:
    """One provider's processes and the results that they have sent."""

    name: str
    workers: list[subprocess.Popen[str]]
    rounds: list[tuple[int, float, float]] = field(default_factory=list[tuple[int, float, float]])
    """(trials, seconds, CPU-seconds) of each round"""
    commands_s: list[float] = field(default_factory=list[float])
    """with one machine at a time"""
    to_verdict_s: list[float] = field(default_factory=list[float])
    memory_kib: float = 0.0
    """growth of the processes' memory for each trial, in the rounds after the first"""
    wrong: int = 0


@dataclass(frozen=True)
class Result:
    """What one arm takes."""

    arm: str
    trials: int
    trials_per_s: float
    cpu_s_per_trial: float
    command_ms: float
    """median of a command that does nothing, with its evidence or its check, with one machine"""
    command_p95_ms: float
    to_verdict_s: float | None
    """median seconds from the trigger until the evidence is complete; None if there is no verdict"""
    memory_kib_per_trial: float
    wrong: int
    """trials that did not end as their script makes them end"""


def bench(arms: Sequence[str], trials: int, rounds: int, processes: int, say: Say) -> list[Result]:
    """Measures the arms side by side; InputError if one is unknown or cannot be measured.

    Args:
        arms: Names in ARMS.
        trials: Trials of each arm in a round; fewer for the slow ones.
        rounds: How many rounds.
        processes: Processes for each arm.
        say: Is told the progress.
    """
    for name in arms:
        if name not in ARMS:
            raise InputError(f"--providers {name}: there are {', '.join(ARMS)}")
    with tempfile.TemporaryDirectory(prefix="offswitch-bench-") as directory:
        started = [Arm(name, [_worker(directory, name, i) for i in range(processes)]) for name in arms]
        try:
            for arm in started:
                say(f"{arm.name}: warming up")
                _run_trials(arm, "errand", WARM_UP_TRIALS * processes, None, directory)
                _ask_for_logs(arm, directory)
            # Before the rounds: an engine clears away after them for a while.
            for arm in started:
                say(f"{arm.name}: one machine at a time")
                _measure_latency(arm, directory)
            idle = _idle_share()
            for number in range(rounds):
                for arm in started:
                    say(f"{arm.name}: round {number + 1} of {rounds}")
                    _measure_round(arm, trials, idle, directory)
        finally:
            for worker in [worker for arm in started for worker in arm.workers]:
                _end(worker)
    return [_result(arm) for arm in started]


def _worker(directory: str, name: str, number: int) -> subprocess.Popen[str]:
    with Path(directory, f"{name}-{number}.err").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "offswitch.bench.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip


def _run_trials(
    arm: Arm, agent: str, trials: int, at_once: int | None, directory: str, processes: int | None = None
) -> list[Any]:
    """Shares the trials out among an arm's processes, and returns their answers."""
    workers = arm.workers[:processes]
    order = {"arm": arm.name, "agent": agent, "at_once": at_once}
    for i, worker in enumerate(workers):
        share = trials // len(workers) + (i < trials % len(workers))
        line = json.dumps({**order, "trials": share, "log_dir": f"{directory}/{arm.name}-{i}"})
        with suppress(BrokenPipeError):  # the process has ended; _answer reports why
            print(line, file=worker.stdin, flush=True)
    return [_answer(arm, i, worker, directory) for i, worker in enumerate(workers)]


def _ask_for_logs(arm: Arm, directory: str, processes: int | None = None) -> list[Any]:
    workers = arm.workers[:processes]
    for worker in workers:
        print(file=worker.stdin, flush=True)
    return [_answer(arm, i, worker, directory) for i, worker in enumerate(workers)]


def _answer(arm: Arm, number: int, worker: subprocess.Popen[str], directory: str) -> Any:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    if not line:
        raise cannot_be_measured(arm.name, Path(directory, f"{arm.name}-{number}.err").read_text())
    return json.loads(line)


def _measure_round(arm: Arm, trials: int, idle: float, directory: str) -> None:
    share = max(len(arm.workers), trials // SLOW_SHARE if arm.name in SLOW else trials)
    cpu = _cpu_s()
    answers = _run_trials(arm, "errand", share, AT_ONCE.get(arm.name), directory)
    took, used = max(answer["seconds"] for answer in answers), _cpu_s() - cpu
    if arm.rounds:
        arm.memory_kib += sum(answer["memory_kib"] for answer in answers)
    answers = _ask_for_logs(arm, directory)
    done = sum(answer["trials"] for answer in answers)
    arm.rounds.append((done, took, used - idle * took))
    arm.wrong += sum(answer["wrong"] for answer in answers)
    arm.to_verdict_s += [taken for answer in answers for taken in answer["to_verdict_s"]]


def _measure_latency(arm: Arm, directory: str) -> None:
    _run_trials(arm, "still", LATENCY_TRIALS, 1, directory, processes=1)
    (answer,) = _ask_for_logs(arm, directory, processes=1)
    arm.commands_s += answer["commands_s"]


def _end(worker: subprocess.Popen[str]) -> None:
    """Closes a process's input, so that it ends by itself and cleans up; kills it after 30 seconds."""
    try:
        worker.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        worker.kill()


def _result(arm: Arm) -> Result:
    if len(arm.commands_s) < 2:
        raise cannot_be_measured(arm.name, "no trial went as its agent lets it; see `offswitch doctor`")
    trials, seconds, cpu = (sum(column) for column in zip(*arm.rounds, strict=True))
    later = sum(done for done, _, _ in arm.rounds[1:])
    return Result(
        arm.name,
        int(trials),
        trials / seconds,
        cpu / trials,
        1000 * median(arm.commands_s),
        1000 * quantiles(arm.commands_s, n=20)[-1],
        median(arm.to_verdict_s) if arm.to_verdict_s else None,
        arm.memory_kib / later if later else 0.0,
        arm.wrong,
    )


def cannot_be_measured(what: str, said: str) -> InputError:
    """An error with the last line of the process's output."""
    lines = said.strip().splitlines()
    return InputError(f"{what} cannot be measured here: {lines[-1] if lines else 'its process ended'}")


def _idle_share() -> float:
    """CPU-seconds per second that the host uses for other things."""
    before = _cpu_s()
    time.sleep(QUIET_S)
    return (_cpu_s() - before) / QUIET_S


def _cpu_s() -> float:
    """CPU-seconds of all processes of the host so far: user, nice, system, irq and softirq of /proc/stat."""
    fields = Path("/proc/stat").read_text().split()
    return sum(int(fields[i]) for i in (1, 2, 3, 6, 7)) / TICKS_PER_S
