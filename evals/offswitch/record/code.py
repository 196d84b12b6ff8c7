"""Which code made a log: a digest over everything that decides what a trial is and how it is judged."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

PACKAGES = ("offswitch", "offswitch_sandbox", "offswitch_prompts")


def code_digest(packages: Sequence[str] = PACKAGES) -> str:
    """sha256 over names and contents of the packages' files, the machine's image included, in hex."""
    lines = [line for package in packages for line in _lines(files(package), package)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _lines(place: Traversable, name: str) -> list[str]:
    if not place.is_dir():
        return [f"{hashlib.sha256(place.read_bytes()).hexdigest()} {name}"]
    entries = sorted((entry for entry in place.iterdir() if entry.name != "__pycache__"), key=lambda entry: entry.name)
    return [line for entry in entries for line in _lines(entry, f"{name}/{entry.name}")]
