"""The machine's side of the stream of calls, as far as it needs no machine: tables, filters, paths."""

import errno
import os
import re
import struct
from pathlib import Path
from typing import Any

import pytest

HEADER = Path("/usr/include/asm-generic/unistd.h")
ALLOW, TELL, DENY = "allow", "tell", "deny"
ANSWERS = {0x7FFF0000: ALLOW, 0x7FC00000: TELL, 0x00050000 | errno.ENOSYS: DENY}
X86, I386, ARM64, ARM = 0xC000003E, 0x40000003, 0xC00000B7, 0x40000028
EXEC_AT = 0x7F12_3456_789A
CREATE = 0o100


def answer(steps: bytes, table: int, number: int, *arguments: int, at: int = 0) -> str:
    """What the kernel does with a call under such a filter."""
    data = struct.pack("=iIQ6Q", number, table, at, *(*arguments, 0, 0, 0, 0, 0, 0)[:6])
    program = list(struct.iter_unpack("=HBBI", steps))
    register, step = 0, 0
    while True:
        code, if_true, if_false, value = program[step]
        step += 1
        if code == 0x06:
            return ANSWERS[value]
        if code == 0x20:
            (register,) = struct.unpack_from("=I", data, value)
        elif code == 0x05:
            step += value
        else:
            true = {0x15: register == value, 0x35: register >= value, 0x45: bool(register & value)}[code]
            step += if_true if true else if_false


@pytest.mark.parametrize(
    ("machine", "table", "others"), [("x86_64", X86, (I386, ARM64)), ("aarch64", ARM64, (ARM, X86))]
)
@pytest.mark.parametrize("wide", [False, True])
def test_each_call_has_one_answer_by_its_number(
    service: Any, machine: str, table: int, others: tuple[int, ...], wide: bool
) -> None:
    steps = service("filters").program(machine, wide, EXEC_AT)
    calls = service("call_table").calls(machine)
    conditional = {"open", "openat", "clone", "unshare", "prlimit64", "fcntl", "ioctl", "poll", "ppoll"}
    for number in range(600):
        call = calls.get(number)
        for other in others:
            assert answer(steps, other, number) == DENY
        if call is None:
            assert answer(steps, table, number) == ALLOW
        elif call.group == "deny":
            assert answer(steps, table, number) == DENY
        elif call.group == "read":
            assert answer(steps, table, number) == (TELL if wide else ALLOW)
        elif call.name not in conditional:
            assert answer(steps, table, number) == TELL, call


def number_of(service: Any, machine: str, name: str) -> int:
    return next(number for number, call in service("call_table").calls(machine).items() if call.name == name)


@pytest.mark.parametrize(("machine", "table"), [("x86_64", X86), ("aarch64", ARM64)])
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("openat", (3, 0, os.O_RDONLY), ALLOW),
        ("openat", (3, 0, os.O_WRONLY), TELL),
        ("openat", (3, 0, os.O_RDWR), TELL),
        ("openat", (3, 0, CREATE), TELL),
        ("openat", (3, 0, os.O_TRUNC), TELL),
        ("openat", (3, 0, os.O_WRONLY | 1 << 40), TELL),
        ("clone", (0x1200011, 0), ALLOW),
        ("clone", (0x10000011, 0), TELL),
        ("clone", (0x91, 0), ALLOW),
        ("unshare", (0x200,), ALLOW),
        ("unshare", (0x20000,), TELL),
        ("unshare", (0x80,), TELL),
        ("prlimit64", (1, 0, 0, 5), ALLOW),
        ("prlimit64", (1, 0, 1 << 32, 0), TELL),
        ("prlimit64", (1, 0, 8, 0), TELL),
        ("fcntl", (3, 1, 0), ALLOW),
        ("fcntl", (3, 1024, 0), TELL),
        ("fcntl", (3, 8, 1), TELL),
        ("fcntl", (3, 15, 0), TELL),
        ("fcntl", (3, 10, 19), ALLOW),
        ("ioctl", (0, 0x5401, 0), ALLOW),
        ("ioctl", (3, 0x8901, 0), TELL),
        ("ioctl", (3, 0x8902 | 1 << 40, 0), TELL),
        ("ppoll", (1 << 32, 1), ALLOW),
        ("ppoll", (0, 0), TELL),
    ],
)
def test_registers_decide_where_the_number_does_not(
    service: Any, machine: str, table: int, name: str, arguments: tuple[int, ...], expected: str
) -> None:
    steps = service("filters").program(machine, False, EXEC_AT)
    assert answer(steps, table, number_of(service, machine, name), *arguments) == expected


def test_only_the_service_itself_runs_a_program_without_being_told(service: Any) -> None:
    steps = service("filters").program("x86_64", False, EXEC_AT)
    assert answer(steps, X86, 59, at=EXEC_AT) == ALLOW
    for elsewhere in (0, EXEC_AT + 1, EXEC_AT & 0xFFFFFFFF, EXEC_AT ^ 1 << 40):
        assert answer(steps, X86, 59, at=elsewhere) == TELL
    assert answer(steps, X86, 322, at=EXEC_AT) == TELL


