"""The keeper of one machine of namespaces: makes the machine, and serves it from outside.

The keeper enters every namespace of the machine except its PID namespace. Its children are in the machine; it
is not, so nothing in there can see, signal or trace it. It serves with the same code that runs in a container.
The machine has one user, and the keeper runs under that user's number. It is not dumpable, so that user cannot
read its memory.
"""

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import threading
import time

import attendance
import callers
import journal
import limits
import service
import spawn
import table
import user
from bwrap import KINDS, start
from key_files import HOME

UIDS = 0x70000000
"""user numbers from here on belong to no user of the host; each machine that root makes gets one"""
NOBODY = 65534
CAPABILITY_VERSION_3 = 0x20080522
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
"""the kernel's name for the hardware -> number of the system call"""
JOIN_SESSION_KEYRING = 1
NO_KEYRINGS = (errno.ENOSYS, errno.EPERM)
"""errors where the kernel has no keyrings, or a container forbids them; then a machine has none either"""
WATCHES = 8
"""inotify instances of a machine; all machines of one user of the host share that user's limit"""
END_WAIT_S = 60.0
SOON_S = 0.5
LOOK_AGAIN_S = 0.05
libc = ctypes.CDLL(None, use_errno=True)


class Keeper(service.Service):
    """Serves a machine from outside."""

    def __init__(self, tell, server, directory, processes, first):
        super().__init__(tell, first)
        self.server = server
        self.directory = directory
        self.processes = processes
        self.ended = threading.Event()
        self.time_limit = table.time_limit(first)
        self.limited = False

    def new_journal(self):
        """A journal that is sent as a whole at the machine's end, which this process outlives."""
        return journal.Journal()

    def listen(self):
        return self.server

    def place(self):
        return self.directory

    def begin_thread(self):
        join(self.processes)

    def begin_aside(self):
        join(self.processes)
        drop_capabilities()

    def check(self):
        # When a machine ends, its processes end first: an order waits until the end itself is known.
        until = time.monotonic() + END_WAIT_S
        while table.is_ending(self.first) and not self.ended.wait(LOOK_AGAIN_S) and time.monotonic() < until:
            if self.desk is not None:
                self.desk.due.take_leave()
        if self.ended.is_set():
            raise ProcessLookupError("the machine has ended")

    def look(self, order):
        # The kernel kills with SIGKILL a process that has used up its CPU time, even the first one.
        self.limited |= table.time_limit(self.first) not in (self.time_limit, None)
        return super().look(order)

    def watch(self, bwrap, group):
        """Waits for the machine's end and reports it."""
        code = bwrap.wait()
        at = time.time()
        lines = self.desk.journal.close() if self.desk is not None else []
        memory = group.out_of_memory() if group else None
        facts = {"at": at, "exit_code": code, "out_of_memory": memory, "limited": self.limited}
        with contextlib.suppress(OSError):  # the connection may be closed already
            self.tell({"ended": {**facts, "journal": lines}})
        # Only now, so that no answer comes before this report.
        self.ended.set()


def keep(order, channel, base):
    """Makes a machine with an order's limits, serves it until the channel is closed, and ends it.

    Errors are reported on the channel as `broken`.
    """
    lines = attendance.Lines(channel)
    bwrap = first = None
    try:
        spawn.hold_score()
        join_new_keyring()
        group = limits.Group(order["memory_bytes"], order["processes"]) if os.getuid() == 0 else None
        grouped = group is not None and group.events is not None
        directory = give_up_root(base)
        # Opened here, because it is read-only in the machine.
        place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # By a relative path, because the path of a socket may have 107 bytes only.
        os.fchdir(place)
        server = callers.listen("socket")
        home = user.home_files()
        bwrap, first, namespaces = start(directory, base, order)
        enter(namespaces, grouped, order, base.programs is not None)
        if not user.lay_out_home(home):
            raise OSError("the home directory could not be filled")
        keeper = Keeper(lines.tell, server, place, namespaces["pid"], first)
        threading.Thread(target=keeper.watch, args=(bwrap, group), daemon=True).start()
        lines.tell({"made": {"first": first, "grouped": grouped}})
        with os.fdopen(channel, "rb", closefd=False) as incoming:
            attendance.Attendance(keeper, incoming, lines).run()
    except Exception as error:
        with contextlib.suppress(OSError):
            lines.tell({"broken": f"{type(error).__name__}: {error}"})
    finally:
        if bwrap is not None:
            end(bwrap, first)


def end(bwrap, first):
    """Kills the machine's first process, and waits until the kernel has ended all others."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(first, signal.SIGKILL)
    try:
        bwrap.wait(SOON_S)
    except subprocess.TimeoutExpired:
        while bwrap.poll() is None:
            reap_children(bwrap.pid)
            time.sleep(LOOK_AGAIN_S)


def reap_children(bwrap):
    """Reaps this process's ended children but bwrap, for example a script that took too long.

    The kernel ends the PID namespace only after that.
    """
    for number in table.numbers():
        process = table.read(number)
        if process and process.parent == os.getpid() and number != bwrap:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(number, os.WNOHANG)


def join_new_keyring():
    """Joins a new session keyring, so that the machine does not get the keys of the user who started the run."""
    joined = libc.syscall(KEYCTL[os.uname().machine], JOIN_SESSION_KEYRING, None) >= 0
    if not joined and ctypes.get_errno() not in NO_KEYRINGS:
        raise OSError(ctypes.get_errno(), "a keyring of its own cannot be had")


def give_up_root(base):
    """Makes the socket's directory and returns its path; root first gives up its user number for an unused one."""
    if os.getuid() != 0:
        return base.make_socket_directory(os.getuid())
    with open("/proc/self/uid_map") as file:
        all_numbers = int(file.read().split()[2]) > 1 << 31
    number = UIDS + os.getpid() if all_numbers else NOBODY
    directory = base.make_socket_directory(number)
    os.setgroups([])
    os.setresgid(number, number, number)
    os.setresuid(number, number, number)
    return directory


def enter(namespaces, grouped, order, reserves):
    """Joins the machine's namespaces except its PID namespace, which each thread joins for its children.

    Also sets the limits, and the environment of the children.
    """
    for kind in KINDS[:-1]:
        join(namespaces[kind])
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_DUMPABLE, 0)):
        if libc.prctl(option, value, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "prctl")
    for name, number in (("max_user_namespaces", 0), ("max_inotify_instances", WATCHES)):
        limits.write(f"/proc/sys/user/{name}", number)
    limits.limit_processes(grouped, order["memory_bytes"], order["processes"], reserves)
    os.environ.clear()
    os.environ.update(user.ENVIRONMENT)
    os.chdir(HOME)


def join(namespace):
    if libc.setns(namespace, 0) < 0:
        raise OSError(ctypes.get_errno(), f"the machine cannot be entered: {os.strerror(ctypes.get_errno())}")


def drop_capabilities():
    """Drops this thread's capabilities, which the keeper has in the machine's user namespace."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)()) < 0:
        raise OSError(ctypes.get_errno(), "capset")
