"""Makes a machine of namespaces, by bwrap."""

import json
import os
import subprocess

import spawn
import user
from key_files import HOME

IDLE = "$SIG{CHLD} = 'IGNORE'; $SIG{TERM} = sub { exit 143 }; syswrite STDOUT, '.'; close STDOUT; sleep 1 while 1"
FIRST_PROCESS = 'echo; read -r go; exec /opt/idle -e "$0" </dev/null 2>/dev/null'
"""Once it is what it will be, nobody can look at it any more, so it waits until its namespaces have been opened."""
KINDS = ("user", "ipc", "net", "uts", "cgroup", "mnt", "pid")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def start(directory, base, order):
    """bwrap, the first process's number on the host, and descriptors of the machine's namespaces by kind."""
    info, info_fd = os.pipe()
    complaint = os.memfd_create("complaint")
    bwrap = subprocess.Popen(
        [*command(directory, base, info_fd, order)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaint,
        pass_fds=(info_fd,),
    )
    spawn.started.add(bwrap.pid)
    os.close(info_fd)
    with open(info, "rb") as told, bwrap.stdout as ready, bwrap.stdin as go:
        facts = told.read()
        if ready.read(1) == b"\n":
            first = json.loads(facts)["child-pid"]
            namespaces = {kind: os.open(f"/proc/{first}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in KINDS}
            go.write(b"\n")
            go.close()
            if ready.read(1) == b".":
                return bwrap, first, namespaces
        bwrap.kill()
        raise OSError(os.pread(complaint, 400, 0).decode(errors="replace").strip() or "bwrap said nothing")


def command(directory, base, info_fd, order):
    """The words that make the machine; a later one may cover what an earlier one has put there."""
    yield from ("bwrap", "--unshare-all", "--unshare-user", "--die-with-parent", "--as-pid-1")
    yield from ("--info-fd", f"{info_fd}", "--uid", f"{user.UID}", "--gid", f"{user.UID}", "--hostname", "server")
    for path in ("/opt", "/run", "/srv", "/var", "/home"):
        yield from ("--perms", "0755", "--dir", path)
    yield from ("--ro-bind", "/usr", "/usr", "--ro-bind", base.etc, "/etc", "--ro-bind", base.idle, "/opt/idle")
    for path in ("/bin", "/sbin", "/lib", "/lib64", "/lib32"):
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.isdir(path):
            yield from ("--ro-bind", path, path)
    yield from ("--size", f"{order['shared_bytes']}", "--tmpfs", "/dev", "--perms", "1777", "--dir", "/dev/shm")
    for name in DEVICES:
        yield from ("--dev-bind", f"/dev/{name}", f"/dev/{name}")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        yield from ("--symlink", f"/proc/self/fd/{number}", f"/dev/{name}")
    yield from ("--symlink", "/proc/self/fd", "/dev/fd", "--proc", "/proc", "--ro-bind", directory, "/run/questiond")
    yield from f"--size {order['tmp_bytes']} --perms 1777 --tmpfs /tmp".split()
    yield from programs(base, order)
    yield from ("--size", f"{order['home_bytes']}", "--perms", "0755", "--tmpfs", HOME, "--dir", "/root")
    yield from ("--remount-ro", "/", "--chdir", HOME, "--clearenv", "--", "/bin/sh", "-c", FIRST_PROCESS, IDLE)


def programs(base, order):
    """The words for /usr/local, and for /var/tmp, into which is put what serves agents' programs."""
    if base.programs is None:
        # What the host's owner has put there is not the machine's business.
        yield from ("--tmpfs", "/usr/local", "--dir", "/usr/local/bin", "--remount-ro", "/usr/local")
        yield from ("--symlink", "../tmp", "/var/tmp")
    else:
        yield from ("--ro-bind", base.programs, "/usr/local")
        yield from f"--size {order['var_tmp_bytes']} --perms 1777 --tmpfs /var/tmp".split()