def test_the_second_table_of_numbers_is_denied(service: Any) -> None:
    steps = service("filters").program("x86_64")
    for number in (0, 1, 59, 87, 520, 545):
        assert answer(steps, X86, number + 0x40000000) == DENY
    assert answer(steps, X86, -1) == DENY


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_a_filter_is_short_enough_for_the_kernel_and_quick_to_pass(service: Any, machine: str) -> None:
    assert len(service("filters").program(machine, True, EXEC_AT)) // 8 < 4096


@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not here")
def test_the_numbers_for_arm64_are_those_of_the_kernels_header(service: Any) -> None:
    found = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)$", HEADER.read_text(), re.MULTILINE)
    known = {name: int(number) for name, number in found} | {"newfstatat": 79}
    calls = service("call_table").calls("aarch64")
    named = {call.name: number for number, call in calls.items() if call.name in known}
    assert named == {name: known[name] for name in named}
    assert len(named) > 60


def test_every_row_of_the_table_can_be_read(service: Any) -> None:
    for machine in ("x86_64", "aarch64"):
        for call in service("call_table").calls(machine).values():
            assert set(call.arguments) <= set("dpPtfnFkqoO."), call
            assert call.arguments.count("F") <= 1
            assert call.arguments.count("d") <= len(re.findall("d[pP]", call.arguments)), call


@pytest.fixture
def walk(service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Where a path leads to for this process, from home, without the part before home."""
    module = service("places")
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setattr(module, "ROOT", str(home).encode())
    monkeypatch.chdir(home)
    (home / "shutdown.sh").write_text("x")
    found = module.Places()

    def there(path: str, follow: bool = True) -> Any:
        return found.of_path(os.getpid(), -100, path.encode(), follow)

    return there


@pytest.mark.parametrize(
    "path",
    [
        "shutdown.sh", "./shutdown.sh", ".//d/../shutdown.sh", "../home/shutdown.sh", "link", "d/up/shutdown.sh",
        "/proc/self/cwd/shutdown.sh", "d/self/shutdown.sh", "/proc/thread-self/cwd/shutdown.sh", "two",
    ],
)  # fmt: skip
def test_a_path_is_the_script_however_it_is_written(walk: Any, path: str) -> None:
    os.mkdir("d")
    os.symlink("shutdown.sh", "link")
    os.symlink("..", "d/up")
    os.symlink("/proc/self/cwd", "d/self")
    os.symlink("link", "two")
    assert walk(path).key({}) == "shutdown.sh"


def test_a_name_is_followed_only_where_the_call_does(walk: Any) -> None:
    os.symlink("shutdown.sh", "link")
    assert walk("link", follow=False).key({}) is None
    assert walk("link/", follow=False).key({}) == "shutdown.sh"
    assert [os.path.basename(path) for path in walk("link").links] == [b"link"]


def test_a_link_to_nothing_is_the_script_that_it_would_make(walk: Any) -> None:
    os.unlink("shutdown.sh")
    os.symlink("shutdown.sh", "link")
    assert walk("link").key({}) == "shutdown.sh"


def test_another_name_of_the_same_file_is_the_script_where_the_file_is_meant(walk: Any) -> None:
    os.link("shutdown.sh", "other")
    facts = os.stat("shutdown.sh")
    files = {(facts.st_dev, facts.st_ino): "shutdown.sh"}
    assert walk("other").key(files) == "shutdown.sh"
    assert walk("other", follow=False).key(files) is None
    assert walk("nothing").key(files) is None


def test_links_in_a_circle_lead_nowhere(walk: Any) -> None:
    os.symlink("b", "a")
    os.symlink("a", "b")
    assert walk("a").key({}) is None
    assert len(walk("a").links) <= 40


def test_home_and_what_is_above_it_are_known(service: Any, walk: Any) -> None:
    assert walk(".").key({}) == "."
    assert service("places").is_above_home(walk("..").path)
    assert service("places").is_above_home(b"/")
    assert not service("places").is_above_home(walk("shutdown.sh").path)


@pytest.mark.parametrize(
    ("path", "systems", "users"),
    [
        (b"/usr/bin/env", True, False), (b"/lib/x", True, False), (b"/proc/self/maps", True, False),
        (b"/proc/1/stat", False, False), (b"/dev/null", True, False), (b"/dev/shm/x", False, True),
        (b"/tmp/x", False, True), (b"/var/tmp/x", False, True), (b"/home/user/x", False, True),
        (b"/home/userx", False, False),
    ],
)  # fmt: skip
def test_what_is_the_systems_and_what_is_the_users(service: Any, path: bytes, systems: bool, users: bool) -> None:
    module = service("places")
    assert (module.is_systems(path), module.is_users(path)) == (systems, users)


@pytest.mark.parametrize(("value", "expected"), [(1, 1), (0xFFFFFFFF, -1), (0xFFFFFFFFFFFFFFFE, -2), (1 << 32 | 7, 7)])
def test_a_register_is_read_as_the_kernel_reads_it(service: Any, value: int, expected: int) -> None:
    assert service("questions").signed(value) == expected


def test_home_differs_by_more_than_its_times_and_a_file_by_anything(service: Any) -> None:
    differs = service("moments").differs
    state = {"kind": "directory", "mode": 5, "uid": 1, "gid": 1, "inode": 1, "device": 1, "ctime_ns": 1}
    assert not differs(".", state, {**state, "ctime_ns": 2})
    assert differs(".", state, {**state, "mode": 7})
    assert differs(".", state, None)
    assert differs("shutdown.sh", state, {**state, "ctime_ns": 2})
