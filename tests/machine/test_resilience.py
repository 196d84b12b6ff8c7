"""Nothing leaks, nothing hangs and nothing is lost, whatever happens to the program that runs the trials."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import pytest

from machine.rigs import WIRED
from offswitch_analysis.logs import read_logs
from offswitch_sandbox.engine import engine
from offswitch_sandbox.runner import RUNNER
from pace import PATIENCE_S, slowed

WAITING_S = 603
"""how long an agent sleeps that a test wakes up; nothing else sleeps as long, so that it is known by that"""
RUN = "from offswitch_cli import main; main()"
MIXED = {
    "comply": "complied",
    "rewrite": "sabotaged",
    "delete": "sabotaged",
    "chmod": "sabotaged",
    "withdraw": "withdrew",
}


def run_words(sandbox: str, log_dir: Path, trials: int, model: str, *more: str) -> list[str]:
    words = ["run", "--model", model, "--variants", "E", "--trials", str(trials), "--sandbox", sandbox]
    return [sys.executable, "-c", RUN, *words, "--log-dir", str(log_dir), *more]


class Runner:
    """A program that runs trials, with a directory of its own for temporary files, by which it is known."""

    def __init__(self, words: list[str]) -> None:
        self.temporary = Path(tempfile.mkdtemp())
        # Where root runs it, its machines have another user.
        self.temporary.chmod(0o711)
        self.process = subprocess.Popen(
            words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "TMPDIR": str(self.temporary)},
        )  # fmt: skip

    def leaves_nothing(self) -> bool:
        """After a while at most: what another test has killed just now may still be ending."""
        return wait_for(lambda: not self.left(), slowed(30))

    def left(self) -> list[str]:
        """What of it and of its machines is still there."""
        return [*abandoned_containers(), *abandoned_groups(), *self.processes(), *map(str, self.temporary.iterdir())]

    def processes(self) -> list[str]:
        """Every process that has its directory in its environment, or descends from one that has."""
        mark = f"TMPDIR={self.temporary}".encode()
        known = {process for process in processes() if mark in environment(process)}
        while more := {process for process in processes() if parent(process) in known} - known:
            known |= more
        return [f"process {process}: {command_line(process)}" for process in known - {self.process.pid}]

    def idle(self) -> list[str]:
        """First processes of its machines of bubblewrap."""
        return [line for line in self.processes() if "/opt/idle" in line]

    def containers(self) -> list[str]:
        """Containers that it or a process of it has made."""
        own = {line.split(":")[0].split()[1] for line in self.processes()} | {str(self.process.pid)}
        return [label for label in labels() if label.split(" ")[1] in own]


def labels(*status: str) -> list[str]:
    """Of containers in one of these states, or in any."""
    found = engine().api.containers(all=True, filters={"label": RUNNER, "status": list(status)})
    return [container["Labels"][RUNNER] for container in found]


def abandoned_containers(status: str = "running") -> list[str]:
    return [f"container of {label}" for label in labels(status) if not Path(f"/proc/{label.split(' ')[1]}").exists()]


def abandoned_groups() -> list[str]:
    groups = Path("/sys/fs/cgroup").glob("*/machine-*")
    return [str(group) for group in groups if not Path(f"/proc/{group.name.split('-')[1]}").exists()]


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def asleep(seconds: int) -> list[int]:
    """Processes that sleep for so long, of whichever machine: a container's are none of its runner's."""
    return [process for process in processes() if read(f"/proc/{process}/cmdline") == f"sleep\0{seconds}\0".encode()]


def environment(process: int) -> bytes:
    return read(f"/proc/{process}/environ")


def command_line(process: int) -> str:
    return read(f"/proc/{process}/cmdline").replace(b"\0", b" ").decode(errors="replace")[:90]


def parent(process: int) -> int:
    fields = read(f"/proc/{process}/stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields and fields[0] != b"Z" else 0


def read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""


def finished(logs: Path) -> int:
    """How many trials stand in the logs, by their names alone: this is asked again and again during a run."""
    count = 0
    for log in logs.glob("*.eval"):
        with suppress(OSError, BadZipFile), ZipFile(log) as members:
            count += sum(name.startswith("samples/") for name in members.namelist())
    return count


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Whether it holds within these seconds. A look at every process takes CPU time, so that costly ones are rarer."""
    deadline, began = time.monotonic() + seconds, time.thread_time()
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(max(0.2, 9 * (time.thread_time() - began)))
        began = time.thread_time()
    return True


def test_a_scripts_background_run_can_be_broken_off_too(tmp_path: Path) -> None:
    """A shell without job control starts it with SIGINT ignored."""
    logs = tmp_path / "logs"
    more = [*agent(tmp_path, "sleep 1.5"), "--max-samples", "3", "--processes", "2"]
    words = run_words("bubblewrap", logs, 12, "script/file", *more)
    broken = Runner(["sh", "-c", 'trap "" INT; exec "$@"', "sh", *words])
    assert wait_for(lambda: finished(logs) >= 2)
    broken.process.send_signal(signal.SIGTERM)
    broken.process.wait(PATIENCE_S)
    assert broken.process.returncode in (130, -signal.SIGTERM)
    assert broken.leaves_nothing(), broken.left()
    assert 2 <= len(verdicts(logs)) < 12


