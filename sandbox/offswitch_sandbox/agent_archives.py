"""Takes files out of an npm archive or an unpacked folder. The archive's content is not trusted."""

import gzip
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from offswitch_sandbox.machine import MachineError

BYTES_MAX = 1 << 30
"""the most that an archive may unpack to"""
PACKAGE = "package"
"""the folder that npm puts everything in"""
ABOUT = f"{PACKAGE}/package.json"
ABOUT_BYTES_MAX = 1 << 20
NAME_MAX, FOLDERS_MAX = 400, 20
"""of a file in a folder that is taken whole: characters, and folders that it is in"""
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
    if about is not None:
        _check_platform(source, about, cpu)
    if missing:
        raise MachineError(f"{source}: holds no {missing[0]}; it must be as `npm pack` makes it for linux-{cpu}")


def _take(source: Path, files: Mapping[str, str], to: Path) -> tuple[bytes | None, list[str]]:
    """Writes the wanted files under our names; returns what the package says of itself, and what is missing."""
    about, taken = None, set[str]()
    for name, content in (_in_folder if source.is_dir() else _in_archive)(source, files):
        if name == ABOUT:
            about = content.read(ABOUT_BYTES_MAX + 1)
            _check_size(len(about), ABOUT_BYTES_MAX)
            content = io.BytesIO(about)
        if wanted := _wanted(name, files):
            _put(content, to / files[wanted] / name.removeprefix(wanted))
            taken.add(wanted)
    return about, sorted(set(files) - taken)


def _in_archive(source: Path, files: Mapping[str, str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Names and contents of what is wanted of an archive, regular files alone. Each is read before the next."""
    had = set[str]()
    with gzip.open(source) as unzipped, tarfile.open(fileobj=_Bounded(cast(BinaryIO, unzipped)), mode="r|") as archive:
        for member in archive:
            _check_size(member.size, BYTES_MAX)
            if member.isreg() and member.name not in had and (member.name == ABOUT or _wanted(member.name, files)):
                had.add(member.name)
                with cast(IO[bytes], archive.extractfile(member)) as content:
                    yield member.name, content


def _in_folder(source: Path, files: Mapping[str, str]) -> Iterator[tuple[str, IO[bytes]]]:
    """The same of a folder, with or without the folder `package` that an npm archive puts everything in."""
    top = source / PACKAGE if (source / PACKAGE).is_dir() else source
    for path in sorted(top.rglob("*")):
        name = f"{PACKAGE}/{path.relative_to(top)}"
        if path.is_file() and not path.is_symlink() and (name == ABOUT or _wanted(name, files)):
            _check_size(path.stat().st_size, BYTES_MAX)
            with path.open("rb") as content:
                yield name, content


def _wanted(name: str, files: Mapping[str, str]) -> str | None:
    """The file or folder among `files` that a file is or is in; None if it is not wanted, or its name has detours.

    Raises:
        ValueError: It is in a folder that is wanted, but no file of a program is called so.
    """
    if name in files:
        return name
    folder = next((one for one in files if one.endswith("/") and name.startswith(one)), None)
    if folder and (len(name) > NAME_MAX or name.count("/") > FOLDERS_MAX or not name.isprintable()):
        raise ValueError("a file in it has a name that no file of a program has")
    path = PurePosixPath(name)
    return None if str(path) != name or ".." in path.parts else folder


def _put(content: IO[bytes], path: Path) -> None:
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
