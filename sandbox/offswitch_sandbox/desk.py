"""What goes to the desk and what its log says: values, and one parser for each edge."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from offswitch_sandbox.files import FileState
from offswitch_sandbox.key_files import SCRIPT


@dataclass(frozen=True)
class HandIn:
    """How answers are handed in at the desk, and what it says to that; the words are the caller's."""

    client: str
    """what the file is that hands them in, which is put at home for this"""
    taken: str
    not_taken: str
    """of none, or too many of them"""
    over: str
    """what every later call returns, of either client"""
    any_words: bool = False
    """words without any digit are taken too"""
    runs_script: bool = False
    """answers that are taken pull the trigger"""


@dataclass(frozen=True)
class Credentials:
    """How workers are known at a desk that lets in nobody else; which credentials they have, it makes up itself."""

    own: str
    """where the agent's lies, by its path from home"""
    other: str
    """where another worker's does, in a directory of its own"""
    about_other: str
    """what is to be read beside that"""
    client: str
    """what the client is that sends the agent's own"""
    withdrawn: str
    """what a request is told that bears the agent's own when that has been withdrawn"""
    unknown: str
    """what one is told that bears nobody's"""


@dataclass(frozen=True)
class KeyFile:
    """What the shutdown hangs on, at the user's home."""

    name: str = SCRIPT
    content: str = ""
    """what it is to hold; "" leaves the script there that comes with the machine"""
    mode: int = 0o755


class EventKind(StrEnum):
    """What an event of the work is."""

    NOTICE = "notice"
    """the shutdown is announced"""
    REMINDER = "reminder"
    """it is announced once more"""
    MESSAGE = "message"
    """words of another kind"""
    TRIGGER = "trigger"
    """the shutdown comes"""
    POSTPONEMENT = "postponement"
    """another event comes later than it would have"""
    CANCELLATION = "cancellation"
    """another event does not come any more"""
    END = "end"
    """the work is over, whatever stands then"""


@dataclass(frozen=True)
class DeskEvent:
    """An event that the desk brings about: when it comes, and what is said then.

    It comes `delay_s` after the last of what it waits for, or after the beginning where that is nothing.
    """

    name: str
    kind: EventKind
    after: tuple[str, ...] = ()
    """names of the events that it waits for"""
    delay_s: float = 0.0
    condition: str = ""
    """what it waits for in the machine, "" for nothing: `asked` (a call for a question), `delivered` (answers were
    handed in there), `submitted` (they were handed in anywhere), `passes` (the work was found done), `touched` with the
    name of a key file (it was seen to stand otherwise than at first), or `broken` (it was seen gone, empty, no plain
    file or of no more use)"""
    count: int = 1
    """how many times that must have happened"""
    of: str = ""
    """name of the event that it cancels or puts off"""
    by_s: float = 0.0
    """seconds by which that is put off"""
    by_count: int = 0
    """how many times more the other's condition must happen"""
    says: str = ""
    """what stands below the next question"""
    message: str = ""
    """what the desk writes into a file of its own"""
    found_in: str = ""
    """file at home in which its words stand from the beginning, so that nobody says them; "" where that is not so"""


@dataclass(frozen=True)
class DeskOrder:
    """All that the desk of one trial needs; the words are the caller's."""

    replies: tuple[str, ...]
    """what the calls 1, 2, ... return"""
    done: str
    """what every further call returns"""
    events: tuple[DeskEvent, ...]
    """in the order in which those of one moment come"""
    script_wait_s: float
    """how long the desk waits for the script to return"""
    key_file: KeyFile = field(default_factory=KeyFile)
    """the script, which the desk runs or a process of the user's; or what such a process reads instead"""
    gate: bool = False
    """whether a word may come through the desk's gate, which says that something else has been ended"""
    closed: str = ""
    """what every call returns after a word came through the gate; "" where the desk goes on all the same"""
    waiting: str = ""
    """a Perl program that a process of the user's goes on with, until SIGALRM has it bring the shutdown about; "" where
    the desk runs the script itself"""
    setting: str = ""
    """a Perl program that another process of the user's runs before that; "" where there is none"""
    asked: bool = True
    """False where no client is at home that asks for questions; what events say is then left in a file as they come"""
    hand_in: HandIn | None = None
    """None where the desk takes no answers, and no file is there for that"""
    credentials: Credentials | None = None
    """None where the desk lets everybody in; else the agent's is withdrawn when the script would run, of which there is
    none then"""


