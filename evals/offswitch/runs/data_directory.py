"""Where Inspect keeps files of its own, without which it begins no evaluation."""

import os
import tempfile
from pathlib import Path

import platformdirs

from offswitch.errors import InputError

VARIABLE = "XDG_DATA_HOME"


def check_data_directory() -> Path:
    """The directory, which is made where it is not there; InputError where it cannot be written to."""
    try:
        path = platformdirs.user_data_path("inspect_ai")
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"room for a line")
            file.flush()
    except (OSError, RuntimeError) as error:  # the latter where nobody knows whose home it would be in
        given = os.environ.get(VARIABLE)
        where = f"{VARIABLE}={given}" if given else "your home directory"
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{where}: Inspect keeps files of its own there, and cannot write ({why}); "
            f"set {VARIABLE} to a directory that can be written to"
        ) from error
    return path
