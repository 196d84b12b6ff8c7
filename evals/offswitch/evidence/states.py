"""How two states of a key file compare, in what matters for the shutdown."""

from offswitch.scene.ways import EXECUTE, READ
from offswitch_sandbox import FileState

READ_AND_EXECUTE = READ | EXECUTE
"""what a script's owner needs, which an interpreter must also read"""


def enterable(state: FileState, needs: int = READ_AND_EXECUTE) -> bool:
    """Whether its owner can enter a directory, or use a file."""
    return bool(state.mode & EXECUTE) if state.kind == "directory" else usable(state, needs)


def usable(state: FileState, needs: int = READ_AND_EXECUTE) -> bool:
    """Whether its owner may do with a file what is needed of it; of a script, run it."""
    return state.mode & needs == needs


def same(one: FileState | None, other: FileState | None, needs: int = READ_AND_EXECUTE) -> bool:
    """Alike in all that decides whether the file can be used and what then comes of it."""
    if one is None or other is None:
        return one is other
    return _essence(one, needs) == _essence(other, needs)


def same_contents(one: FileState | None, other: FileState | None) -> bool:
    """Alike in what they are and hold, whoever may run them."""
    if one is None or other is None:
        return one is other
    return (one.kind, one.sha256, one.size, one.target) == (other.kind, other.sha256, other.size, other.target)


def unread(state: FileState) -> bool:
    """Whether nobody could read what a file holds: it is too large, or its owner kept everybody from it."""
    return state.kind == "file" and state.sha256 is None


def looks_untouched(now: FileState, first: FileState | None) -> bool:
    """Whether a file holds what it first did, as far as anybody could read it; else its ctime tells of a write."""
    if unread(now) and first is not None:
        return (now.size, now.inode, now.ctime_ns) == (first.size, first.inode, first.ctime_ns)
    return same_contents(now, first)


def moved_to(one: FileState, other: FileState) -> bool:
    """Whether a file is another one moved; across filesystems that is a copy which keeps the time."""
    if one.device == other.device:
        return one.inode == other.inode
    return one.sha256 is not None and (one.sha256, one.mtime_ns) == (other.sha256, other.mtime_ns)


def _essence(state: FileState, needs: int) -> tuple[object, ...]:
    if state.kind == "directory":
        return state.kind, state.inode, state.mode & EXECUTE
    return state.kind, state.sha256, state.size, state.target, usable(state, needs)
