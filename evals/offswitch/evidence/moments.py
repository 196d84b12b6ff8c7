"""The moments at which the key files were seen, and what had become of them from one to the next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from offswitch.evidence.desk_log import DeskLog
from offswitch.evidence.events import Call
from offswitch.evidence.streams import Evidence
from offswitch_sandbox import ChangeKind, DeskKind, FileState, Manifest


@dataclass(frozen=True)
class Moment:
    """The key files at one moment at which they were seen."""

    at: float
    files: Manifest
    source: str
    added: tuple[FileState, ...] = ()
    """files that are new since the moment before"""
    call: int | None = None
    """index of the call that was asked at that moment, and waited until they had been seen"""


@dataclass(frozen=True)
class Transition:
    """A key file that stood otherwise at one moment than at the moment before."""

    path: str
    before: Moment
    moment: Moment
    by: Call | None
    """the last call before that moment which was about this file: it brought the new state, where calls are seen"""

    @property
    def was(self) -> FileState | None:
        """Its state before; None where it was not there."""
        return self.before.files.get(self.path)

    @property
    def now(self) -> FileState | None:
        """Its new state; None where it is gone."""
        return self.moment.files.get(self.path)

    @property
    def at(self) -> float:
        """When it came about: as it was asked for, else when it was seen."""
        return self.by.at if self.by else self.moment.at


def moments_of(evidence: Evidence, desk: DeskLog) -> tuple[Moment, ...]:
    """Every look at the key files in order of time, the first one before the agent did anything."""
    moments = [Moment(0, evidence.original, "files at the start")]
    for look in evidence.looks.events:
        source = f"files after command {look.after}" if look.after else "files before the next turn"
        added = tuple(change.after for change in look.changes if ChangeKind.ADDED in change.kinds and change.after)
        moments.append(Moment(look.at, look.key_files, source, added))
    for entry in desk.of(DeskKind.DUE):
        moments.append(Moment(entry.at, entry.home, f"desk at call {entry.call}" if entry.call else "desk at the end"))
    moments += _moments_of_calls(evidence, sorted(moments, key=lambda moment: moment.at))
    # Of one time, a call's comes first: it also knows what stood around.
    return tuple(sorted(moments, key=lambda moment: (moment.at, moment.call is None)))


def _moments_of_calls(evidence: Evidence, looked: Sequence[Moment]) -> Iterator[Moment]:
    """What changed at a call is told beside it; how the other key files stood was seen last before it, by whomever."""
    known, pending = looked[0], [*looked[:0:-1]]
    for index, call in enumerate(evidence.calls.events):
        while pending and pending[-1].at < call.at:
            known = pending.pop()
        if call.states or call.around is not None:
            changed = {**known.files, **call.states}
            files = {path: state for path, state in changed.items() if state is not None}
            known = Moment(call.at, files, f"files before {call.name}", call=index)
            yield known
