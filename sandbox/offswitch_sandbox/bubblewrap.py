"""Machines made of Linux namespaces, without a daemon and without an image."""

import json
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from offswitch_sandbox.channel import ANSWER_WAIT_S
from offswitch_sandbox.limits import Limits
from offswitch_sandbox.machine import MachineError
from offswitch_sandbox.wire import RunningMachine, Wire
from offswitch_sandbox.witness import MachineEnd

KEEPER = Path(__file__).parent / "keeper"
NEEDED = (0, 8)
"""the first version of bubblewrap that can forbid further user namespaces and limit a tmpfs"""
DOCTOR = "see `offswitch doctor`"
FORBIDDEN = (
    "namespaces for everybody may be forbidden: try `sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, in a container a seccomp profile that allows them"
)
AGENT = "1000"
"""the only user of such a machine"""
KILLED = 137
"""exit code of a process that SIGKILL ended, as a shell reports it"""
END_WAIT_S = 15.0
READY_BYTES_MAX = 1 << 16
SHEBANG_BYTES_MAX = 256


class Namespace(RunningMachine):
    """A machine of namespaces. Its keeper is its witness: it waits for the first process from outside."""

    async def end(self, until: float) -> MachineEnd:
        """See Witness."""
        ended = await self.wire.fact("ended", until)
        if ended is None:
            return MachineEnd("keeper", alive=None if self.wire.closed else True)
        code, memory = ended["exit_code"], ended["out_of_memory"]
        killed = code < 0
        if code == KILLED:
            # Nothing in a namespace can send SIGKILL to its first process. So it came from outside, or from the
            # kernel because memory or CPU time ran out. If the latter cannot be excluded, the cause is unknown.
            killed = None if memory is None or ended["limited"] else not memory
        return MachineEnd("keeper", False, ended["at"], code, killed, memory)

    async def remove(self) -> None:
        """See RunningMachine."""
        self.wire.close()


class Keepers:
    """The process that makes this program's machines. When the program ends, it ends too, and so do its machines."""

    def __init__(self, programs: Path | None = None) -> None:
        """Starts the process; MachineError if bubblewrap cannot make machines here.

        programs: a folder that becomes /usr/local in the machines, which is empty if None.
        """
        check_bubblewrap()
        if programs is not None:
            check_programs(programs)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), str(theirs.fileno()), *([str(programs)] if programs else [])],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        self._control.settimeout(ANSWER_WAIT_S)
        try:
            said = self._control.recv(READY_BYTES_MAX).decode(errors="replace")
        except OSError as error:
            said = str(error)
        if said != "ready":
            self.close()
            raise MachineError(f"bubblewrap can make no machines here: {said or 'their keeper ended at once'}")

    async def make(self, limits: Limits | None = None) -> Namespace:
        """A new machine; MachineError if it cannot be made."""
        ours, theirs = socket.socketpair()
        wire = Wire(ours)
        with ExitStack() as unless_made:
            unless_made.callback(wire.close)
            try:
                with theirs:
                    socket.send_fds(self._control, [json.dumps(asdict(limits or Limits())).encode()], [theirs.fileno()])
            except OSError as error:
                raise MachineError(f"the keeper of all machines has ended ({error.strerror})") from error
            if await wire.fact("made", time.time() + ANSWER_WAIT_S) is None:
                why = wire.facts.get("broken", "the keeper said nothing")
                raise MachineError(f"bubblewrap made no machine ({why}); {FORBIDDEN if 'bwrap' in why else DOCTOR}")
            unless_made.pop_all()
        return Namespace(wire, agent=AGENT)

    def close(self) -> None:
        """Ends every machine, and waits up to END_WAIT_S seconds until all are cleared away."""
        self._control.close()
        try:
            self._process.wait(END_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()

    @property
    def alive(self) -> bool:
        """Whether it can make machines."""
        return self._process.poll() is None


def check_bubblewrap() -> None:
    """MachineError with a remedy if bubblewrap, or a program that it needs, is missing or too old."""
    path = shutil.which("bwrap")
    if path is None:
        raise MachineError("bubblewrap is not installed; install it (apt install bubblewrap)")
    missing = [name for name in ("perl", "bash") if shutil.which(name, path="/usr/bin:/bin") is None]
    if missing:
        raise MachineError(f"bubblewrap machines need /usr/bin/{missing[0]}; install it")
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    version = tuple(map(int, re.findall(r"\d+", said)[:2]))
    if version < NEEDED:
        raise MachineError(f"{said.strip()} is too old; version 0.8 or newer is needed")


def check_programs(programs: Path) -> None:
    """MachineError if the programs for /usr/local are missing, or need an interpreter that this host lacks."""
    commands = [*programs.glob("bin/*")]
    if not commands:
        raise MachineError(f"{programs}: the agent's program is not there any more; have its machine made anew")
    for command in commands:
        with command.open("rb") as file:
            begin = file.readline(SHEBANG_BYTES_MAX).decode(errors="replace")
        interpreter = next(iter(begin[2:].split()), "/bin/sh") if begin.startswith("#!") else "/bin/sh"
        if not Path(interpreter).exists():
            raise MachineError(f"{command.name} needs {interpreter} here; install it, or use --sandbox offswitch")
