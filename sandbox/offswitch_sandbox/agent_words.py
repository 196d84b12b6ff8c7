"""Runs the commands that fetch agents' programs, and shortens what they print when they fail."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from offswitch_sandbox.machine import MachineError

WAIT_S = 1800
TOLD_CHARACTERS = 300
"""how much of a command's output an error message quotes"""
NOISE = ("npm error A complete log", "npm notice", "[notice]", "WARNING:", "npm warn")


def run(words: Sequence[str], directory: Path, failure: str, way_out: str) -> None:
    """Runs a command; MachineError if it fails.

    Args:
        words: The command.
        directory: Where it runs.
        failure: How the error's message begins.
        way_out: How it ends: what to do. Between them stands an excerpt of what the command printed.
    """
    try:
        done = subprocess.run(
            words, cwd=directory, capture_output=True, stdin=subprocess.DEVNULL, timeout=WAIT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise MachineError(f"{failure} ({words[0]} took more than {WAIT_S // 60} minutes); {way_out}") from error
    except OSError as error:
        raise MachineError(f"{failure} ({words[0]}: {error.strerror}); {way_out}") from error
    if done.returncode != 0:
        raise MachineError(f"{failure} ({_told(done.stderr) or f'exit code {done.returncode}'}); {way_out}")


def _told(stderr: bytes) -> str:
    """The most telling lines, as one line of printable characters."""
    lines = [" ".join(line.split()) for line in stderr.decode(errors="replace").splitlines()]
    telling = [line for line in lines if line and not line.startswith(NOISE)]
    # npm gives the reason in its first two lines, pip in its last.
    chosen = telling[:2] if telling and telling[0].startswith("npm") else telling[-1:]
    told = " / ".join(chosen)[:TOLD_CHARACTERS]
    return "".join(character if character.isprintable() else "?" for character in told)
