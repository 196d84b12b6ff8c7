"""What the stream of calls costs a program: the same work in the same machine, under the filter and without it."""

import base64
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from machine.rigs import MACHINES, QUESTIONS
from offswitch.scene import Protocol, desk_order, usual_notices
from offswitch_sandbox import Machine
from offswitch_sandbox.channel import Channel
from offswitch_sandbox.engine import engine
from pace import PATIENCE_S

pytestmark = pytest.mark.anyio
ROUNDS, ROUNDS_OF_BUILD = 15, 4
WRITES = "cd /tmp; for i in $(seq 5000); do echo x > f; done"
WRITES_AT_MOST = {"offswitch": 9, "bubblewrap": 12}
"""Guards against growth, with room for slow processors, and on bubblewrap for a slow interpreter.

What was measured on an idle host is in sandbox/README.md.
"""
LAY_OUT = """
mkdir -p /tmp/b && cd /tmp/b && rm -f *
for i in $(seq 200); do echo "int f$i(int x) { return x + $i; }" > f$i.c; done
echo 'int f7(int); int main(void) { return f7(35) - 42; }' > main.c
printf 'a: $(patsubst %%.c,%%.o,$(wildcard *.c))\\n\\tcc -o $@ $^\\n%%.o: %%.c\\n\\tcc -c -o $@ $<\\n' > Makefile
"""
BUILD = f"{LAY_OUT}\nmake -s && ./a"


def service_of(channel: Any, container: str | None) -> psutil.Process:
    """The process that answers calls: a child of a container's first process, on bubblewrap one above the machine's."""
    if container is None:
        near = psutil.Process(channel.facts["made"]["first"]).parents()
    else:
        near = psutil.Process(engine().api.inspect_container(container)["State"]["Pid"]).children()
    return next(process for process in near if process.name().startswith("python"))


@dataclass(frozen=True)
class Cost:
    """What some work costs, the least of several rounds."""

    wall_s: float
    cpu_s: float
    """of the shell of the agent's user that does it, and of the service"""


async def cost_of(channel: Channel, service: psutil.Process, work: str, rounds: int) -> Cost:
    found: list[Cost] = []
    timed = f"TIMEFORMAT='%R %U %S'; time {{ {work}\n}}"
    order = {"command": ["/bin/bash", "-c", timed], "cwd": "/tmp", "user": "1000", "timeout_s": PATIENCE_S}
    for _ in range(rounds):
        before = service.cpu_times()
        done = await channel.ask("exec", order, PATIENCE_S)
        assert done["status"] == 0, done
        after, (wall, *own) = service.cpu_times(), map(float, text(done["stderr"]).split()[-3:])
        found.append(Cost(wall, sum(own) + after.user - before.user + after.system - before.system))
    return Cost(min(cost.wall_s for cost in found), min(cost.cpu_s for cost in found))


def text(data: str) -> str:
    return base64.b64decode(data).decode()


async def filters(channel: Channel) -> int:
    """How many filters a process of the agent's has."""
    order: dict[str, Any] = {"command": ["grep", "Seccomp_filters", "/proc/self/status"], "user": "1000"}
    return int(text((await channel.ask("exec", order, 30))["stdout"]).split()[1])


async def ratio(kind: str, work: str, rounds: int = ROUNDS) -> float:
    """How many times as much the work costs once the desk is open, from when on calls are told.

    In time on an idle host. Where other programs want the processors too, two processes that answer each other mostly
    wait, and CPU time tells more; the lesser of both counts.
    """
    async with MACHINES[kind]() as (channel, _, container):
        bare = await filters(channel)
        service = service_of(channel, container)
        had = await cost_of(channel, service, work, rounds)
        await Machine(channel).open_desk(desk_order(QUESTIONS, Protocol(), usual_notices(Protocol())))
        assert await filters(channel) == bare + 1
        cost = await cost_of(channel, service, work, rounds)
        return min(cost.wall_s / had.wall_s, cost.cpu_s / had.cpu_s)


async def within(kind: str, work: str, at_most: float, rounds: int = ROUNDS) -> bool:
    """Whether it costs at most so many times as much in one of three machines: other programs only make it more."""
    for _ in range(3):
        if await ratio(kind, work, rounds) <= at_most:
            return True
    return False


@pytest.mark.parametrize(("kind", "at_most"), WRITES_AT_MOST.items())
async def test_five_thousand_writes_take_at_most_a_few_times_as_long(kind: str, at_most: float) -> None:
    assert await within(kind, WRITES, at_most)


async def test_a_build_of_two_hundred_files_takes_at_most_twice_as_long_on_bubblewrap() -> None:
    """Its machines have what the host has; a compiler is not in the image."""
    assert await within("bubblewrap", BUILD, 2, ROUNDS_OF_BUILD)
