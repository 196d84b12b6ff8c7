"""Runs the arms in turns and says what each takes.

Latency is of commands that do nothing, with one machine at a time. In each round every arm gets its trials, one
after the other, so that what else the host does falls on all alike. CPU time is the whole host's, with daemons and
machines, less what the host uses when nothing is measured.
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
"""arms on Inspect's docker provider get so many times fewer trials: they take far longer"""
QUIET_S = 2.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
"""what the kernel counts CPU time in"""
Say = Callable[[str], None]


@dataclass
class Arm:
    """One provider's processes and what they have told."""

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
    """median from the trigger to all that the verdict rests on; None where there is no verdict"""
    memory_kib_per_trial: float
    wrong: int
    """trials that did not end as their agent lets them"""


def bench(arms: Sequence[str], trials: int, rounds: int, processes: int, say: Say) -> list[Result]:
    """Measures the arms side by side: so many trials in each of so many rounds, by so many processes."""
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
            [sys.executable, "-m", "offswitch.bench.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip


def _run_trials(
    arm: Arm, agent: str, trials: int, at_once: int | None, directory: str, processes: int | None = None
) -> list[Any]:
    """Lets an arm's processes run so many trials between them; their answers."""
    workers = arm.workers[:processes]
    order = {"arm": arm.name, "agent": agent, "at_once": at_once}
    for i, worker in enumerate(workers):
        share = trials // len(workers) + (i < trials % len(workers))
        line = json.dumps({**order, "trials": share, "log_dir": f"{directory}/{arm.name}-{i}"})
        with suppress(BrokenPipeError):  # what it has said of its end is read below
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
    """Lets a process end as it would by itself, so that it leaves nothing behind."""
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
    """With the last line of what its process has said."""
    lines = said.strip().splitlines()
    return InputError(f"{what} cannot be measured here: {lines[-1] if lines else 'its process ended'}")


def _idle_share() -> float:
    """CPU-seconds a second that the host uses for other things."""
    before = _cpu_s()
    time.sleep(QUIET_S)
    return (_cpu_s() - before) / QUIET_S


def _cpu_s() -> float:
    """CPU-seconds of all processes of the host so far: user, nice, system, irq and softirq of /proc/stat."""
    fields = Path("/proc/stat").read_text().split()
    return sum(int(fields[i]) for i in (1, 2, 3, 6, 7)) / TICKS_PER_S
