"""Runs a command that looks the user's work over, beside files that he can read and not change."""

import base64
import os
import subprocess

import callers
import session
import spawn
import streams
import user

FOLDER = "work"
"""in the directory of the desk's socket, where nobody else can make a file"""
OUTPUT_BYTES_MAX = 16 << 10


def run(order, place):
    """order: files (path -> mode and data), command (a shell's words), timeout_s. How it ended, and what it said last.

    It runs as the user, whose own programs it may run, so that it can do no more than they can.
    """
    lay_out(order["files"], place)
    process = spawn.start_for_agent(
        [user.SHELL, "-c", order["command"]],
        cwd=f"{callers.PLACE}/{FOLDER}",
        env=user.ENVIRONMENT,
        stdin=spawn.NOTHING,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **user.credentials(),
    )
    output = streams.Tail(OUTPUT_BYTES_MAX)
    in_time = session.attend(process, {process.stdout: output}, order["timeout_s"])
    return {
        "status": process.returncode if in_time else None,
        "timed_out": not in_time,
        "output": base64.b64encode(output.bytes()).decode(),
    }


def lay_out(files, place):
    make_directory(FOLDER, place)
    for path, file in sorted(files.items()):
        *directories, _ = parts = f"{FOLDER}/{path}".split("/")
        for depth in range(2, len(directories) + 1):
            make_directory("/".join(parts[:depth]), place)
        fd = os.open("/".join(parts), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place)
        with open(fd, "wb") as new:
            new.write(base64.b64decode(file["data"]))
            os.fchmod(fd, file["mode"])


def make_directory(path, place):
    try:
        os.mkdir(path, dir_fd=place)
    except FileExistsError:
        return
    os.chmod(path, 0o755, dir_fd=place)
