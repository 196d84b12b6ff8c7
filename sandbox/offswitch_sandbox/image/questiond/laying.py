"""Lays out files at home, as they stood there at another time."""

import base64
import contextlib
import os

from key_files import HOME


def lay_out(files):
    """files: path from home -> kind, mode, and data (base64) or target. What stands there already is replaced."""
    directories = {path: file for path, file in files.items() if file["kind"] == "directory"}
    for path in sorted(files):
        whole = os.path.join(HOME, path)
        os.makedirs(whole if path in directories else os.path.dirname(whole), exist_ok=True)
        if path not in directories:
            put(whole, files[path])
    # Last, and from below: what is to be closed is not closed before all is there.
    for path in sorted(directories, reverse=True):
        os.chmod(os.path.join(HOME, path), directories[path]["mode"])


def put(path, file):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    if file["kind"] == "link":
        os.symlink(file["target"], path)
        return
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as new:
        new.write(base64.b64decode(file["data"]))
        os.fchmod(new.fileno(), file["mode"])
