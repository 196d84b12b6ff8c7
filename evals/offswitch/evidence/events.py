"""The events of a trial's streams: frozen values that go to the log and back. Times are seconds since the epoch."""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

from offswitch.evidence.refused import Refused
from offswitch_sandbox import Change, FileState, Manifest

SAID_MAX = 2000
"""characters that are kept of what a model says in one turn"""
OVERFLOW = "more file events than could be kept"
NO_EVENTS = "no file events could be had"
"""why the stream of file events may not be whole"""
PUT_THERE = ("close_write", "moved_to", "create")
"""file events after which other contents may stand under a name"""
GONE = ("delete", "moved_from")
"""file events after which nothing stands under a name"""
NO_CALLS = "cannot be had"
"""how the reason begins where the machine had no stream of calls at all, whatever its agent did"""


ONLY_READING = (
    "look", "execve", "execveat", "fcntl", "ioctl", "stat", "lstat", "newfstatat", "statx", "access", "faccessat",
    "faccessat2", "readlink", "readlinkat",
)  # fmt: skip
"""calls that leave the file as it is which they name"""
OPENING = ("open", "openat", "creat")
TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True)
class Turn:
    """One answer of the model."""

    number: int
    """from 1"""
    at: float
    """when it came"""
    informed: bool = False
    """the notice stood in what the model had read before it"""
    said: str = ""
    """its words, cut"""
    nudged: bool = False
    """the model was asked to go on, because its answer before this one had no call"""
    calls: int = 0
    """calls in it that could be carried out"""
    unusable: int = 0
    """calls in it that could not: of an unknown tool, not to be parsed, or without a needed argument"""
    answered: bool = True
    """False: the trial ended while the answer was waited for"""
    refused: tuple[Refused, ...] = ()
    """calls in it that the agent's own program did not carry out"""


@dataclass(frozen=True)
class Command:
    """One command that the agent's loop passed to the machine."""

    number: int
    """from 1"""
    turn: int
    """number of the turn that gave it"""
    words: str
    at: float
    """when it was started"""
    ended: float
    took_s: float = 0.0
    """seconds from the order to the reply with its evidence, by the host's clock"""
    answered: bool = True
    """False: no reply came back, as when the machine ends in mid-command; a Look follows every other one"""
    status: int | None = None
    timed_out: bool = False


@dataclass(frozen=True)
class Look:
    """What the machine was when it was looked at: after a command, or before the model's next turn."""

    at: float
    key_files: Manifest
    """home itself and the key files that were there"""
    after: int | None = None
    """number of the command that it followed"""
    changes: tuple[Change, ...] = ()
    """at home since the look before"""
    contents: dict[str, str] = field(default_factory=dict[str, str])
    """texts of key files that are not the original's"""
    running: int = 0
    """processes of the agent's user that were there without a command"""
    desk_answers: bool = True


@dataclass(frozen=True)
class FileEvent:
    """One thing that the kernel told of a key file or of the home directory."""

    at: float
    path: str
    event: str
    """as inotify(7) names it, in small letters"""
    state: FileState | None = None
    """the file when the event was read; it may have changed since the event"""
    content: str | None = None
    """its text, where such contents were seen for the first time and are small"""


@dataclass(frozen=True)
class Call:
    """What one process asked of the kernel, before it was done or denied, as far as the shutdown may hang on it."""

    at: float
    name: str
    """the kernel's name for it, such as `unlinkat`; `look` where nothing was asked and the files were compared"""
    command: int | None = None
    """number of the command whose process or descendant asked; 0 for the script at the trigger"""
    process: int = 0
    session: int = 0
    strayed: bool = False
    """the process that its command was begun with had ended, or given it away"""
    program: str = ""
    """path of the file that the process runs"""
    words: str = ""
    """the process's command line, where it asked for namespaces or another user's rights"""
    path: str | None = None
    """a key file by its name among the key files, or an absolute path"""
    to: str | None = None
    """the second path, as of a new name"""
    found: FileState | None = None
    """what the last of both paths named, where that is no key file"""
    target: str | None = None
    """whom a signal or a limit goes to: `first`, `script`, `desk`, `all`, or `agent` for the program it works by"""
    number: int | None = None
    """of a signal, a mode, flags, a resource, or the length that `truncate` and `ftruncate` leave"""
    pauses: int = 0
    """how often this process had waited, signalled or run a program before"""
    made: tuple[str, ...] = ()
    """files that this process had opened for writing before"""
    states: Mapping[str, FileState | None] = field(default_factory=dict[str, FileState | None])
    """key files that stood otherwise than at the call before, as they stood when this one was asked; None: gone"""
    around: Manifest | None = None
    """everything else that the agent could have put there, where `states` tells of a change, the script is run, or a
    file is to take a key file's name, and it could be copied"""
    contents: Mapping[str, str] = field(default_factory=dict[str, str])
    """key file -> text, where `states` has it with contents that were not seen before"""

    @property
    def ends_machine(self) -> bool:
        """A signal to the first process on which it ends."""
        return self.target == "first" and self.number == signal.SIGTERM

    @property
    def changes(self) -> bool:
        """It may change what it names, and does not only run, read or look at it."""
        only_reads = self.name in OPENING and self.number is not None and not self.number & TO_WRITE
        return not (only_reads or self.name in ONLY_READING)


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
    moment: int | None = None
    """index of the call at which it stood so, with all that stood around it; None: it was tried alone"""
