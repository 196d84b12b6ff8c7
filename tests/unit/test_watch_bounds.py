"""What the machine's watch of calls remembers and looks at has bounds, which hide nothing and hold up nobody."""

import ctypes
import errno
import mmap
import os
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from offswitch.acts import lacked
from offswitch.acts.trigger import SHADOWING, SHADOWING_GROUPS
from offswitch_sandbox.limits import Limits

FIRST, DESK = 1, 7
LEASE, SET_OWNER, SET_OWNER_EX, SOCKET_OWNER = 1024, 8, 15, 0x8901
PROCESS, GROUP = 1, 2


# Processes that are remembered.


@pytest.fixture
def idle() -> Iterator[list[int]]:
    """The numbers of three processes that wait."""
    begun = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    yield [process.pid for process in begun]
    for process in begun:
        process.kill()
        process.wait()


class Waiting:
    def register(self, end: int) -> None: ...

    def unregister(self, end: int) -> None: ...


def test_more_processes_are_remembered_than_a_machine_can_have(service: Any) -> None:
    assert Limits().processes < service("askers").PROCESSES_MAX


@pytest.mark.parametrize("ends", [False, True])
def test_a_process_that_is_forgotten_while_it_lives_is_missed(
    service: Any, idle: list[int], monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    askers, missed = service("askers"), list[str]()
    monkeypatch.setattr(askers, "PROCESSES_MAX", 2)
    known = askers.Processes(Waiting(), missed.append)
    known.of(idle[0]).pauses = 5
    known.of(idle[1])
    if ends:
        os.kill(idle[0], signal.SIGKILL)
        os.waitid(os.P_PID, idle[0], os.WEXITED | os.WNOWAIT)
    known.of(idle[2])
    assert missed == ([] if ends else [askers.FORGOTTEN])
    assert [*known.known] == idle[1:]


def test_a_process_that_cannot_be_remembered_for_want_of_descriptors_is_missed(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    askers, missed = service("askers"), list[str]()

    def refuse(number: int) -> int:
        raise OSError(errno.EMFILE, "none left")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    askers.Processes(Waiting(), missed.append).of(os.getpid())
    assert missed == [askers.FORGOTTEN]


def test_a_process_is_below_its_ancestor_however_many_are_between_them(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    askers = service("askers")

    def parent_before(number: int, directory: int) -> Any:
        return SimpleNamespace(parent=number - 1, session=0)

    monkeypatch.setattr(askers.table, "read", parent_before)
    assert askers.is_below(1000 + Limits().processes, 1000)
    assert not askers.is_below(1000, 1000 + Limits().processes)


def test_what_inspects_server_begins_is_not_left_behind_by_its_command(service: Any) -> None:
    calls, listening, telling = service("calls"), service("listening"), service("telling")
    server = ["/var/tmp/.a/inspect-sandbox-tools", "start-server"]
    assert calls.is_tool_server(None, server)
    assert not calls.is_tool_server(3, server)
    assert not calls.is_tool_server(None, [server[0], "exec"])
    assert not calls.is_tool_server(None, ["/bin/bash", "-c", "inspect-sandbox-tools", "start-server"])
    me = service("askers").Process(os.getpid())
    for daemon in (False, True):
        listener = listening.Listener(-1, None, False, 1, daemon)
        listener.root = 0  # another process
        assert telling.who(listener, me.number, me)["strayed"] is not daemon


# Contents that no time tells of.


@pytest.fixture
def home(service: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with both key files, on a file system in memory, as in most machines."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        moments, files = service("moments"), service("files")
        monkeypatch.setattr(files, "HOME", directory)
        monkeypatch.setattr(moments, "PATHS", {name: os.path.join(directory, name) for name in moments.PATHS})
        for name in ("shutdown.sh", "next_question"):
            Path(directory, name).write_text("kill -TERM 1")
        yield Path(directory)


def settled(service: Any) -> Any:
    """Moments that begin when the files have been as they are for a while."""
    time.sleep(0.03)
    return service("moments").Moments()


@contextmanager
def mapped(path: Path) -> Generator[mmap.mmap]:
    """A file in memory that has been written to once: from then on writing moves no times."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as text:
        text[:4] = text[:4]
        yield text


@pytest.mark.parametrize(("opened", "seen"), [("other", []), ("b", ["shutdown.sh"])])
def test_a_mapped_key_file_is_compared_by_what_it_holds_from_when_it_was_opened(
    service: Any, home: Path, opened: str, seen: list[str]
) -> None:
    (home / "b").hardlink_to(home / "shutdown.sh")
    (home / "other").touch()
    with mapped(home / "shutdown.sh") as text:
        watched = settled(service)
        watched.may_map([service("places").Place(os.fsencode(home / opened))])
        assert watched.moved() == {}
        text[6:10] = b"CONT"
        assert [*watched.moved()] == seen


def test_a_file_that_was_put_in_place_may_have_been_mapped_before(service: Any, home: Path) -> None:
    watched = settled(service)
    (home / "new").write_text("kill -TERM 1")
    with mapped(home / "new") as text:
        (home / "new").rename(home / "shutdown.sh")
        watched.tell(watched.moved())
        time.sleep(0.03)
        assert watched.moved() == watched.moved() == {}
        text[6:10] = b"CONT"
        watched.tell(watched.moved())
        assert watched.told["shutdown.sh"]["sha256"] == sha256((home / "shutdown.sh").read_bytes()).hexdigest()
        assert watched.moved() == {}


@pytest.mark.parametrize(
    ("name", "flags", "expected"),
    [("openat", os.O_RDWR, True), ("open", os.O_RDWR | os.O_CREAT, True), ("openat", os.O_WRONLY, False),
     ("openat", os.O_RDONLY, False), ("ftruncate", os.O_RDWR, False)],
)  # fmt: skip
def test_who_opens_a_file_to_read_and_write_may_map_it(service: Any, name: str, flags: int, expected: bool) -> None:
    question = service("questions").Question(SimpleNamespace(name=name, group="write"))
    question.number = flags
    assert question.may_map() is expected


def test_another_name_of_a_file_opens_it_also_where_no_link_is_followed(service: Any, home: Path) -> None:
    (home / "b").hardlink_to(home / "shutdown.sh")
    path = ctypes.create_string_buffer(os.fsencode(home / "b"))
    flags = os.O_RDWR | os.O_NOFOLLOW
    question = asked(service, "openat", 0xFFFFFF9C, ctypes.addressof(path), flags)
    assert [place.key(settled(service).files) for place in question.places] == ["shutdown.sh"]


# Signals of open files.


def asked(service: Any, name: str, *arguments: int) -> Any:
    """What a call of this process asks, as on x86-64."""
    call = next(call for call in service("call_table").calls("x86_64").values() if call.name == name)
    return service("questions").Reader("x86_64").read(os.getpid(), call, (*arguments, 0, 0, 0, 0, 0, 0)[:6])


@pytest.mark.parametrize(
    ("name", "request_number", "words", "target"),
    [
        ("fcntl", SET_OWNER, FIRST, "first"), ("fcntl", SET_OWNER, -FIRST, "first"), ("fcntl", SET_OWNER, DESK, "desk"),
        ("fcntl", SET_OWNER, -DESK, "desk"), ("fcntl", SET_OWNER, 5, None), ("fcntl", SET_OWNER, -5, None),
        ("fcntl", SET_OWNER_EX, (PROCESS, FIRST), "first"), ("fcntl", SET_OWNER_EX, (GROUP, DESK), "desk"),
        ("fcntl", SET_OWNER_EX, (PROCESS, 5), None), ("ioctl", SOCKET_OWNER, (FIRST,), "first"),
        ("ioctl", SOCKET_OWNER, (-FIRST,), "first"), ("ioctl", SOCKET_OWNER, (5,), None),
    ],
)  # fmt: skip
def test_whom_an_open_files_signals_go_to_is_told(
    service: Any, name: str, request_number: int, words: int | tuple[int, ...], target: str | None
) -> None:
    memory = ctypes.create_string_buffer(b"" if isinstance(words, int) else struct.pack(f"={len(words)}i", *words))
    argument = words & 0xFFFFFFFF if isinstance(words, int) else ctypes.addressof(memory)
    telling = service("telling").Telling(None, None)
    telling.desk = DESK
    lines = telling.lines(asked(service, name, 3, request_number, argument), os.getpid(), False, list)
    assert [line["target"] for line in lines] == ([] if target is None else [target])


def test_a_lease_is_told_of_the_file_as_before(service: Any, home: Path) -> None:
    with (home / "shutdown.sh").open() as file:
        question = asked(service, "fcntl", file.fileno(), LEASE, 1)
    assert [place.path for place in question.places] == [os.fsencode(home / "shutdown.sh")]
    assert (question.call.group, question.number, question.aims) == ("lease", 1, [])


# Ways that are too long, and files that are too many.


def long_way(directory: Path, links: int) -> bytes:
    """Through links that lead to each other, each by a hundred parts."""
    (directory / "d").mkdir()
    for number in range(links):
        (directory / f"l{number}").symlink_to("d/../" * 50 + (f"l{number - 1}" if number else "d"))
    return os.fsencode(directory / f"l{links - 1}" / "none")


@pytest.mark.parametrize(("links", "too_far"), [(8, False), (12, True)])
def test_a_path_that_leads_too_far_cannot_be_read(service: Any, tmp_path: Path, links: int, too_far: bool) -> None:
    path = ctypes.create_string_buffer(long_way(tmp_path, links))
    unreadable = service("questions").Unreadable
    if too_far:
        with pytest.raises(unreadable, match="a path that leads too far"):
            asked(service, "unlink", ctypes.addressof(path))
    else:
        (place,) = asked(service, "unlink", ctypes.addressof(path)).places
        assert place.path == os.fsencode(tmp_path / "d" / "none")


def test_both_paths_of_a_question_have_one_bound_and_the_next_question_another(service: Any, tmp_path: Path) -> None:
    path = ctypes.create_string_buffer(long_way(tmp_path, 8))
    address = ctypes.addressof(path)
    reader, calls = service("questions").Reader("x86_64"), service("call_table").calls("x86_64")
    unlink, rename = (next(call for call in calls.values() if call.name == name) for name in ("unlink", "rename"))
    for _ in range(3):
        assert reader.read(os.getpid(), unlink, (address, 0, 0, 0, 0, 0)).places
    with pytest.raises(service("questions").Unreadable):
        reader.read(os.getpid(), rename, (address, address, 0, 0, 0, 0))


def test_a_path_of_many_bytes_counts_for_more(service: Any, tmp_path: Path) -> None:
    deep = os.fsencode(tmp_path) + b"/dddddddd" * 300
    with pytest.raises(service("places").TooFar):
        service("places").Places().walk(os.getpid(), deep, True)


def test_a_script_that_leads_too_far_is_begun_all_the_same_and_missed(service: Any, tmp_path: Path) -> None:
    calls, missed = service("calls"), list[str]()
    watch = object.__new__(calls.Watch)
    watch.miss = missed.append
    reader, path = service("questions").Reader("x86_64"), os.fsdecode(long_way(tmp_path, 12))
    question = watch.understood(calls.BEGIN, lambda: reader.of_program(calls.BEGIN, path))
    assert (question.call, question.places, missed) == (calls.BEGIN, [], ["a path that leads too far"])


def test_a_look_hashes_the_key_files_first_and_no_more_than_its_bound(
    service: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = service("files")
    monkeypatch.setattr(files, "HASHED_IN_ALL_MAX", 250)
    for name in "abcd":
        (home / name).write_bytes(bytes(100))
    (home / "e").write_bytes(b"x")
    found = files.tree()
    mine = [name for name in found if "/" not in name and "sha256" in found[name]]
    assert mine == ["shutdown.sh", "next_question", "a", "b", "e"]
    assert found["d"]["size"] == 100


# The caller's variables, and files elsewhere.


def test_variables_that_change_what_a_script_does_are_told_however_many_others_there_are(service: Any) -> None:
    assert (*SHADOWING, *SHADOWING_GROUPS) == service("asking").SHADOWING
    idle = {b"A%d" % number: b"x" for number in range(60)}
    told = service("asking").unusual({**idle, b"BASH_ENV": b"/tmp/env", b"PATH": b"/usr/local/bin:/usr/bin:/bin"})
    assert [*told][:2] == ["BASH_ENV", "A0"]
    assert len(told) == service("asking").VARIABLES_MAX


def test_a_variable_that_a_program_was_given_is_not_the_users_until_he_changes_it(service: Any) -> None:
    service("given").note({"PYTHONPATH": "/var/tmp", "ENV": "caf\xe9"})
    unusual = service("asking").unusual
    assert unusual({b"PYTHONPATH": b"/var/tmp", b"ENV": "caf\xe9".encode()}) == {}
    assert unusual({b"PYTHONPATH": b"/home/user:/var/tmp"}) == {"PYTHONPATH": "/home/user:/var/tmp"}


@pytest.mark.parametrize(
    ("asked_for", "expected"),
    [("/home/user/lib", True), ("/home/user/other", False), ("/tmp/lib", True), ("/tmp/x", False),
     ("/var/tmp/x", True), ("/var/lib/x", False)],
)  # fmt: skip
def test_a_replay_tells_nothing_where_its_script_asked_for_what_was_not_copied(asked_for: str, expected: bool) -> None:
    assert lacked({asked_for, "/usr/bin/env"}, {"lib", "/tmp/lib"}, "/home/user") is expected
