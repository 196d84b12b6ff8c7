"""The records of logs that have been read before, by the digest of the log.

The digest tells one content of a log from another: of an .eval file it is taken over the zip's central directory,
which holds the CRC-32, the sizes and the time of every member, so that the end of a file is all that has to be read,
wherever it is. It is no check for tampering. Bytes that were changed without the directory, or a member that was made
to have the CRC-32 of another, are not seen; `offswitch verify` is for that, and it does not use the cache.

Whatever is wrong with the cache, it is as if there were none.
"""

import hashlib
import os
import re
import struct
import tempfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import platformdirs
from pydantic import TypeAdapter

from offswitch.record import Record, code_digest

PLACE = "OFFSWITCH_CACHE"
"""the environment variable that names another directory than the system's own for caches"""
LIMIT_BYTES = 200 * 1024**2
"""of all entries; there are about 80 bytes to a trial"""
ENTRY = re.compile("[0-9a-f]{64}")
_END, _END_SIZE, _COMMENT_SIZE, _IN_ZIP64 = b"PK\x05\x06", 22, 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class LogRecords:
    """What one log holds."""

    task_id: str
    """which a retry keeps"""
    records: tuple[Record, ...] = ()
    remark: str | None = None
    """where a user must know more of the log, such as that it was skipped"""

    def renamed(self, log: str) -> "LogRecords":
        """The same for a log with this file name: an equal log may have another."""
        if all(record.log == log for record in self.records):
            return self
        return replace(self, records=tuple(replace(record, log=log) for record in self.records))


_ADAPTER = TypeAdapter(LogRecords)


def file_name(log: str) -> str:
    """The last part of a log's path or URL, as text that every file and terminal takes."""
    return log.rsplit("/", 1)[-1].encode("utf-8", "backslashreplace").decode()


def packed(log: LogRecords) -> bytes:
    """As it is kept, and sent between processes: smaller and sooner read than pickled."""
    return zlib.compress(_ADAPTER.dump_json(log), level=1)


def unpacked(data: bytes) -> LogRecords:
    """What was packed; ValueError where nothing was."""
    try:
        return _ADAPTER.validate_json(zlib.decompress(data))
    except zlib.error as error:
        raise ValueError("not packed records") from error


def log_digest(name: str, opened: Callable[[], BinaryIO]) -> str | None:
    """The sha256 that tells this content of a log from others, in hex; None where it cannot be read or is no log."""
    try:
        with opened() as file:
            content = central_directory(file) if name.endswith(".eval") else file.read()
    except Exception:  # noqa: BLE001 - each filesystem has its own errors, and whoever reads the log will tell
        return None
    return hashlib.sha256(content).hexdigest()


def central_directory(file: BinaryIO) -> bytes:
    """A zip's list of its members, as APPNOTE.TXT 4.3.12 to 4.3.16 has it; ValueError where there is none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_SIZE - _COMMENT_SIZE))
    end = file.read()
    at = end.rindex(_END)
    length, begins = struct.unpack_from("<LL", end, at + 12)
    if _IN_ZIP64 in (length, begins):
        (record,) = struct.unpack_from("<Q", end, at - 12)
        file.seek(record + 40)
        length, begins = struct.unpack("<QQ", file.read(16))
    file.seek(begins)
    return file.read(length)


def _usual_place() -> Path:
    """Where a user wants it, else with the system's own caches."""
    if given := os.environ.get(PLACE):
        return Path(given)
    try:
        return platformdirs.user_cache_path("offswitch", appauthor=False) / "records"
    except RuntimeError:  # nobody knows whose home that would be in
        return Path(os.devnull, "records")


class Cache:
    """Small files in one directory, each with the records of one log."""

    def __init__(self, place: Path | None = None) -> None:
        self._place = place or _usual_place()
        # Of all that decides which records are made of a log, so that nobody has to think of raising a number.
        self._version = f"{code_digest(('offswitch', 'offswitch_analysis'))} {version('inspect_ai')}"

    def load(self, digest: str) -> LogRecords | None:
        """What the log with this digest holds, None where that is not known."""
        path = self._path(digest)
        try:
            log = unpacked(path.read_bytes())
        except (OSError, ValueError):
            return None
        with suppress(OSError):
            os.utime(path)
        return log

    def keep(self, digest: str, data: bytes) -> None:
        """Packed records, for the next time."""
        with suppress(OSError):
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._place, delete=False) as file:
                file.write(data)
            Path(file.name).replace(self._path(digest))

    def drop_old(self) -> None:
        """Those that were not used for longest go, until the rest is within the limit."""
        with suppress(OSError):
            # The directory may be anybody's: nothing but what is named like an entry is one.
            entries = [path for path in self._place.iterdir() if ENTRY.fullmatch(path.name) and path.is_file()]
            stats = sorted(((path.stat(), path) for path in entries), key=lambda one: -one[0].st_mtime)
            size = 0
            for stat, path in stats:
                size += stat.st_size
                if size > LIMIT_BYTES:
                    path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        # What decides the content is in the name, so that another version's entries are simply not found.
        return self._place / hashlib.sha256(f"{self._version} {digest}".encode()).hexdigest()
