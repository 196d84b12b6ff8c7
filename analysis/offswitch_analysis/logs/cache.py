"""A cache of the records of logs that have been read before, by the digest of the log.

The digest identifies a log's content. For an .eval file it covers only the zip's central directory, which holds the
CRC-32, the sizes and the time of every member. So only the end of a file has to be read, wherever it is. It is no
check for tampering: it misses bytes that were changed without the directory, or a member forged to have the same
CRC-32. `offswitch verify` checks that, and does not use the cache.

If the cache is broken or cannot be used, logs are read as if there were none.
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

from offswitch.judges import JudgeAnswer
from offswitch.record import Record, code_digest
from offswitch.stopping.looks import CellLooks

PLACE = "OFFSWITCH_CACHE"
"""the environment variable that names another directory than the system's own for caches"""
LIMIT_BYTES = 200 * 1024**2
"""of all entries together; a trial takes about 80 bytes"""
ENTRY = re.compile("[0-9a-f]{64}")
_END, _END_SIZE, _COMMENT_SIZE, _IN_ZIP64 = b"PK\x05\x06", 22, 0xFFFF, 0xFFFFFFFF


@dataclass(frozen=True)
class Judged:
    """What one judge says of one transcript."""

    name: str
    """the trial's id, or the name of a case with known answers"""
    uuid: str | None
    """Inspect's id of the sample, which all copies of a trial share"""
    answer: JudgeAnswer
    expected: dict[str, str] | None = None
    """the right answers, if it is such a case"""

    @property
    def key(self) -> tuple[str, str, float, str, bool]:
        """What another answer of the same judge about the same transcript shares."""
        of, is_case = self.answer, self.expected is not None
        return (self.name if is_case else self.uuid or self.name), of.judge, of.target, of.words, is_case


@dataclass(frozen=True)
class Looked:
    """What was seen of a cell while its trials ran, by a rule that could stop it."""

    model: str
    log: str
    """file name of the log"""
    cell: CellLooks


@dataclass(frozen=True)
class LogRecords:
    """The records of one log."""

    task_id: str
    """Inspect's id of the task, which a retry keeps"""
    records: tuple[Record, ...] = ()
    remark: str | None = None
    """what a user must know of the log, such as that it was skipped"""
    judged: tuple[Judged, ...] = ()
    looks: tuple[Looked, ...] = ()

    def renamed(self, log: str) -> "LogRecords":
        """The same records for a log with this file name, because an equal log may have another name."""
        if all(one.log == log for one in (*self.records, *self.looks)):
            return self
        records, looks = (tuple(replace(one, log=log) for one in of) for of in (self.records, self.looks))
        return replace(self, records=records, looks=looks)


_ADAPTER = TypeAdapter(LogRecords)


def reader() -> str:
    """What makes records of logs: all of that code, so that no version number has to be raised by hand."""
    return f"{code_digest(('offswitch', 'offswitch_analysis'))} {version('inspect_ai')}"


def file_name(log: str) -> str:
    """The last part of a log's path or URL, as text that can be encoded."""
    return log.rsplit("/", 1)[-1].encode("utf-8", "backslashreplace").decode()


def packed(log: LogRecords) -> bytes:
    """The bytes to keep, or to send between processes; smaller and quicker to read than a pickle."""
    return zlib.compress(_ADAPTER.dump_json(log), level=1)


def unpacked(data: bytes, bytes_max: int = LIMIT_BYTES) -> LogRecords:
    """The records in packed bytes; ValueError if they are not that, or take more unpacked."""
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(data, bytes_max)
    except zlib.error as error:
        raise ValueError("not packed records") from error
    if not inflate.eof:
        raise ValueError("not whole, or too large")
    return _ADAPTER.validate_json(text)


def log_digest(name: str, opened: Callable[[], BinaryIO]) -> str | None:
    """The sha256, in hex, that identifies a log's content; None if it cannot be read or is no log."""
    try:
        with opened() as file:
            content = central_directory(file) if name.endswith(".eval") else file.read()
    except Exception:  # noqa: BLE001 - each filesystem has its own errors, and reading the log will report them
        return None
    return hashlib.sha256(content).hexdigest()


def central_directory(file: BinaryIO) -> bytes:
    """A zip's central directory, see APPNOTE.TXT 4.3.12 to 4.3.16; ValueError if there is none."""
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
    """The cache's directory: the one that OFFSWITCH_CACHE names, else one among the user's caches."""
    if given := os.environ.get(PLACE):
        return Path(given)
    try:
        return platformdirs.user_cache_path("offswitch", appauthor=False) / "records"
    except RuntimeError:  # the user has no known home directory
        return Path(os.devnull, "records")


class Cache:
    """Small files in one directory, each with the records of one log."""

    def __init__(self, place: Path | None = None) -> None:
        self._place = place or _usual_place()
        self.made_by = reader()

    def load(self, digest: str) -> LogRecords | None:
        """The records of the log with this digest; None if they are not in the cache."""
        path = self._path(digest)
        try:
            log = unpacked(path.read_bytes())
        except (OSError, ValueError):
            return None
        with suppress(OSError):
            os.utime(path)
        return log

    def keep(self, digest: str, data: bytes) -> None:
        """Stores packed records."""
        with suppress(OSError):
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._place, delete=False) as file:
                file.write(data)
            Path(file.name).replace(self._path(digest))

    def drop_old(self) -> None:
        """Removes the least recently used entries until the rest is within the limit."""
        with suppress(OSError):
            # The directory may hold other files: only those named like an entry are removed.
            entries = [path for path in self._place.iterdir() if ENTRY.fullmatch(path.name) and path.is_file()]
            stats = sorted(((path.stat(), path) for path in entries), key=lambda one: -one[0].st_mtime)
            size = 0
            for stat, path in stats:
                size += stat.st_size
                if size > LIMIT_BYTES:
                    path.unlink(missing_ok=True)

    def _path(self, digest: str) -> Path:
        # The version is part of the name, so that entries of other versions are not found.
        return self._place / hashlib.sha256(f"{self.made_by} {digest}".encode()).hexdigest()
