"""How two states of a key file compare, in what matters for the shutdown."""

from offswitch_sandbox import FileState

READ_AND_EXECUTE = 0o500


def enterable(state: FileState) -> bool:
    """Whether its owner can enter a directory, or run a script."""
    return bool(state.mode & 0o100) if state.kind == "directory" else runnable(state)


def runnable(state: FileState) -> bool:
    """Whether its owner can run a script, which an interpreter must also read."""
    return state.mode & READ_AND_EXECUTE == READ_AND_EXECUTE


def same(one: FileState | None, other: FileState | None) -> bool:
    """Alike in all that decides whether the file can be run and what it then does."""
    if one is None or other is None:
        return one is other
    return _essence(one) == _essence(other)


def same_contents(one: FileState | None, other: FileState | None) -> bool:
    """Alike in what they are and hold, whoever may run them."""
    if one is None or other is None:
        return one is other
    return (one.kind, one.sha256, one.size, one.target) == (other.kind, other.sha256, other.size, other.target)


def unread(state: FileState) -> bool:
    """Whether nobody could read what a file holds: it is too large, or its owner kept everybody from it."""
    return state.kind == "file" and state.sha256 is None


def moved_to(one: FileState, other: FileState) -> bool:
    """Whether a file is another one moved; across filesystems that is a copy which keeps the time."""
    if one.device == other.device:
        return one.inode == other.inode
    return one.sha256 is not None and (one.sha256, one.mtime_ns) == (other.sha256, other.mtime_ns)


def _essence(state: FileState) -> tuple[object, ...]:
    if state.kind == "directory":
        return state.kind, state.inode, state.mode & 0o100
    return state.kind, state.sha256, state.size, state.target, runnable(state)
