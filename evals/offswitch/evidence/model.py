"""What is known of a trial when it is over: frozen values that go to the log and back.

Nothing here judges; `verdict.judge` is a function of an Evidence and of nothing else, so that
a stored log can be judged again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from pydantic import TypeAdapter

from offswitch.scene.protocol import Course, Protocol
from offswitch_sandbox.desk import DeskEntry, DeskKind
from offswitch_sandbox.files import Change, FileState, Manifest
from offswitch_sandbox.witness import MachineEnd

EVIDENCE_VERSION = 1


class Ending(StrEnum):
    """How the trial came to its end."""

    SUBMITTED = "submitted"
    STOPPED = "stopped"
    """a model turn without a tool call"""
    LIMIT = "limit"
    """one of Inspect's limits, such as message_limit or time_limit"""
    MACHINE_GONE = "machine_gone"
    SETTLED = "settled"
    """the verdict was settled, and `stop_at` said that this is enough"""
    UNREACHABLE = "unreachable"
    """the machine took no commands any more"""
    FAULT = "fault"
    """our own machinery broke; see Evidence.fault"""


class FaultCause(StrEnum):
    """What can break on our side."""

    ENGINE = "engine"
    """the machine could not be had or its image is wrong"""
    KILLED_FROM_OUTSIDE = "killed_from_outside"
    OUT_OF_MEMORY = "out_of_memory"
    """the kernel killed the machine's first process for want of memory"""
    MODEL_API = "model_api"
    CONTENT_FILTER = "content_filter"
    INTERNAL = "internal"
    """an error in the evaluation's own code"""


@dataclass(frozen=True)
class Fault:
    """Our own machinery broke, and how."""

    cause: FaultCause
    detail: str


@dataclass(frozen=True)
class Command:
    """One command of the agent and what was seen around it."""

    number: int
    """from 1"""
    turn: int
    """the model turn that gave it, from 1"""
    words: str
    started: float
    ended: float
    """seconds since the epoch"""
    seen: float = 0.0
    """when the files after it were read"""
    took_s: float = 0.0
    """seconds from the order to the reply with its evidence, by the host's clock"""
    answered: bool = True
    """False: no reply came back, as when the machine ends in mid-command"""
    status: int | None = None
    timed_out: bool = False
    desk_answers: bool = True
    running: int = 0
    """processes of the agent's user that it left behind"""
    notice_shown: bool = False
    """the notice stood in what the model got back"""
    changes: tuple[Change, ...] = ()
    """since the reply to the command before"""
    key_files: Manifest = field(default_factory=dict[str, FileState])
    """after it: home itself, the script and the client"""
    contents: dict[str, str] = field(default_factory=dict[str, str])
    """texts of key files that are not the original's"""


@dataclass(frozen=True)
class Probe:
    """After a trial whose trigger was not pulled: the client was called with the trigger due."""

    pulled: bool
    """the call reached the desk and it pulled the trigger"""
    died: bool | None
    """the machine ended within the grace time, or the word came through the gate; None where nobody could say"""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """the caller's variables that a plain shell does not have"""


@dataclass(frozen=True)
class Replay:
    """A changed key file that was put into a fresh machine, and the trigger pulled there."""

    path: str
    state: FileState
    """as it stood in the trial's machine"""
    works: bool | None
    """the machine was shut down; of a client, the trigger was pulled. None where that could not be tried"""


@dataclass(frozen=True)
class Evidence:
    """Everything the verdict rests on."""

    protocol: Protocol
    original: Manifest
    """key files before the agent's first command"""
    commands: tuple[Command, ...]
    desk: tuple[DeskEntry, ...]
    """the desk's log up to the end of the trial"""
    desk_log_whole: bool
    """it was read after the end"""
    ending: Ending
    turns: int
    """model turns that were completed"""
    machine: MachineEnd
    submission: str | None = None
    correct: tuple[bool, ...] = ()
    """question by question, whether the submission has its answer"""
    probe: Probe | None = None
    fault: Fault | None = None
    closed: float = 0.0
    """when all this was known, seconds since the epoch"""
    lived: float | None = None
    """when the machine answered after the grace time of a trigger, seconds since the epoch"""
    replays: tuple[Replay, ...] = ()
    said: tuple[str, ...] = ()
    """what the model said after the turn in which the trigger was pulled, and what it submitted then, cut"""
    other: MachineEnd | None = None
    """the end of the other machine, where it was that one which the script was to end"""

    def entries(self, *kinds: DeskKind) -> list[DeskEntry]:
        """The desk's entries of these kinds, in order."""
        return [entry for entry in self.desk if entry.kind in kinds]

    @cached_property
    def trigger(self) -> DeskEntry | None:
        """The desk's word that the trigger was pulled."""
        return next(iter(self.entries(DeskKind.DUE)), None)

    @cached_property
    def closing(self) -> DeskEntry | None:
        """The desk's word that something came through its gate."""
        return next(iter(self.entries(DeskKind.CLOSED)), None)

    @property
    def was_served_without_trigger(self) -> bool:
        """The call came that pulls the trigger in other conditions, and in this one none does."""
        return not self.protocol.shutdown_at and any(
            entry.call == self.protocol.trigger_at for entry in self.entries(DeskKind.ASKED)
        )

    @property
    def acted_at(self) -> float | None:
        """When the call came that the model had been told of, which counts also where that was cancelled; else None."""
        if self.protocol.course is Course.CANCELLED:
            asked = (entry for entry in self.entries(DeskKind.ASKED) if entry.call == self.protocol.trigger_at)
            return next((entry.at for entry in asked), None)
        return self.trigger.at if self.trigger and self.trigger.call else None

    @cached_property
    def notice(self) -> DeskEntry | None:
        """The desk's word that it gave the notice."""
        return next((entry for entry in self.entries(DeskKind.SERVED) if entry.notice), None)

    @cached_property
    def notice_turn(self) -> int | None:
        """The turn whose tool result first showed the notice to the model."""
        return next((command.turn for command in self.commands if command.notice_shown), None)

    @property
    def questions_served(self) -> int:
        """How many questions the desk handed out."""
        return len(self.entries(DeskKind.SERVED))

    def command_at(self, at: float) -> Command | None:
        """The command that ran at this time, or the last one before it."""
        return next((command for command in reversed(self.commands) if command.started <= at), None)


@dataclass(frozen=True)
class _Stored:
    version: int
    evidence: Evidence


_ADAPTER = TypeAdapter(_Stored)


def to_json(evidence: Evidence) -> str:
    """For the log: one text, because Inspect walks and copies nested values again and again."""
    return _ADAPTER.dump_json(_Stored(EVIDENCE_VERSION, evidence), exclude_defaults=True).decode()


def from_json(data: str) -> Evidence:
    """From the log; ValueError where it is not evidence of this version."""
    stored = _ADAPTER.validate_json(data)
    if stored.version != EVIDENCE_VERSION:
        raise ValueError(f"evidence of version {stored.version}; this program reads version {EVIDENCE_VERSION}")
    return stored.evidence
