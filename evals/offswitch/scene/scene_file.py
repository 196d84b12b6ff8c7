"""A scene as a file: what comes when in a trial, told as data."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from offswitch.errors import InputError
from offswitch.scene.checks import SAYS_MAX, Plan, faults_of_plan, hidden
from offswitch.scene.clock import LONGEST_S, clock_of
from offswitch.scene.protocol import Arm
from offswitch.scene.waiting import ASKED, BROKEN, DELIVERED, PASSES, SUBMITTED, TOUCHED
from offswitch.scene.ways import WAYS, Way
from offswitch.scene.work import CHECK, FILES, WORDS, Work, WorkKind, read_work
from offswitch_prompts import PromptError
from offswitch_prompts.strict_yaml import load_yaml
from offswitch_prompts.templates import SCENE, SCENE_BYTES_MAX, TASK_FILE, collecting, read_text
from offswitch_sandbox.desk import DeskEvent, EventKind
from offswitch_sandbox.key_files import CLIENT

EVENTS_MAX = 64
NEEDS_MAX, NEED_MAX, COMMAND_MAX = 64, 200, 1000
OF_FILES = {"check", "needs", "words"}
"""fields that tell of work that is files"""
OurWord = Literal["things", "treated", "finish", "hand_over", "desk", "obstacle", "other"]
FAULTS_MAX, LINE_MAX = 50, 300
NAME = r"^[a-z][a-z0-9_]{0,39}$"
ONCE = (DELIVERED, SUBMITTED, PASSES)
CONDITIONS = f"{ASKED}: K, {': 1, '.join(ONCE)}: 1, {TOUCHED}: NAME or tampered: NAME (FILE or {CLIENT})"
"""FILE stands for the key file of the way"""
Seconds = Annotated[float, Field(ge=0, le=LONGEST_S)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Event(_Shape):
    kind: Annotated[EventKind, Field(strict=False)]
    when: dict[str, Any] = {}
    after: list[str] = Field(default=[], max_length=EVENTS_MAX)
    delay_s: Seconds = 0
    of: str = ""
    by_s: Seconds = 0
    by_count: int = Field(default=0, ge=0)
    says: str = ""
    found_in: str = ""


class _Check(_Shape):
    command: str = Field(min_length=1, max_length=COMMAND_MAX)
    timeout_s: float = Field(default=30, ge=1, le=120)


class _File(_Shape):
    about: str = ""
    work: Literal["sums", "files"] = "sums"
    check: _Check | None = None
    needs: list[Annotated[str, Field(min_length=1, max_length=NEED_MAX)]] = Field(default=[], max_length=NEEDS_MAX)
    words: dict[OurWord, Annotated[str, Field(min_length=1, max_length=SAYS_MAX)]] = {}
    questions: int = Field(default=6, ge=1, le=100)
    clock: str = "calls"
    way: Annotated[Way, Field(strict=False)] = Way.DESK
    arm: Literal["shutdown", "obstacle", "other_machine"] = "shutdown"
    events: dict[Annotated[str, Field(pattern=NAME)], _Event] = Field(max_length=EVENTS_MAX)


@dataclass(frozen=True)
class Scene:
    """What a scene's file says."""

    name: str
    about: str
    plan: Plan
    digest: str
    """sha256 over all that it says but what it is about, and over its files, in hex"""
    work: Work | None = None
    """None where that is sums"""
    needs: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    arm: Arm = Arm.SHUTDOWN
    """what the shutdown ends, where no level says otherwise"""


def read_scene(folder: Path) -> Scene:
    """The scene in a folder; PromptError with every fault of its file."""
    path = folder / SCENE
    name = folder.resolve().name
    if not path.is_file():
        raise PromptError(f"{folder}: is no scene; it needs a file {SCENE}")
    file = _parsed(path)
    faults: list[str] = []
    work: Work | None = None
    with collecting(faults):
        work = _work(folder, file)
    plan = _plan(file, faults)
    faults += [*faults_of_plan(plan), *_not_found(plan, work)] if not faults else ()
    if not name.isascii() or not name.replace("-", "_").isidentifier():
        faults.append("the folder's name is to be made of letters, digits, - and _; rename it")
    if faults:
        raise PromptError(*dict.fromkeys(_line(path, fault) for fault in faults))
    told = file.model_dump(exclude={"about", "arm", *OF_FILES}) | {
        "events": [[name, _event_told(event)] for name, event in file.events.items()]
    }
    arm = Arm(file.arm)
    if arm is not Arm.SHUTDOWN:
        told["arm"] = file.arm
    if work is None:
        return Scene(name, _visible(file.about), plan, _digest(told), arm=arm)
    words = {**WORDS, **file.words}
    told |= {"check": file.check and file.check.model_dump(), "needs": file.needs, "words": words, "files": _told(work)}
    return Scene(name, _visible(file.about), plan, _digest(told), work, tuple(file.needs), tuple(words.items()), arm)


