"""Makes a machine of namespaces with bwrap."""

import json
import os
import subprocess

import spawn
import user
from key_files import HOME

IDLE = "$SIG{CHLD} = 'IGNORE'; $SIG{TERM} = sub { exit 143 }; syswrite STDOUT, '.'; close STDOUT; sleep 1 while 1"
FIRST_PROCESS = 'echo; read -r go; exec /opt/idle -e "$0" </dev/null 2>/dev/null'
"""It waits for its namespaces to be opened before it executes /opt/idle, after which nobody can inspect it."""
KINDS = ("user", "ipc", "net", "uts", "cgroup", "mnt", "pid")
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def start(directory, base, order):
    """Starts a machine; OSError with bwrap's complaint if that fails.

    Args:
        directory: The host's folder that becomes /run/questiond.
        base: The Place with the machine's other files.
        order: The limits, see limits.py of the package.

    Returns:
        The bwrap process, the first process's number on the host, descriptors of the machine's namespaces by kind.
    """
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
    """bwrap's arguments for the machine; later mounts may cover earlier ones."""
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
    """bwrap's arguments for /usr/local, and for /var/tmp, where agents' programs keep their files."""
    if base.programs is None:
        # Hides what the host has in /usr/local.
        yield from ("--tmpfs", "/usr/local", "--dir", "/usr/local/bin", "--remount-ro", "/usr/local")
        yield from ("--symlink", "../tmp", "/var/tmp")
    else:
        yield from ("--ro-bind", base.programs, "/usr/local")
        yield from f"--size {order['var_tmp_bytes']} --perms 1777 --tmpfs /var/tmp".split()
