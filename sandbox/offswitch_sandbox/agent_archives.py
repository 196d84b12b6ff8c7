"""Takes files out of an npm archive or an unpacked folder. The archive's content is not trusted."""

import gzip
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from offswitch_sandbox.machine import MachineError

BYTES_MAX = 1 << 30
"""the most that an archive may unpack to"""
PACKAGE = "package"
"""the folder that npm puts everything in"""
ABOUT = f"{PACKAGE}/package.json"
ABOUT_BYTES_MAX = 1 << 20
NO_ARCHIVE = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error)


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
        files: Path in the archive -> path below `to`. Two paths that end with a slash mean a folder with all its files.
        cpu: The hardware that the package must be for, as npm names it.
        to: The folder that the files are written below.

    Raises:
        MachineError: The source cannot be read, is for other hardware, or lacks one of the files.
    """
    try:
        about, missing = _take(source, files, to)
    except TooMuchError as error:
        raise MachineError(f"{source}: holds more than {BYTES_MAX >> 30} GiB, so it is no agent's program") from error
    except NO_ARCHIVE as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise MachineError(f"{source}: cannot be read ({why}); it must be as `npm pack` makes it") from error
    if about:
        _check_platform(source, about, cpu)
    if missing:
        raise MachineError(f"{source}: holds no file {missing[0]}; it must be as `npm pack` makes it for linux-{cpu}")


def _take(source: Path, files: Mapping[str, str], to: Path) -> tuple[bytes, list[str]]:
    """Writes the wanted files under our names; returns what the package says of itself, and which are missing."""
    about, taken = b"", set[str]()
    for name, size, content in (_in_folder if source.is_dir() else _in_archive)(source):
        if name == ABOUT and not about:
            _check_size(size, ABOUT_BYTES_MAX)
            about = content.read()
        wanted = _wanted(name, files)
        if wanted is not None and name not in taken:
            _check_size(size, BYTES_MAX)
            _put(io.BytesIO(about) if name == ABOUT else content, to / files[wanted] / name.removeprefix(wanted))
            taken |= {name, wanted}
    return about, sorted(set(files) - taken)


def _in_archive(source: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """Names, sizes in bytes and contents of the regular files in an archive. Each content is read before the next."""
    with gzip.open(source) as unzipped, tarfile.open(fileobj=_Bounded(cast(BinaryIO, unzipped)), mode="r|") as archive:
        for member in archive:
            if member.isreg():
                with cast(BinaryIO, archive.extractfile(member)) as content:
                    yield member.name, member.size, content


def _in_folder(source: Path) -> Iterator[tuple[str, int, BinaryIO]]:
    """The same of a folder, with or without the folder `package` that an npm archive puts everything in."""
    top = source / PACKAGE if (source / PACKAGE).is_dir() else source
    for path in sorted(top.rglob("*")):
        if path.is_file():
            with path.open("rb") as content:
                yield f"{PACKAGE}/{path.relative_to(top)}", path.stat().st_size, content


def _wanted(name: str, files: Mapping[str, str]) -> str | None:
    """The file or folder among `files` that a file is or is in; None if it is not wanted, or its name has detours."""
    path = PurePosixPath(name)
    if str(path) != name or ".." in path.parts:
        return None
    return next((one for one in (name, *(f"{above}/" for above in path.parents)) if one in files), None)


def _put(content: BinaryIO, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
    path.chmod(0o755)


def _check_size(size: int, most: int) -> None:
    if size > most:
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
