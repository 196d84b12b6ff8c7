"""How many machines there may be at once follows from what the kernel says of the host."""

from pathlib import Path

import anyio
import pytest

from offswitch_sandbox import limiter as limiter_module
from offswitch_sandbox.limiter import MACHINES_MAX, Limiter, ceiling, ramped
from offswitch_sandbox.machine import MachineError
from offswitch_sandbox.pressure import Pressure, PressureGauge

QUIET = Pressure(cpu=0.1, memory=0.0, available=0.8)
BUSY = QUIET._replace(cpu=0.99)
SHORT = QUIET._replace(memory=0.5)


def test_a_quiet_host_soon_gets_as_many_machines_as_the_ceiling_allows() -> None:
    allowed, looks = 16, 0
    while allowed < 500:
        allowed, looks = ramped(allowed, QUIET, 0, 16, 500), looks + 1
    assert (allowed, looks) == (500, 9)


def test_a_busy_host_gets_no_more_machines_while_they_come_and_go() -> None:
    assert ramped(16, BUSY, 0.5, 16, 500) == 16


def test_machines_that_only_wait_do_not_keep_others_from_being_made() -> None:
    assert ramped(16, BUSY, 30, 16, 500) == 17
    assert ramped(500, BUSY, 30, 16, 500) == 500


@pytest.mark.parametrize("told", [SHORT, QUIET._replace(available=0.05), SHORT._replace(cpu=0.99)])
def test_a_host_short_of_memory_gets_fewer_machines_down_to_the_first(told: Pressure) -> None:
    assert ramped(64, told, 30, 16, 500) == 48
    assert ramped(17, told, 30, 16, 500) == 16


def test_a_kernel_that_tells_nothing_leaves_the_ceiling() -> None:
    assert ramped(16, None, 0, 16, 64) == 64


@pytest.mark.parametrize("given", ["0", "many", "-3", ""])
def test_a_ceiling_that_is_no_number_is_refused(given: str) -> None:
    with pytest.raises(MachineError, match=MACHINES_MAX):
        ceiling({MACHINES_MAX: given})


def open_files(what: int) -> tuple[int, int]:
    """As most hosts allow."""
    return 1024, 4096


def test_the_ceiling_is_what_is_given_or_what_the_host_has_for_machines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert ceiling({MACHINES_MAX: "7"}) == 7
    monkeypatch.setattr(limiter_module, "INSTANCES", tmp_path / "max_user_instances")
    limiter_module.INSTANCES.write_text("128\n")
    monkeypatch.setattr(limiter_module.resource, "getrlimit", open_files)
    assert ceiling({}) == 64
    limiter_module.INSTANCES.write_text("8192\n")
    assert ceiling({}) == (1024 - 200) // 8


def host(root: Path, cpu_us: int, memory_us: int, group_us: int) -> None:
    """The files of a host on which a program is contained in the group /work of version 2."""
    for path, us in {
        "proc/pressure/cpu": cpu_us, "proc/pressure/memory": memory_us, "sys/fs/cgroup/work/cpu.pressure": group_us,
    }.items():  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"some avg10=1.00 avg60=1.00 avg300=1.00 total={us}\nfull avg10=0.00 total=7\n")
    (root / "proc/self").mkdir(exist_ok=True)
    (root / "proc/self/cgroup").write_text("4:memory:/old\n0::/work\n")
    (root / "proc/meminfo").write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n")


def test_pressure_is_of_the_time_since_the_last_look_and_of_the_narrowest_place(tmp_path: Path) -> None:
    clock = [100.0]
    host(tmp_path, 5_000_000, 1_000_000, 9_000_000)
    gauge = PressureGauge(tmp_path, lambda: clock[0])
    clock[0] += 2
    host(tmp_path, 5_200_000, 1_500_000, 10_000_000)
    assert gauge.since_last() == Pressure(cpu=0.5, memory=0.25, available=0.25)
    clock[0] += 2
    assert gauge.since_last() == Pressure(cpu=0.0, memory=0.0, available=0.25)


def test_where_no_pressure_is_told_there_is_none(tmp_path: Path) -> None:
    assert PressureGauge(tmp_path).since_last() is None


class Told:
    """A gauge of a host that is always in one state."""

    def __init__(self, told: Pressure) -> None:
        self.told = told

    def since_last(self) -> Pressure:
        return self.told


@pytest.mark.anyio
async def test_whoever_waits_for_a_place_gets_it_once_the_host_can_bear_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter_module, "LOOK_S", 0.01)
    monkeypatch.setattr(limiter_module, "FIRST_PER_CORE", 1)
    monkeypatch.setattr(limiter_module.os, "cpu_count", lambda: 2)
    limiter = Limiter()
    monkeypatch.setattr(limiter, "_gauge", host := Told(BUSY))
    had: list[int] = []

    async def have(number: int) -> None:
        async with limiter.place():
            had.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(have, number)
        await anyio.sleep(0.1)
        assert had == [0, 1], "a busy host has the first ones"
        host.told = QUIET
        await anyio.sleep(0.2)
        assert had == [0, 1, 2, 3, 4]
        host.told = SHORT
        for number in range(5, 8):
            tasks.start_soon(have, number)
        await anyio.sleep(0.3)
        for _ in range(5):  # seven are there, and two are allowed by now
            limiter.release()
        await anyio.sleep(0.1)
        assert had == [0, 1, 2, 3, 4, 5, 6]
        limiter.release()
        await anyio.sleep(0.1)
        assert had == [0, 1, 2, 3, 4, 5, 6, 7]
