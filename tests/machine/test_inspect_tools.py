"""Inspect's tools in a machine, served by its service: the same answers as from their own program, and less of it."""

import json
import re
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from time import monotonic
from typing import Any

import anyio
import pytest
from inspect_ai.tool._sandbox_tools_utils.sandbox import sandbox_with_injected_tools
from inspect_ai.util import SandboxEnvironment, SandboxUnavailableError
from inspect_ai.util._sandbox._cli import SANDBOX_CLI
from inspect_ai.util._sandbox._privileged import privileged_exec

from machine.with_programs import PROVIDERS, machine, program_as_codex, said
from offswitch_sandbox import inspect_requests, inspect_tools
from offswitch_sandbox.providers import BubblewrapEnvironment
from offswitch_sandbox.wired import WiredEnvironment
from pace import slowed

pytestmark = pytest.mark.anyio
Call = Callable[..., Awaitable[dict[str, Any]]]
REQUESTS = f"{inspect_requests.PLACE}/a_service/requests"


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    with program_as_codex("#!/bin/sh\n", tmp_path, monkeypatch) as path:
        yield path


def caller(environment: SandboxEnvironment) -> Call:
    """Calls of the program as Inspect makes them."""

    async def call(method: str, **params: Any) -> dict[str, Any]:
        given = {"jsonrpc": "2.0", "method": method, "params": params, "id": 7}
        done = await environment.exec([SANDBOX_CLI, "exec"], input=json.dumps(given), timeout=60)
        assert done.success, done.stderr
        return json.loads(done.stdout)

    return call


async def begun(call: Call, command: str, **how: Any) -> int:
    return (await call("exec_remote_start", command=command, **how))["result"]["pid"]


async def to_the_end(call: Call, pid: int) -> dict[str, Any]:
    """All that a program said, and how it ended; its first words are asked for twice, as where an answer is lost."""
    known, out, err = 0, "", ""
    for times in range(50):
        told = (await call("exec_remote_poll", pid=pid, ack_seq=known))["result"]
        if times == 0 and told["state"] == "running":
            told = (await call("exec_remote_poll", pid=pid, ack_seq=known))["result"]
        known, out, err = told["seq"], out + told["stdout"], err + told["stderr"]
        if told["state"] != "running":
            return {**told, "stdout": out, "stderr": err, "seq": None}
        await anyio.sleep(0.1)
    raise TimeoutError(out)


async def answers(call: Call) -> dict[str, Any]:
    """What the program says to calls of every kind that is taken over."""
    pids = [
        await begun(call, "printf '\\303'; sleep 1; printf '\\251\\377\\303'; echo err >&2; exit 3"),
        await begun(
            call, "pwd; env | sort; cat; wc -c", input="given\né", cwd="/tmp", env={"X": "a b", "HOME": "/tmp"}
        ),
        await begun(
            call,
            "cat; pwd; env | sort; umask; ulimit -a; id; head -c 30000 /dev/zero | tr '\\0' x; sleep 30 & kill -9 $$",
        ),
    ]
    stubborn = await begun(call, "trap 'echo bye; exit 4' TERM; echo up; while :; do sleep 0.1; done")
    await anyio.sleep(2)
    killed = (await call("exec_remote_kill", pid=stubborn, ack_seq=0))["result"]
    return {
        "ended": [await to_the_end(call, pid) for pid in pids],
        # A shell may say of what it waited for that it was ended too.
        "killed": {**killed, "stderr": None},
        "killed twice": (await call("exec_remote_kill", pid=stubborn, ack_seq=1))["error"]["code"],
        "nobody": await call("exec_remote_poll", pid=999_999, ack_seq=0),
        "no place": (await call("exec_remote_start", command="true", cwd="/nowhere"))["error"]["code"],
    }


def without_names(answers: dict[str, Any]) -> Any:
    """Without the name of a container, which is another one each time."""
    return json.loads(re.sub(r"HOSTNAME=\w+", "HOSTNAME", json.dumps(answers)))


@PROVIDERS
async def test_served_calls_have_the_answers_of_inspects_own_program(
    compose: Path, provider: type[WiredEnvironment], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert inspect_tools.program() == SANDBOX_CLI, "another version: compare it, then name it in inspect_tools.py"
    async with machine(provider, compose) as environment:
        await sandbox_with_injected_tools(sandbox=environment)
        served = await answers(caller(environment))
        assert "start-server" not in await said(environment, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    monkeypatch.setattr(inspect_tools, "program", lambda: None)
    async with machine(provider, compose) as environment:
        await sandbox_with_injected_tools(sandbox=environment)
        own = await answers(caller(environment))
    assert [without_names(answers) for answers in (served, own)] == [without_names(own)] * 2


async def test_a_call_that_is_not_known_is_the_programs_own_which_then_gets_its_server(compose: Path) -> None:
    async with machine(BubblewrapEnvironment, compose) as environment:
        await sandbox_with_injected_tools(sandbox=environment)
        call = caller(environment)
        pid = await begun(call, "echo served; sleep 60")
        servers = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o '[s]erver' | wc -l"
        assert await said(environment, servers) == "0"
        assert "Server" in (await call("remote_version"))["result"]
        assert await said(environment, servers) != "0"
        assert (await call("exec_remote_poll", pid=pid, ack_seq=0))["result"]["stdout"] == "served\n"
        others = await begun(call, "cat", stdin_open=True)
        assert (await call("exec_remote_write_stdin", pid=others, data="x", ack_seq=0))["result"]["seq"] == 1


async def test_programs_that_go_on_do_not_hold_up_the_end_of_their_machine(compose: Path) -> None:
    async with machine(BubblewrapEnvironment, compose) as environment:
        call = caller(environment)
        for command in ("sleep 600", "true", "trap '' TERM; while :; do sleep 1; done"):
            await begun(call, command)
        await anyio.sleep(0.5)
        began = monotonic()
        with pytest.raises(SandboxUnavailableError):
            await environment.exec(["sh", "-c", "kill -TERM 1; sleep 60"])
        wired = environment.as_type(WiredEnvironment)
        assert await wired.machine.wire.fact("ended", began + 1e9) is not None
        assert monotonic() - began < slowed(20)


@PROVIDERS
async def test_a_look_for_requests_waits_for_one_and_not_for_ever(
    compose: Path, provider: type[WiredEnvironment]
) -> None:
    async def look() -> tuple[str, float]:
        began = monotonic()
        done = await privileged_exec(environment, ["find", REQUESTS, *inspect_requests.LISTS], user=None)
        return done.stdout, monotonic() - began

    async def write() -> None:
        await anyio.sleep(0.5)
        await environment.exec(["sh", "-c", f"echo '{{}}' >{REQUESTS}/1.json"])

    async with machine(provider, compose) as environment:
        assert max(2, environment.default_polling_interval()) < 1
        await environment.exec(["mkdir", "-p", REQUESTS])
        await look()
        found, took_s = "", 0.0
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            found, took_s = await look()
        assert (found, took_s < inspect_requests.WAIT_S) == (f"{REQUESTS}/1.json\0", True)
        # The same one is no news, and is listed all the same.
        found, took_s = await look()
        assert (found, took_s >= inspect_requests.WAIT_S) == (f"{REQUESTS}/1.json\0", True)
        await environment.exec(["rm", "-rf", REQUESTS])
        await environment.exec(["mkdir", "-p", REQUESTS])
        assert max([(await look())[1] for _ in range(3)]) < 2 * inspect_requests.WAIT_S
