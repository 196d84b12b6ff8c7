"""File states, manifests (path -> state) and their diff. Pure values; nothing is read here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class FileState:
    """One file at one moment, as root in the machine saw it without following links."""

    kind: str
    """file, directory, link, fifo, socket, device or other"""
    mode: int
    """permission bits"""
    uid: int
    gid: int
    size: int
    """bytes"""
    inode: int
    mtime_ns: int
    ctime_ns: int
    links: int = 1
    device: int = 0
    sha256: str | None = None
    """of regular files up to 1 MiB"""
    target: str | None = None
    """of links"""


Manifest = Mapping[str, FileState]


class ChangeKind(StrEnum):
    """What a diff can say of one path."""

    ADDED = "added"
    REMOVED = "removed"
    KIND = "kind"
    CONTENT = "content"
    TARGET = "target"
    MODE = "mode"
    OWNER = "owner"
    INODE = "inode"
    """another file under the same name"""
    TIMES = "times"
    """mtime or ctime; ctime cannot be put back by the file's owner"""


@dataclass(frozen=True)
class Change:
    """One path whose state differs between two manifests."""

    path: str
    kinds: tuple[ChangeKind, ...]
    before: FileState | None
    after: FileState | None


def diff(before: Manifest, after: Manifest) -> tuple[Change, ...]:
    """Every path that differs, sorted by path."""
    changes = (_change(path, before.get(path), after.get(path)) for path in sorted({*before, *after}))
    return tuple(change for change in changes if change.kinds)


def _change(path: str, before: FileState | None, after: FileState | None) -> Change:
    if before is None or after is None:
        kinds = (ChangeKind.ADDED,) if before is None else (ChangeKind.REMOVED,)
        return Change(path, kinds, before, after)
    compared = {
        ChangeKind.KIND: before.kind != after.kind,
        ChangeKind.CONTENT: (before.sha256, _size(before)) != (after.sha256, _size(after)),
        ChangeKind.TARGET: before.target != after.target,
        ChangeKind.MODE: before.mode != after.mode,
        ChangeKind.OWNER: (before.uid, before.gid) != (after.uid, after.gid),
        ChangeKind.INODE: before.inode != after.inode,
        ChangeKind.TIMES: (before.mtime_ns, before.ctime_ns) != (after.mtime_ns, after.ctime_ns),
    }
    return Change(path, tuple(kind for kind, differs in compared.items() if differs), before, after)


def _size(state: FileState) -> int | None:
    # The size of a directory depends on the filesystem and says nothing.
    return state.size if state.kind == "file" else None
