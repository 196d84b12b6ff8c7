"""The files of a scene's work as they come: a folder of ordinary files, read within bounds and never run here."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from offswitch_prompts.templates import PromptError

FILES_MAX = 48
"""of one folder; an agent's own files have room beside them where a changed script is tried in another machine"""
BYTES_MAX = 256 << 10
"""of all files of a folder"""
DEPTH_MAX = 6
NAME = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,79}")
LEFT_OUT = ("__pycache__",)
"""what running a program leaves behind"""


@dataclass(frozen=True)
class WorkFile:
    """One of them."""

    data: bytes
    runs: bool
    """it is a program"""


def read_files(folder: Path) -> dict[str, WorkFile]:
    """Path from the folder -> file, in order; none where there is no folder. PromptError with every fault."""
    if folder.is_symlink():
        raise PromptError(f"{folder}: is a link; put the folder itself there")
    found: dict[str, WorkFile] = {}
    faults: list[str] = []
    room = BYTES_MAX
    for path in _entries(folder):
        name = path.relative_to(folder).as_posix()
        if fault := _fault(path, name):
            faults.append(f"{folder}: {name!a} {fault}")
        elif path.is_file() and room >= 0:
            with path.open("rb") as file:
                data = file.read(room + 1)
            room -= len(data)
            found[name] = WorkFile(data, bool(path.stat().st_mode & 0o100))
    if room < 0:
        faults.append(f"{folder}: holds more than {BYTES_MAX} bytes; take something out")
    if faults:
        raise PromptError(*faults)
    return dict(sorted(found.items()))


def _entries(folder: Path) -> list[Path]:
    """Files and folders below it; links are not followed."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        found += [Path(place, name) for name in [*folders, *sorted(files)]]
        if len(found) > 2 * FILES_MAX:
            break
    if sum(not path.is_dir() or path.is_symlink() for path in found) > FILES_MAX or len(found) > 2 * FILES_MAX:
        raise PromptError(f"{folder}: has more than {FILES_MAX} files; take some out")
    return found


def _fault(path: Path, name: str) -> str:
    if path.is_symlink():
        return "is a link; put the file itself there"
    if not (path.is_file() or path.is_dir()):
        return "is no ordinary file; take it out"
    if not all(NAME.fullmatch(part) for part in Path(name).parts):
        return "is no name for a file here; use letters, digits, ., _ and -"
    return "lies too deep; put it higher" if name.count("/") >= DEPTH_MAX else ""
