"""Checks the directories that every evaluation needs: the one for logs, and the one for Inspect's own files."""

import os
import tempfile
from pathlib import Path

import platformdirs
from inspect_ai._util.file import filesystem  # Inspect has no public way to look at where its logs go

from offswitch.errors import InputError

VARIABLE = "XDG_DATA_HOME"
ROOM = 1 << 14
"""bytes that are written as a test: about the size of the shortest log"""


def check_log_dir(path: str) -> None:
    """InputError if logs cannot be written to this path or URL, or Inspect's own files to theirs."""
    check_data_directory()
    if "://" in path:
        _make_at_url(path)
        return
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--log-dir {path}: cannot be made ({error.strerror}); name another") from error
    try:
        _write_something(Path(path))
    except OSError as error:
        raise InputError(f"--log-dir {path}: cannot be written to ({error.strerror}); name another") from error


def _make_at_url(url: str) -> None:
    """Makes the directory as Inspect will; InputError if that fails."""
    try:
        filesystem(url).mkdir(url, exist_ok=True)
    except Exception as error:  # each filesystem has its own errors
        why = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"--log-dir {url}: cannot be made ({why}); name another") from error


def check_data_directory() -> Path:
    """The directory of Inspect's own files, made if it is missing; InputError if it cannot be written to."""
    try:
        path = platformdirs.user_data_path("inspect_ai")
        path.mkdir(parents=True, exist_ok=True)
        _write_something(path)
    except (OSError, RuntimeError) as error:  # RuntimeError: the user has no known home directory
        given = os.environ.get(VARIABLE)
        where, what = (f"{VARIABLE}={given}", VARIABLE) if given else ("your home directory", f"HOME or {VARIABLE}")
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{where}: Inspect keeps files of its own there, and cannot write ({why}); "
            f"set {what} to a directory that can be written to"
        ) from error
    return path


def _write_something(directory: Path) -> None:
    """Writes a file and removes it, because only trying shows whether a filesystem allows it."""
    with tempfile.TemporaryFile(dir=directory) as file:
        file.write(bytes(ROOM))
        file.flush()