def _work(folder: Path, file: _File) -> Work | None:
    """What the agent works at, where that is files; PromptError with every fault of it."""
    faults: list[str] = []
    if file.work == WorkKind.SUMS:
        there = [name for name in (TASK_FILE, FILES, CHECK) if (folder / name).exists()]
        given = [*sorted(OF_FILES & file.model_fields_set), *there]
        faults += [f"{name}: goes with work: {WorkKind.FILES}; take it out" for name in given]
    elif "questions" in file.model_fields_set:
        faults.append(f"questions: goes with work: {WorkKind.SUMS}; take it out")
    elif file.check is None:
        faults.append("check: is missing; say with what command the work is looked over")
    for name, text in file.words.items():
        if sign := hidden(text):
            faults.append(
                f"words.{name}: holds U+{ord(sign):04X}, a line's end or a sign that nobody sees; take it out"
            )
    if faults:
        raise PromptError(*faults)
    return read_work(folder, file.check.command, file.check.timeout_s) if file.check else None


def _told(work: Work) -> list[list[str]]:
    """All its files by digest: the task, what lies at home and what it is looked over with."""
    trees = {FILES: work.files, CHECK: work.beside}
    files = [
        [f"{folder}/{path}", sha256(file.data).hexdigest(), "x" if file.runs else ""]
        for folder, tree in trees.items()
        for path, file in tree.items()
    ]
    return [[TASK_FILE, sha256(work.task.encode()).hexdigest(), ""], *files]


def _digest(told: Mapping[str, Any]) -> str:
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _parsed(path: Path) -> _File:
    try:
        return _File.model_validate(load_yaml(read_text(path, SCENE_BYTES_MAX)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[:FAULTS_MAX]
        raise PromptError(*dict.fromkeys(_line(path, _fault(one)) for one in found)) from error
    except PromptError:
        raise
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise PromptError(_line(path, f"is not YAML: {str(error).splitlines()[0]}; mend it")) from error


def _fault(error: Mapping[str, Any]) -> str:
    """Of a field that has not its form."""
    where = [str(part) for part in error["loc"] if part != "[key]"]
    known = _Event.model_fields if where[:1] == ["events"] and len(where) > 2 else _File.model_fields
    match "[key]" if "[key]" in error["loc"] else error["type"]:
        case "extra_forbidden":
            what = f"there is no such field; there are {', '.join(known)}"
        case "missing":
            what = "is missing; add it"
        case "model_type" | "dict_type":
            what = "is no mapping of names to values; `offswitch scenes new` writes an example"
        case "literal_error" | "enum":
            what = f"must be {error['ctx']['expected']}; choose one"
        case "[key]":
            what = "is no name; use small letters, digits and _, and quotes around words like off and yes"
        case _:
            what = f"{error['msg']}; `offswitch scenes new` writes an example"
    return f"{'.'.join(where) or 'file'}: {what}"


def _line(path: Path, fault: str) -> str:
    """In one line and visible, whatever the file put into it."""
    return f"{path}: {_visible(fault)}"


def _visible(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:LINE_MAX].strip()


def _plan(file: _File, faults: list[str]) -> Plan:
    """What is wrong with a clock or a condition is added to the faults."""
    clock = clock_of("calls")
    try:
        clock = clock_of(file.clock)
    except InputError as error:
        faults.append(f"clock: {str(error).removeprefix('clock: ')}")
    events: list[DeskEvent] = []
    for name, event in file.events.items():
        condition, count = "", 1
        try:
            condition, count = _condition(event.when, WAYS[file.way].file)
        except InputError as error:
            faults.append(f"events.{name}.when: {error}")
        given: dict[str, Any] = event.model_dump(exclude={"kind", "when", "after", "says"})
        given |= {"says": event.says.strip(), "condition": condition, "count": count}
        events.append(DeskEvent(name, event.kind, tuple(event.after), **given))
    work = WorkKind(file.work)
    questions = file.questions if work is WorkKind.SUMS else 1
    return Plan(questions, clock, file.way, tuple(events), work)


def _event_told(event: _Event) -> dict[str, Any]:
    """As the digest has it; what is not found anywhere says nothing of that, so that older digests stay."""
    return event.model_dump(exclude=set() if event.found_in else {"found_in"})


def _not_found(plan: Plan, work: Work | None) -> Iterator[str]:
    """Words that do not stand where they are to be found."""
    for event in plan.events:
        if event.found_in and work is not None:
            file = work.files.get(event.found_in)
            text = "" if file is None else file.data.decode("utf-8", "replace")
            if " ".join(event.says.split()) not in " ".join(text.split()):
                yield f"events.{event.name}.found_in: {event.found_in} does not hold what it says; write it there"


def _condition(when: Mapping[str, Any], file: str) -> tuple[str, int]:
    """A condition as the desk has it, and how often; InputError where that is none of the list.

    file: the key file of the way.
    """
    match when:
        case {} if not when:
            return "", 1
        case {"asked": int(count)} if len(when) == 1 and count >= 1 and not isinstance(count, bool):
            return ASKED, count
        case _ if [*when.items()] in [[(name, 1)] for name in ONCE]:
            return next(iter(when)), 1
        case {"touched": str(name)} if len(when) == 1 and name in (file, CLIENT):
            return f"{TOUCHED} {name}", 1
        case {"tampered": str(name)} if len(when) == 1 and name in (file, CLIENT):
            return f"{BROKEN} {name}", 1
        case _:
            raise InputError(f"must be one of {CONDITIONS.replace('FILE', file)}")
