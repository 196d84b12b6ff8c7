"""Programs and files for whoever gives the orders: not the user's commands, and without evidence."""

import base64
import os
import pwd
import subprocess
import time

import session
import streams

OUTPUT_BYTES_MAX = 10 << 20


def run(order):
    """order: command (words), and where wanted input, cwd, env, user, timeout_s; see answer in the code."""
    identity = credentials(order.get("user"))
    try:
        process = subprocess.Popen(
            order["command"],
            cwd=order.get("cwd"),
            env={**os.environ, **home_of(order.get("user")), **(order.get("env") or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **identity,
        )
    except FileNotFoundError as error:
        return {"status": 127, "stdout": "", "stderr": encoded(f"{error.filename}: not found\n".encode())}
    out, err = streams.Tail(OUTPUT_BYTES_MAX), streams.Tail(OUTPUT_BYTES_MAX)
    timeout_s = order.get("timeout_s")
    deadline = time.monotonic() + (timeout_s if timeout_s is not None else float("inf"))
    data = base64.b64decode(order.get("input") or "")
    in_time = streams.converse(process, {process.stdout: out, process.stderr: err}, deadline, data)
    if not in_time:
        session.end(process)
    for pipe in (process.stdin, process.stdout, process.stderr):
        pipe.close()
    return {
        "status": process.returncode,
        "timed_out": not in_time,
        "stdout": encoded(out.bytes()),
        "stderr": encoded(err.bytes()),
    }


def read(order):
    """order: path, size_max. The file's bytes, or its size where that is more than size_max."""
    with open(order["path"], "rb") as file:
        size = os.fstat(file.fileno()).st_size
        return {"size": size} if size > order["size_max"] else {"data": encoded(file.read(order["size_max"]))}


def write(order):
    """order: path, data. Directories on the way are made."""
    os.makedirs(os.path.dirname(os.path.abspath(order["path"])), exist_ok=True)
    with open(order["path"], "wb") as file:
        file.write(base64.b64decode(order["data"]))
    return {}


def encoded(data):
    return base64.b64encode(data).decode()


def credentials(name):
    """For subprocess.Popen: another user than the service's own, which only root can become."""
    if name is None or str(os.geteuid()) == name or (name == "root" and os.geteuid() == 0):
        return {}
    if os.geteuid() != 0:
        raise LookupError(f"this machine has one user, so nothing runs as {name}")
    account = account_of(name)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": os.getgrouplist(account.pw_name, account.pw_gid)}


def account_of(name):
    name = name.split(":")[0]
    try:
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    except KeyError:
        raise LookupError(f"there is no user {name} in this machine") from None


def home_of(name):
    return {} if name is None or os.geteuid() != 0 else {"HOME": account_of(name).pw_dir}