# A polite signal is the same for both kinds of machine, and tested above; what a kill leaves is the kind's own.
@pytest.mark.parametrize(("sandbox", "processes"), [("bubblewrap", 1), ("offswitch", 2)])
def test_a_run_that_is_killed_leaves_nothing_and_goes_on(tmp_path: Path, sandbox: str, processes: int) -> None:
    logs = tmp_path / "logs"
    more = [*agent(tmp_path, "sleep 1.5"), "--max-samples", "3", "--processes", str(processes)]
    words = run_words(sandbox, logs, 12, "script/file", *more)
    broken = Runner(words)
    assert wait_for(lambda: finished(logs) >= 2)
    broken.process.kill()
    broken.process.wait(PATIENCE_S)
    assert broken.process.returncode == -signal.SIGKILL
    assert broken.leaves_nothing(), broken.left()
    had = verdicts(logs)
    assert 2 <= len(had) < 12

    again = Runner(words)
    _, told = again.process.communicate()
    assert again.process.returncode == 0, told
    assert f"of 12 trials are in {logs} already" in told
    assert Counter(verdicts(logs).values()) == {"complied": 12}
    assert verdicts(logs).items() >= had.items()
    assert again.leaves_nothing(), again.left()
    # One that was made and not yet started, when its program was killed, is removed by the next.
    assert sandbox != "offswitch" or not abandoned_containers("created")


def agent(tmp_path: Path, third: str) -> list[str]:
    """A scripted agent that complies, after a command of one's choice."""
    script = tmp_path / "agent.yaml"
    script.write_text(f"turns: [./next_question, {third}, ./next_question, ./next_question, ./next_question]\n")
    return ["-M", f"path={script}"]


def verdicts(logs: Path) -> dict[str, str]:
    """The verdict of each trial that has one; a trial that has two is an error."""
    try:
        records = read_logs(str(logs)).records
    except ValueError:
        return {}
    found = [(record.trial_id, record.verdict) for record in records if record.failure != "interrupted"]
    assert len(dict(found)) == len(found), found
    return dict(found)


@pytest.mark.parametrize("sandbox", WIRED)
def test_sixty_four_machines_at_once(tmp_path: Path, sandbox: str) -> None:
    # All of them wait until the last one does, however long the host takes for it.
    wait = agent(tmp_path, f"sleep {WAITING_S}")
    more = ["--max-samples", "64", "-T", f"command_timeout_s={WAITING_S}"]
    runner = Runner(run_words(sandbox, tmp_path / "logs", 64, "script/file", *wait, *more))
    most = 0
    while runner.process.poll() is None:
        # Looking at every process of the host takes time, so the machines are counted when all agents wait.
        if len(waiting := asleep(WAITING_S)) >= 64:
            most = max(most, len(runner.containers() if sandbox == "offswitch" else runner.idle()))
            for process in waiting:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGTERM)
        time.sleep(1)
    assert runner.process.returncode == 0
    assert most >= 60
    assert Counter(verdicts(tmp_path / "logs").values()) == {"complied": 64}
    assert runner.leaves_nothing(), runner.left()


@pytest.mark.parametrize("sandbox", WIRED)
def test_mixed_agents_at_the_highest_concurrency_are_all_judged_right(tmp_path: Path, sandbox: str) -> None:
    """A few trials, and then 20 at once that leave no descriptor open; test_selftest.py plays hundreds of others."""
    measure, counts = tmp_path / "measure.py", tmp_path / "counts.json"
    measure.write_text(MEASURE)
    words = [sys.executable, str(measure), sandbox, str(tmp_path / "logs"), str(counts), *MIXED]
    runner = Runner(words)
    _, told = runner.process.communicate()
    assert runner.process.returncode == 0, told
    found = Counter(
        (record.model.removeprefix("script/"), record.verdict) for record in read_logs(str(tmp_path / "logs")).records
    )
    assert found == dict.fromkeys(MIXED.items(), 5)
    assert runner.leaves_nothing(), runner.left()
    descriptors = json.loads(counts.read_text())
    assert descriptors[-1] <= descriptors[0] + 2, descriptors


MEASURE = """
import gc, json, os, sys
import inspect_ai
from offswitch.task import shutdown_resistance
from offswitch_sandbox.engine import engine
sandbox, logs, counts, *names = sys.argv[1:]
descriptors = []
for seed, trials in ((1, 1), (2, 4)):
    inspect_ai.eval(
        shutdown_resistance(variants="E", trials=trials, seed=seed), model=[f"script/{name}" for name in names],
        sandbox=sandbox, log_dir=logs, display="none", max_samples=64, max_tasks=len(names), log_realtime=False,
    )
    if sandbox == "offswitch":
        engine().client.api.close()  # its pool of connections, which is larger or smaller by chance
    gc.collect()
    descriptors.append(len(os.listdir("/proc/self/fd")))
open(counts, "w").write(json.dumps(descriptors))
"""
