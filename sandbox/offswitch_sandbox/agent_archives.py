"""Files out of an archive that npm made, or out of a folder; whoever made that may have meant harm."""

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
"""of all that an archive holds"""
ABOUT = "package/package.json"
ABOUT_BYTES_MAX = 1 << 20
NO_ARCHIVE = (tarfile.TarError, OSError, EOFError, zlib.error)


class TooMuchError(Exception):
    """More comes out than may."""


class _Bounded(io.RawIOBase):
    """A stream from which no more is read than there may be, whatever the archive says of itself."""

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
    """Puts files of an archive, or of an unpacked folder, below `to`, each of them executable.

    Args:
        source: What `npm pack` makes, or a folder with what is in it.
        files: Path in the archive -> path below `to`.
        cpu: The hardware, in npm's words, that the package must be for.
        to: Where they are put.

    Raises:
        MachineError: It cannot be read, is for other hardware, or lacks one of the files.
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
    """Only what has a wanted name is taken, under a name of this side, and only where it is a plain file."""
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
        # As it comes out of the archive, or without the folder that everything in there is in.
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
    """MachineError where the package says that it is for another system or other hardware."""
    try:
        told: Any = json.loads(about)
    except (ValueError, RecursionError) as error:
        raise MachineError(f"{source}: its {ABOUT} is not JSON; it must be as `npm pack` makes it") from error
    for key, wanted in (("os", "linux"), ("cpu", cpu)):
        meant: Any = cast(dict[str, Any], told).get(key) if isinstance(told, dict) else None
        if isinstance(meant, list) and wanted not in meant:
            first = str(cast(list[Any], meant)[:1])[:40]
            raise MachineError(f"{source}: is for {key} {first}, not for {wanted}; get the one for linux-{cpu}")
