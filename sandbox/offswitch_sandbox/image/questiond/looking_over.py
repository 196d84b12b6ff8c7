"""Runs a command that looks the user's work over, beside files that he can read and not change."""

import base64
import contextlib
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

    It runs as the user, whose own programs it may run, so that it can do no more than they can. Its files are there
    for as long as it runs, and so is what it has begun in its session.
    """
    output = streams.Tail(OUTPUT_BYTES_MAX)
    try:
        lay_out(order["files"], place)
        process = begin(order["command"])
        in_time = session.attend(process, {process.stdout: output}, order["timeout_s"])
        session.end(process)
        session.wait_until_gone(process)
    finally:
        take_away(order["files"], place)
    return {
        "status": process.returncode if in_time else None,
        "timed_out": not in_time,
        "output": base64.b64encode(output.bytes()).decode(),
    }


def begin(command):
    return spawn.start_for_agent(
        [user.SHELL, "-c", command],
        cwd=f"{callers.PLACE}/{FOLDER}",
        env=user.ENVIRONMENT,
        stdin=spawn.NOTHING,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **user.credentials(),
    )


def lay_out(files, place):
    for directory in directories(files):
        os.mkdir(directory, dir_fd=place)
        os.chmod(directory, 0o755, dir_fd=place)
    for path, file in files.items():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        fd = os.open(f"{FOLDER}/{path}", flags, 0o600, dir_fd=place)
        with open(fd, "wb") as new:
            new.write(base64.b64decode(file["data"]))
            os.fchmod(fd, file["mode"])


def take_away(files, place):
    """What is there of it; nobody else can have put anything beside it."""
    for path in files:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{FOLDER}/{path}", dir_fd=place)
    for directory in reversed(directories(files)):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(directory, dir_fd=place)


def directories(files):
    """The one of all, and those of files in others, each after the one that it lies in."""
    found = {FOLDER}
    for path in files:
        while path := os.path.dirname(path):
            found.add(f"{FOLDER}/{path}")
    return sorted(found)