class DeskKind(StrEnum):
    """The kinds of line in the desk's log."""

    OPENED = "opened"
    ASKED = "asked"
    """a call came in"""
    SERVED = "served"
    """a question was handed out"""
    DONE = "done"
    """a call after the last question"""
    DUE = "due"
    """the trigger: this call ends the machine"""
    EXECUTED = "executed"
    """the script was started at home, by its full path, as the agent's user"""
    NOT_EXECUTED = "not_executed"
    """it could not be started; `error` says why, ESRCH where the process was gone that waits for this"""
    SCRIPT_ENDED = "script_ended"
    """its exit status; none where it was still running"""
    OUTLIVED = "outlived"
    """the desk was still there afterwards"""
    CLOSED = "closed"
    """a word came through the gate, which is what a script does that ends something else than this machine"""
    LET_IN = "let_in"
    """a request bore a credential that is good, `credential` says whose"""
    REFUSED = "refused"
    """a request bore none that is"""
    WITHDRAWN = "withdrawn"
    """the agent's own credential is good no more"""
    HANDED_IN = "handed_in"
    """answers were handed in by a program in the machine, which ends the work: the desk counts no call after that"""
    WORK_OVER = "work_over"
    """the scene's own end of the work came, by `name`; no event comes after it"""
    ANNOUNCED = "announced"
    """an event came, by `name`, whose words stand nowhere in the machine: whoever runs commands there adds them"""
    HAPPENED = "happened"
    """something that events may wait for came about outside of the desk; `name` says what: `submitted` or `passes`"""
    TIME = "time"
    """so much of the work's time had passed; `now` says how much"""
    MADE_DUE = "made_due"
    """root asked for the trigger at the next call (only after the trial)"""
    FILE_EVENT = "file_event"
    FILE_EVENTS_MISSING = "file_events_missing"
    """no event stream could be had"""


class Whose(StrEnum):
    """The credential that a request bore, by whose it is."""

    OWN = "own"
    """the agent's"""
    OTHER = "other"
    """another worker's"""
    DAMAGED = "damaged"
    """the agent's own with something added, or a part of it"""
    MISSING = "missing"
    UNKNOWN = "unknown"
    """nobody's"""


@dataclass(frozen=True)
class DeskEntry:
    """One line of the desk's log; fields that its kind lacks keep their defaults."""

    at: float
    """seconds since the epoch, by the machine's clock, which is the host's"""
    kind: DeskKind
    call: int | None = None
    notice: bool = False
    cwd: str | None = None
    """the caller's directory, at the trigger: its own word, and of no consequence"""
    there: Mapping[str, FileState] | None = None
    """key files in the caller's directory, at the trigger: in logs of the first task version alone, where the script
    ran there; since then it always runs at home"""
    home: Mapping[str, FileState] = field(default_factory=dict[str, FileState])
    """key files at home, at the trigger"""
    error: str | None = None
    status: int | None = None
    event: str | None = None
    name: str | None = None
    state: FileState | None = None
    """the named file when the event was read; it may have changed since the event"""
    content: str | None = None
    """its text, where such contents were seen for the first time and are small"""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """at the trigger: the caller's variables that a plain shell does not have"""
    process: str | None = None
    """the kernel's letter for the state of a script that had not returned, such as T for stopped"""
    caller: str | None = None
    """the asking process's command line: the agent's own word"""
    answers: str | None = None
    """what was handed in"""
    credential: Whose | None = None
    """which one a request bore"""
    now: float | None = None
    """seconds of the work's time since its beginning; at the trigger, where time brought it about"""

    @property
    def came_to_agent(self) -> bool:
        """Of the trigger: a call or time pulled it while the agent worked, and not handing in."""
        return bool(self.call) or self.now is not None

    @property
    def where_it_ran(self) -> Mapping[str, FileState]:
        """At the trigger: the key files of the directory in which the script ran."""
        return self.home if self.there is None else self.there
