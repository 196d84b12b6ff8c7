"""Commands that get agents' programs, and what they say when they cannot."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from offswitch_sandbox.machine import MachineError

WAIT_S = 1800
TOLD_CHARACTERS = 300
"""how much of a command's own words stands in an error"""
NOISE = ("npm error A complete log", "npm notice", "[notice]", "WARNING:", "npm warn")


def run(words: Sequence[str], directory: Path, failure: str, way_out: str) -> None:
    """Runs a command, which is a list of words; MachineError with the end of what it says where it fails."""
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
    """The lines that say most, as one line of printable characters."""
    lines = [" ".join(line.split()) for line in stderr.decode(errors="replace").splitlines()]
    telling = [line for line in lines if line and not line.startswith(NOISE)]
    # npm says it in the first two, a code and what it means, and pip in the last.
    chosen = telling[:2] if telling and telling[0].startswith("npm") else telling[-1:]
    told = " / ".join(chosen)[:TOLD_CHARACTERS]
    return "".join(character if character.isprintable() else "?" for character in told)
