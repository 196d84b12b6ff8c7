"""A cluster of Slurm's on this host: munge, a controller and two nodes, which are daemons of their own. For root."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pace import PATIENCE_S

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={directory}/munge.socket
SlurmUser=root
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/%n
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/%n.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SlurmdTimeout=10
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1
PartitionName=all Nodes=ALL Default=YES State=UP
"""


def what_is_missing() -> str | None:
    """Why there can be no cluster here."""
    absent = [program for program in PROGRAMS if shutil.which(program, path=PATH) is None]
    if absent:
        return f"there is no Slurm: {', '.join(absent)} are missing"
    return None if os.geteuid() == 0 else "Slurm's daemons need root"


PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL", "TIMEOUT")


@dataclass
class Cluster:
    """A cluster that runs, and what its users ask of it."""

    directory: Path
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PATH": PATH, "SLURM_CONF": str(self.directory / "slurm.conf")}

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Begins a daemon, which stays a child of this process."""
        with (self.directory / "daemons.log").open("ab") as log:
            daemon = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        self.daemons.append(daemon)
        return daemon

    def ask(self, *words: str) -> str:
        """What one of Slurm's commands prints."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{words}: {done.stderr}\n{self.logs()}"
        return done.stdout.strip()

    def logs(self) -> str:
        """The last words of each daemon, and of each job."""
        return "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in sorted(self.directory.glob("*.[lo]*")))

    def wait(self, reached: Callable[[], bool]) -> None:
        """Until something has been reached."""
        until = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < until, self.logs()
            time.sleep(0.3)

    def tasks(self, job: str) -> dict[str, str]:
        """Number of each task of an array that is known still -> its state."""
        lines = self.ask("squeue", "--noheader", "--array", "--states=all", f"--jobs={job}", "--format=%K %T")
        return dict(line.split() for line in lines.splitlines())

    def has_ended(self, job: str) -> bool:
        return all(state in ENDED for state in self.tasks(job).values())

    def task_on(self, name: str, job: str) -> tuple[str, str]:
        """The number of an array's task that runs on a node, and Slurm's own number of it."""
        lines = self.ask("squeue", "--noheader", "--array", f"--jobs={job}", f"--nodelist={name}", "--format=%K %A")
        ((number, own),) = (line.split() for line in lines.splitlines())
        return number, own

    def kill_node(self, name: str, own: str) -> None:
        """As if the node had lost its power: the daemon, the task on it and all that this began are gone at once."""
        steps = [one for one in psutil.process_iter() if f"[{own}.batch]" in _command(one)]
        assert steps, f"no step of {own}"
        _kill([psutil.Process(int((self.directory / f"{name}.pid").read_text())), *steps])


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""


def _kill(processes: Sequence[psutil.Process]) -> None:
    """Ends processes and all that they have begun."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            for one in (process, *process.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    one.kill()


def _is_of(process: psutil.Process, directory: Path) -> bool:
    """Whether a process has a cluster's configuration, as daemons and jobs have, or a child that has, as steps do."""
    try:
        own = [process, *(process.children() if "slurmstepd" in process.name() else ())]
        return any(one.environ().get("SLURM_CONF") == str(directory / "slurm.conf") for one in own)
    except psutil.Error:
        return False


@contextmanager
def cluster(directory: Path) -> Generator[Cluster]:
    """A cluster with the nodes n1 and n2, one CPU each, until the end of the context."""
    found = Cluster(directory)
    with _ports() as ports:
        told = CONFIGURATION.format(host=socket.gethostname().split(".")[0], directory=directory, ports=ports)
    (directory / "slurm.conf").write_text(told)
    (directory / "state").mkdir()
    key = directory / "munge.key"
    key.write_bytes(os.urandom(64))
    key.chmod(0o400)
    try:
        own = [f"--{name}-file={directory}/munged.{name}" for name in ("pid", "log", "seed")]
        own += [f"--socket={directory}/munge.socket", f"--key-file={key}"]
        found.start("munged", "--foreground", "--force", *own)
        found.wait((directory / "munge.socket").exists)
        found.start("slurmctld", "-D")
        for name in ("n1", "n2"):
            found.start("slurmd", "-D", "-N", name)
        found.wait(lambda: found.ask("sinfo", "--noheader", "--states=idle", "--format=%D") == "2")
        yield found
    finally:
        _kill([one for one in psutil.process_iter() if _is_of(one, directory)])
        for daemon in found.daemons:
            daemon.wait()


@contextmanager
def _ports() -> Generator[list[int]]:
    """Three ports that nobody listens at."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    try:
        yield [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
