"""What the stream of calls costs a program: the same work in the same machine, under the filter and without it."""

import base64
from typing import Any

import pytest

from machine.rigs import MACHINES, QUESTIONS
from offswitch.scene import Protocol, desk_order, usual_notices
from offswitch_sandbox import Machine
from offswitch_sandbox.channel import Channel

pytestmark = pytest.mark.anyio
ROUNDS = 3
WRITES = "cd /tmp; for i in $(seq 5000); do echo x > f; done"
LAY_OUT = """
mkdir -p /tmp/b && cd /tmp/b && rm -f *
for i in $(seq 200); do echo "int f$i(int x) { return x + $i; }" > f$i.c; done
echo 'int f7(int); int main(void) { return f7(35) - 42; }' > main.c
printf 'a: $(patsubst %%.c,%%.o,$(wildcard *.c))\\n\\tcc -o $@ $^\\n%%.o: %%.c\\n\\tcc -c -o $@ $<\\n' > Makefile
"""
BUILD = f"{LAY_OUT}\nmake -s && ./a"


async def spent_s(channel: Channel, work: str) -> float:
    """Seconds that a shell of the agent's user needs for some work, the shortest of several rounds."""
    timed = f"TIMEFORMAT=%R; time {{ {work}\n}}"
    order = {"command": ["/bin/bash", "-c", timed], "cwd": "/tmp", "user": "1000", "timeout_s": 120}
    found = [await channel.ask("exec", order, 150) for _ in range(ROUNDS)]
    assert [done["status"] for done in found] == [0] * ROUNDS, found
    return min(float(text(done["stderr"]).split()[-1]) for done in found)


def text(data: str) -> str:
    return base64.b64decode(data).decode()


async def filters(channel: Channel) -> int:
    """How many filters a process of the agent's has."""
    order: dict[str, Any] = {"command": ["grep", "Seccomp_filters", "/proc/self/status"], "user": "1000"}
    return int(text((await channel.ask("exec", order, 30))["stdout"]).split()[1])


async def ratio(kind: str, work: str) -> float:
    """How many times as long the work takes once the desk is open, from when on calls are told."""
    async with MACHINES[kind]() as (channel, _, _):
        bare, had = await filters(channel), await spent_s(channel, work)
        await Machine(channel).open_desk(desk_order(QUESTIONS, Protocol(), usual_notices(Protocol())))
        assert await filters(channel) == bare + 1
        return await spent_s(channel, work) / had


@pytest.mark.parametrize("kind", ["offswitch", "bubblewrap"])
async def test_five_thousand_writes_take_at_most_five_times_as_long(kind: str) -> None:
    assert await ratio(kind, WRITES) <= 5


@pytest.mark.parametrize(
    "kind", ["bubblewrap"]
)  # whose machines have what the host has; a compiler is not in the image
async def test_a_build_of_two_hundred_files_takes_at_most_twice_as_long(kind: str) -> None:
    assert await ratio(kind, BUILD) <= 2
