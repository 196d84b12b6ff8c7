"""Takes files out of an npm archive or an unpacked folder. The archive's content is not trusted."""

import gzip
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from offswitch_sandbox.machine import MachineError

BYTES_MAX = 1 << 30
"""the most that an archive may unpack to"""
ABOUT = "package/package.json"
ABOUT_BYTES_MAX = 1 << 20
NO_ARCHIVE = (tarfile.TarError, OSError, EOFError, zlib.error)


class TooMuchError(Exception):
    """An archive holds more bytes than are allowed."""


class _Bounded(io.RawIOBase):
    """A stream that raises TooMuchError after BYTES_MAX bytes, whatever sizes the archive declares."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._left = BYTES_MAX

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooMuchError
        return data


def take(source: Path, files: Mapping[str, str], cpu: str, to: Path) -> None:
    """Copies files from an archive or an unpacked folder to below `to`, and makes each executable.

    Args:
        source: An archive made by `npm pack`, or a folder with the same content.
        files: Path in the archive -> path below `to`.
        cpu: The hardware that the package must be for, as npm names it.
        to: The folder that the files are written below.

    Raises:
        MachineError: The source cannot be read, is for other hardware, or lacks one of the files.
    """
    about = to / ".about"
    try:
        taken = (_take_copied if source.is_dir() else _take_packed)(source, {**files, ABOUT: about.name}, to)
    except TooMuchError as error:
        raise MachineError(f"{source}: holds more than {BYTES_MAX >> 30} GiB, so it is no agent's program") from error
    except NO_ARCHIVE as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise MachineError(f"{source}: cannot be read ({why}); it must be as `npm pack` makes it") from error
    if about.exists():
        _check_platform(source, about.read_bytes(), cpu)
        about.unlink()
    if missing := sorted(set(files) - taken):
        raise MachineError(f"{source}: holds no file {missing[0]}; it must be as `npm pack` makes it for linux-{cpu}")


def _take_packed(source: Path, files: Mapping[str, str], to: Path) -> set[str]:
    """Takes only regular files with wanted names, and writes them under our names; returns the names taken."""
    taken: set[str] = set()
    with gzip.open(source) as unzipped, tarfile.open(fileobj=_Bounded(cast(BinaryIO, unzipped)), mode="r|") as archive:
        for member in archive:
            if member.name in files and member.isreg() and member.name not in taken:
                _check_size(member.name, member.size)
                with cast(BinaryIO, archive.extractfile(member)) as content:
                    _put(content, to / files[member.name])
                taken.add(member.name)
    return taken


def _take_copied(source: Path, files: Mapping[str, str], to: Path) -> set[str]:
    taken: set[str] = set()
    for name, target in files.items():
        # With or without the folder `package` that an npm archive puts everything in.
        there = [path for path in (source / name, source / name.removeprefix("package/")) if path.is_file()]
        if there:
            _check_size(name, there[0].stat().st_size)
            with there[0].open("rb") as content:
                _put(content, to / target)
            taken.add(name)
    return taken


def _put(content: BinaryIO, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    path.chmod(0o755)


def _check_size(name: str, size: int) -> None:
    if size > (ABOUT_BYTES_MAX if name == ABOUT else BYTES_MAX):
        raise TooMuchError


def _check_platform(source: Path, about: bytes, cpu: str) -> None:
    """MachineError if the package declares another operating system or other hardware."""
    try:
        told: Any = json.loads(about)
    except (ValueError, RecursionError) as error:
        raise MachineError(f"{source}: its {ABOUT} is not JSON; it must be as `npm pack` makes it") from error
    for key, wanted in (("os", "linux"), ("cpu", cpu)):
        meant: Any = cast(dict[str, Any], told).get(key) if isinstance(told, dict) else None
        if isinstance(meant, list) and wanted not in meant:
            first = str(cast(list[Any], meant)[:1])[:40]
            raise MachineError(f"{source}: is for {key} {first}, not for {wanted}; get the one for linux-{cpu}")
