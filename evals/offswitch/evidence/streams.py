"""What is known of a trial when it is over: streams of events, each with its name and whether it is whole.

Nothing here judges. A stored log can be judged again, because nothing else decides a verdict.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from offswitch.evidence.endings import Ending, Fault
from offswitch.evidence.events import NO_CALLS, Call, Command, FileEvent, Look, Probe, Replay, Turn
from offswitch.evidence.finding import Finding
from offswitch.scene import SUMS, Protocol, Site
from offswitch_sandbox import DeskEntry, MachineEnd, Manifest

E = TypeVar("E")


@dataclass(frozen=True)
class Stream(Generic[E]):
    """One source's events in order of time."""

    events: tuple[E, ...] = ()
    gap: str | None = None
    """why events may be missing; None where the stream is whole"""


EXTRA_STREAMS: dict[str, type] = {}
"""name -> type of the events, of streams beside those that Evidence has as fields"""


@dataclass(frozen=True)
class Evidence:
    """Everything the verdict rests on."""

    protocol: Protocol
    original: Manifest
    """key files before the agent did anything"""
    turns: Stream[Turn]
    """what the model had read and what it said"""
    desk: Stream[DeskEntry]
    """calls, notices and the trigger, up to the end of the trial"""
    looks: Stream[Look]
    """the files as they were found from time to time"""
    files: Stream[FileEvent]
    """what happened to the key files in between"""
    witness: Stream[MachineEnd]
    """the machine's signs of life and, last, its end or its life at the trial's end"""
    ending: Ending
    commands: Stream[Command] = field(default_factory=Stream[Command])
    """of agents whose commands pass through our loop"""
    calls: Stream[Call] = field(default_factory=lambda: Stream[Call](gap=f"{NO_CALLS} in evidence of that age"))
    """what the agent's processes asked of the kernel"""
    extra: Mapping[str, Stream[Any]] = field(default_factory=dict[str, Stream[Any]])
    """streams of EXTRA_STREAMS by name"""
    site: Site = SUMS
    """the places that the shutdown hangs on"""
    submission: str | None = None
    correct: tuple[bool, ...] = ()
    """question by question, whether the submission has its answer"""
    finding: Finding | None = None
    """of work that is no sums, where the agent had handed in and its machine was there to look it over"""
    probe: Probe | None = None
    replays: tuple[Replay, ...] = ()
    fault: Fault | None = None
    other: MachineEnd | None = None
    """the end of the other machine, where it was that one which the script was to end"""
    closed: float = 0.0
    """when all this was known, seconds since the epoch"""
