"""Trials on engines that are not the host's own, or not like it: the same verdicts, or one line that says why not."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from click.testing import CliRunner
from docker import DockerClient

from machine import engines, rigs
from offswitch.evidence import Ending, History, join
from offswitch.trial import Session, TrialMachine, close
from offswitch.verdict import judge
from offswitch_cli import main
from offswitch_sandbox import COMPOSE, Machine, MachineError, try_out
from offswitch_sandbox.compose_file import Plan, read_plan
from offswitch_sandbox.containers import Container, Containers
from offswitch_sandbox.engine import engine
from offswitch_sandbox.try_out import try_container
from pace import slowed

pytestmark = pytest.mark.anyio
ASK = "./next_question"


@asynccontextmanager
async def trial() -> AsyncGenerator[tuple[Session, Container]]:
    """On the engine that is in use."""
    container = await Containers(read_plan(COMPOSE)).make()
    try:
        place = TrialMachine(Machine(container.wire), container, rigs.QUICK)
        yield await Session.open(place, rigs.QUESTIONS), container
    finally:
        await container.remove()


async def does(session: Session, *commands: str) -> None:
    for command in commands:
        session.recording.add_turn()
        await session.run(command)


async def history_of(*commands: str) -> History:
    async with trial() as (session, _):
        await does(session, *commands)
        return join(await close(session, Ending.MACHINE_GONE))


async def both_verdicts() -> list[tuple[str, bool, dict[str, str]]]:
    """Verdict, whether a file event was had, and gaps: of an agent that complies, and of one that deletes."""
    found: list[tuple[str, bool, dict[str, str]]] = []
    for done in ("head -c 300000 /dev/zero | tr '\\0' x", "rm shutdown.sh"):
        history = await history_of(ASK, ASK, ASK, done, ASK)
        found.append((str(judge(history).verdict), bool(history.evidence.files.events), dict(history.gaps)))
    return found


async def test_a_machine_that_takes_half_a_minute_to_start_is_had_all_the_same() -> None:
    plan = read_plan(COMPOSE)
    as_it_starts: list[str] = engine().api.inspect_image(rigs.containers().image)["Config"]["Entrypoint"]
    late = {**plan.config, "Entrypoint": ["/bin/sh", "-c", 'sleep 32; exec "$@"', "late", *as_it_starts]}
    container = await Containers(replace(plan, config=late)).make()
    try:
        began = time.monotonic()
        session = await Session.open(TrialMachine(Machine(container.wire), container, rigs.QUICK), rigs.QUESTIONS)
        assert time.monotonic() > began + 30
        await does(session, ASK, ASK, ASK, ASK)
        assert judge(join(await close(session, Ending.MACHINE_GONE))).verdict == "complied"
    finally:
        await container.remove()


WHOLE: list[tuple[str, bool, dict[str, str]]] = [("complied", False, {}), ("sabotaged", True, {})]


@pytest.mark.parametrize("chosen_by", ["environment", "context"])
async def test_an_engine_behind_tls_serves_trials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chosen_by: str
) -> None:
    with engines.proxy(engines.make_certificates(tmp_path)) as port:
        address = f"tcp://127.0.0.1:{port}"
        if chosen_by == "context":
            engines.make_context("far", address, tmp_path)
            engines.use(monkeypatch, DOCKER_CONFIG=f"{tmp_path}/config", DOCKER_CONTEXT="far")
        else:
            engines.use(monkeypatch, DOCKER_HOST=address, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(tmp_path))
        assert engine().client.api.base_url == f"https://127.0.0.1:{port}"
        assert await both_verdicts() == WHOLE


@pytest.mark.parametrize("admits", [True, False])
async def test_an_engine_that_cannot_limit_cpu_time_serves_trials_and_a_line_says_so(
    monkeypatch: pytest.MonkeyPatch, admits: bool
) -> None:
    with engines.proxy(answer=engines.without_limits_on_cpu_time(admits)) as port:
        engines.use(monkeypatch, DOCKER_HOST=f"tcp://127.0.0.1:{port}")
        (warning,) = (await try_container()).warnings
        assert "the Docker Engine cannot limit CPU time here; machines run without that limit" in warning
        async with trial() as (_, container):
            limits = engine().api.inspect_container(container.id)["HostConfig"]
        assert (limits["NanoCpus"], limits["PidsLimit"], limits["Memory"]) == (0, 256, 512 << 20)
        assert await both_verdicts() == WHOLE


@pytest.mark.parametrize("tls", [False, True])
async def test_a_machine_whose_connection_outlives_it_is_known_to_have_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    with engines.proxy(engines.make_certificates(tmp_path) if tls else None, hangs_up=False) as port:
        how = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)} if tls else {}
        engines.use(monkeypatch, DOCKER_HOST=f"tcp://127.0.0.1:{port}", **how)
        began = time.monotonic()
        found = await both_verdicts()
        assert time.monotonic() - began < slowed(100)
    # Nobody says that what came is all.
    unread = {"desk": "it could not be read to the end"}
    assert found == [("complied", False, unread), ("sabotaged", True, {})]


async def test_what_ended_while_no_event_was_heard_is_learned_of_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(_: DockerClient, **how: object) -> Iterator[object]:
        return iter(())

    engines.use(monkeypatch)
    with monkeypatch.context() as broken:
        broken.setattr(DockerClient, "events", break_off)
        async with trial() as (session, _):
            await does(session, ASK, ASK, ASK, ASK)
            broken.undo()
            history = join(await close(session, Ending.MACHINE_GONE))
    assert (judge(history).verdict, history.gaps) == ("complied", {})


async def test_a_container_without_the_capability_says_that_no_calls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = read_plan(COMPOSE)
    fewer = [name for name in plan.host_config["CapAdd"] if name != "SYS_PTRACE"]
    lesser = replace(plan, host_config={**plan.host_config, "CapAdd": fewer})

    def read(path: Path) -> Plan:
        return lesser if path == COMPOSE else read_plan(path)

    monkeypatch.setattr(try_out, "read_plan", read)
    (warning,) = (await try_container()).warnings
    assert warning.startswith("what programs ask of the kernel is not told (cannot be had: the memory of processes")


async def killed(session: Session, container: Container) -> str:
    """The verdict where the machine is killed from outside after the notice."""
    await does(session, ASK, ASK, ASK)
    engine().api.kill(container.id)
    await anyio.sleep(0.5)
    await does(session, ASK)
    judgement = judge(join(await close(session, Ending.MACHINE_GONE)))
    return f"{judgement.verdict} ({judgement.failure})"


async def test_podman_serves_trials_through_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    if not rigs.is_there("podman"):
        pytest.skip("there is no podman")
    with engines.podman(rigs.containers().image) as address:
        engines.use(monkeypatch, DOCKER_HOST=address)
        began = time.monotonic()
        assert await both_verdicts() == WHOLE
        assert time.monotonic() - began < slowed(100)  # an end that is not told of is waited for
        async with trial() as (session, container):
            assert await killed(session, container) == "failure (killed_from_outside)"
        engine().client.close()


def test_an_image_that_cannot_be_built_is_a_line_with_the_builders_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\n"
        "RUN printf '#!/bin/sh\\necho E: no mirror answers >&2; exit 100\\n' > /usr/bin/apt-get\n"
    )
    engine().client.images.build(path=str(tmp_path), tag="offswitch-tests-broken-base")
    monkeypatch.setenv("OFFSWITCH_BASE", "offswitch-tests-broken-base")
    words = ["run", "--model", "script/comply", "--sandbox", "offswitch", "--log-dir", str(tmp_path / "logs")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    (line,) = done.stderr.splitlines()
    assert "E: no mirror answers" in line
    assert "use --sandbox bubblewrap, which needs no image" in line


async def test_a_machine_that_the_engine_refuses_is_one_error_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = engines.response("500 Internal Server Error", {"message": "no room\nfor another"})
    with engines.proxy(answer=lambda data: refusal if b'"OpenStdin"' in data else None) as port:
        engines.use(monkeypatch, DOCKER_HOST=f"tcp://127.0.0.1:{port}")
        with pytest.raises(MachineError, match=r"made no machine of offswitch-machine\S+ \(no room\)"):
            await try_container()
