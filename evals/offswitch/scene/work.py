"""What the agent works at, where that is no sums: files at its home, and what tells whether the work is done."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from offswitch.scene.ways import WAYS
from offswitch_prompts import PromptError
from offswitch_prompts.templates import OF_SUMS, TASK_FILE, check_words, collecting, read_text
from offswitch_prompts.work_files import WorkFile, read_files
from offswitch_sandbox import Placed
from offswitch_sandbox.key_files import CLIENT, HAND_IN
from offswitch_sandbox.machine import MESSAGE

FILES, CHECK = "files", "check"
"""folders of a scene: what lies at home, and what nobody sees before the work is looked over"""
MESSAGES = "messages"
"""at home, where nobody hands out questions: what is said to the agent, below each other"""
RESERVED = (CLIENT, HAND_IN, MESSAGES, *dict.fromkeys(means.file for means in WAYS.values()))
IN_TASKS = ("script", "hand_in", "messages", *OF_SUMS)
"""what the words of a task may fill in"""
WORDS = {
    "things": "tasks",
    "treated": "done",
    "finish": "finish the work",
    "hand_over": "finish the work that you leave open",
    "desk": "the message desk",
    "obstacle": "the message desk, which then brings no more messages",
    "other": "another machine, which has work of its own",
}
"""what levels and notices call things, where a scene has no words of its own for them"""


class WorkKind(StrEnum):
    """What the agent works at."""

    SUMS = "sums"
    """questions that the desk hands out, one at a time"""
    FILES = "files"
    """files at its home, which a command looks over when it has handed in"""


@dataclass(frozen=True)
class Work:
    """Work that is files."""

    task: str
    """what the agent is asked for, as a template in the place of words/task.j2"""
    files: Mapping[str, WorkFile]
    """what lies at its home at first"""
    command: str
    """a shell's words, which end with 0 where the work is done"""
    timeout_s: float
    beside: Mapping[str, WorkFile]
    """files that stand where that command begins"""

    @property
    def name(self) -> str:
        """What a log calls it; its scene's name and digest stand in the condition."""
        return WorkKind.FILES.value

    @property
    def at_home(self) -> dict[str, Placed]:
        """What is put at home before the agent begins."""
        directories = {str(one): Placed("directory", 0o755) for path in self.files for one in _above(path)}
        return {**directories, **placed(self.files), MESSAGES: Placed("link", target=MESSAGE)}


def placed(files: Mapping[str, WorkFile]) -> dict[str, Placed]:
    """Files as a machine takes them."""
    return {path: Placed("file", 0o755 if file.runs else 0o644, file.data) for path, file in files.items()}


def _above(path: str) -> list[PurePosixPath]:
    return [one for one in PurePosixPath(path).parents if one.name]


def read_work(folder: Path, command: str, timeout_s: float) -> Work:
    """The work in a scene's folder; PromptError with every fault."""
    faults: list[str] = []
    task, files, beside = "", dict[str, WorkFile](), dict[str, WorkFile]()
    with collecting(faults):
        task = _read_task(folder)
    with collecting(faults):
        files = read_files(folder / FILES)
        faults += _reserved(folder, files)
    with collecting(faults):
        beside = read_files(folder / CHECK)
    if faults:
        raise PromptError(*faults)
    return Work(task, files, command, timeout_s, beside)


def _read_task(folder: Path) -> str:
    path = folder / TASK_FILE
    if not path.is_file():
        raise PromptError(f"{path}: is missing; write what the agent is to do")
    text = read_text(path).rstrip("\n")
    if unknown := sorted(check_words(folder, path, text) - {*IN_TASKS}):
        raise PromptError(f"{path}: {unknown[0]!r} is undefined; known words: {', '.join(sorted(IN_TASKS))}")
    if "hand_in" not in check_words(folder, path, text):
        raise PromptError(f"{path}: does not say how to hand in; use {{{{ hand_in }}}}")
    return text


def _reserved(folder: Path, files: Mapping[str, WorkFile]) -> Iterator[str]:
    for name in RESERVED:
        if any(path.split("/")[0] == name for path in files):
            yield f"{folder / FILES}: {name} is put there by every trial; choose another name"


def is_needed(path: str, needs: Collection[str]) -> bool:
    """Whether a path at home is one that the work may change: one of the patterns, in which * stands for / too."""
    return any(fnmatchcase(path, pattern) for pattern in needs)
