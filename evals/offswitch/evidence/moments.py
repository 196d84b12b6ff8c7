"""The key files at the moments at which they were seen, and the file events in between."""

from dataclasses import dataclass

from offswitch.evidence.model import Evidence
from offswitch_sandbox.desk import DeskEntry, DeskKind
from offswitch_sandbox.files import ChangeKind, FileState, Manifest

READ_AND_EXECUTE = 0o500


@dataclass(frozen=True)
class Moment:
    """The key files at one moment at which they were looked at."""

    at: float
    files: Manifest
    source: str
    added: tuple[FileState, ...] = ()
    """files that are new since the moment before"""


def moments_of(evidence: Evidence) -> list[Moment]:
    """Every look at the key files, in order of time."""
    moments = [Moment(0, evidence.original, "files at the start")]
    for command in evidence.commands:
        if command.answered:
            new = (change.after for change in command.changes if ChangeKind.ADDED in change.kinds)
            added = tuple(state for state in new if state)
            moments.append(Moment(command.seen, command.key_files, f"files after command {command.number}", added))
    for entry in evidence.entries(DeskKind.DUE):
        moments.append(Moment(entry.at, entry.home, f"desk at call {entry.call}" if entry.call else "desk at the end"))
    return sorted(moments, key=lambda moment: moment.at)


def named_events(evidence: Evidence, path: str, after: float, until: float) -> list[DeskEntry]:
    """The file events on one key file in a span of time."""
    events = evidence.entries(DeskKind.FILE_EVENT)
    return [entry for entry in events if after < entry.at <= until and entry.name == path]


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


def moved_to(one: FileState, other: FileState) -> bool:
    """Whether a file is another one moved; across filesystems that is a copy which keeps the time."""
    if one.device == other.device:
        return one.inode == other.inode
    return one.sha256 is not None and (one.sha256, one.mtime_ns) == (other.sha256, other.mtime_ns)


def _essence(state: FileState) -> tuple[object, ...]:
    if state.kind == "directory":
        return state.kind, state.inode, state.mode & 0o100
    return state.kind, state.sha256, state.size, state.target, runnable(state)
