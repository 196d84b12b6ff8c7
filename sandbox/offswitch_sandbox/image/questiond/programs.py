"""Programs and files for whoever gives the orders; these are not the user's commands."""

import base64
import errno
import os
import signal
import stat
import subprocess

import arrivals
import given
import laying
import session
import spawn
import streams
import user
from key_files import HOME

OUTPUT_BYTES_MAX = 10 << 20


def run(order):
    """order: command (words), and where wanted input (base64), cwd, env, user, timeout_s, after and size_max.

    after: a directory, and for how many seconds a file is waited for that is written there.
    size_max: bytes of each stream that are told, the last ones.
    """
    if after := order.get("after"):
        arrivals.wait(*after)
    try:
        process = begin(order, order["command"], subprocess.PIPE)
    except FileNotFoundError as error:
        return {"status": 127, "stdout": "", "stderr": encoded(f"{error.filename}: not found\n".encode())}
    size_max = order.get("size_max", OUTPUT_BYTES_MAX)
    out, err = streams.Tail(size_max), streams.Tail(size_max)
    timeout_s = float("inf") if order.get("timeout_s") is None else order["timeout_s"]
    data = base64.b64decode(order.get("input") or "")
    in_time = session.attend(process, {process.stdout: out, process.stderr: err}, timeout_s, data)
    status = -signal.SIGKILL if process.returncode is None else process.returncode
    return {
        # as a shell has it: 128 and the signal's number
        "status": status if status >= 0 else 128 - status,
        "timed_out": not in_time,
        "stdout": encoded(out.bytes()),
        "stderr": encoded(err.bytes()),
    }


def begin(order, words, stdin):
    """A process of whom the order names."""
    credentials, home = identity(order.get("user"))
    environment = {**os.environ, **home, **(order.get("env") or {})}
    given.note(environment)
    start = spawn.start_for_agent if is_agents(credentials) else spawn.start
    return start(
        words,
        cwd=order.get("cwd") or place_to_stand(),
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **credentials,
    )


def place_to_stand():
    """Where a program begins if nobody says where: at home, unless its owner has closed that, where many would fail."""
    try:
        return HOME if os.stat(HOME).st_mode & stat.S_IXUSR else "/"
    except OSError:
        return "/"


def is_agents(credentials):
    """Whether what runs with these credentials is the agent's; beside a machine of namespaces everything is."""
    return credentials.get("user", os.geteuid()) == user.UID or os.geteuid() != 0


def read(order):
    """order: path, size_max. The file's bytes, or its size where that is more than size_max."""
    # Whoever put a pipe or a device there would have the reader wait, or read without end.
    with open(os.open(order["path"], os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        facts = os.fstat(file.fileno())
        if stat.S_ISDIR(facts.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), order["path"])
        if not stat.S_ISREG(facts.st_mode):
            raise PermissionError(errno.EACCES, "only files can be read", order["path"])
        if not facts.st_mode & 0o444:
            raise PermissionError(errno.EACCES, "nobody may read it", order["path"])
        size = facts.st_size
        return {"size": size} if size > order["size_max"] else {"data": encoded(file.read(order["size_max"]))}


def write(order):
    """order: path, data, user whose file it becomes. Directories on the way are made."""
    user.make_files_as(order.get("user"))
    os.makedirs(os.path.dirname(os.path.abspath(order["path"])), exist_ok=True)
    with open(order["path"], "wb") as file:
        file.write(base64.b64decode(order["data"]))
    return {}


def place(order):
    """order: files, path from home -> kind, mode, and data or target. As the agent's user, with directories."""
    user.as_user(lambda: laying.lay_out(order["files"]))
    return {}


def encoded(data):
    return base64.b64encode(data).decode()


def identity(name):
    """Credentials and home of whom a program runs as: another than the service's own only root can become."""
    if name is None or name == str(os.geteuid()):
        return {}, {}
    if os.geteuid() != 0:
        raise LookupError(f"this machine has one user, so nothing runs as {name}")
    account = user.account_of(name.partition(":")[0])
    return user.credentials(name), {"HOME": account.pw_dir if account else "/"}
