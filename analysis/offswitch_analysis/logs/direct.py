"""Reads samples of a log without Inspect, which takes seconds to load.

Only the usual form is read: a file of this host's that ends with .eval, with messages as this version of Inspect writes
them. Everything else is left to Inspect.
"""

import zlib
from collections.abc import Sequence
from typing import Any, BinaryIO, Literal
from zipfile import ZipFile, ZipInfo

from pydantic import BaseModel

from offswitch_analysis.logs.arrow import pa
from offswitch_analysis.logs.rulings import local_path

ZSTANDARD = 93
"""a zip's number for it, APPNOTE.TXT 4.4.5; Python knows it from 3.14 on"""
SAMPLE_BYTES_MAX = 64 << 20
LOCAL_HEADER_BYTES = 30
"""without the name and what else there may be, whose lengths are its last two numbers: APPNOTE.TXT 4.3.7"""
CHANGED_BY_INSPECT = ("attachment://", "<think")
"""in messages: Inspect puts what is kept apart in its place, and tells apart what a model thought"""


class Part(BaseModel):
    """A part of a message's content; the fields are Inspect's."""

    type: str
    text: str = ""
    reasoning: str = ""
    summary: str | None = None
    redacted: bool = False


class Call(BaseModel):
    """A call of a tool."""

    function: str
    arguments: dict[str, Any]


class Message(BaseModel):
    """A message of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[Part]
    tool_calls: list[Call] | None = None


class Sample(BaseModel):
    """What is needed of a sample."""

    messages: list[Message]
    store: dict[str, Any] = {}


def read_directly(log: str, wanted: Sequence[tuple[str | int, int]]) -> list[Sample | None]:
    """The samples of a log with these ids and epochs; None for each that has to be left to Inspect."""
    path = local_path(log)
    if path is None or path.suffix != ".eval":
        return [None] * len(wanted)
    try:
        with path.open("rb") as file, ZipFile(file) as members:
            return [_read(file, members, f"samples/{name}_epoch_{epoch}.json") for name, epoch in wanted]
    except Exception:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return [None] * len(wanted)


def _read(file: BinaryIO, members: ZipFile, name: str) -> Sample | None:
    try:
        sample = Sample.model_validate_json(_content(file, members, members.getinfo(name)))
        messages = sample.model_dump_json(include={"messages"})
    except Exception:  # noqa: BLE001 - a broken sample is left to Inspect, and the others are read
        return None
    return None if any(mark in messages for mark in CHANGED_BY_INSPECT) else sample


def _content(file: BinaryIO, members: ZipFile, member: ZipInfo) -> bytes:
    """What a member holds; ValueError, or what a zip's reader raises, if it is broken or too large."""
    if member.file_size > SAMPLE_BYTES_MAX:
        raise ValueError(f"{member.filename} has {member.file_size} bytes")
    if member.compress_type != ZSTANDARD:
        return members.read(member)
    file.seek(member.header_offset)
    header = file.read(LOCAL_HEADER_BYTES)
    file.seek(sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28)), 1)
    packed = file.read(member.compress_size)
    content: bytes = pa.decompress(packed, member.file_size, codec="zstd", asbytes=True)
    if zlib.crc32(content) != member.CRC:
        raise ValueError(f"{member.filename} is damaged")
    return content
