"""A program that is an agent in the project's machines: found, run as the agent's user, and not to be written to."""

from collections.abc import Generator
from pathlib import Path

import pytest
from inspect_ai._util.error import PrerequisiteError

from agent_archives import codex, packed
from machine.with_programs import PROVIDERS, machine, program_as_codex, said
from offswitch.runs import doctor
from offswitch_sandbox import COMPOSE
from offswitch_sandbox.agents import GIVEN
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.providers import BubblewrapEnvironment
from offswitch_sandbox.wired import WiredEnvironment

pytestmark = pytest.mark.anyio
PROGRAM = "#!/bin/sh\necho codex $(id -u) $*\n"


@pytest.fixture
def compose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    with program_as_codex(PROGRAM, tmp_path, monkeypatch) as path:
        yield path


@PROVIDERS
async def test_an_agents_program_is_found_and_runs_as_the_user_who_cannot_write_to_it(
    compose: Path, provider: type[WiredEnvironment]
) -> None:
    async with machine(provider, compose) as environment:
        assert await said(environment, "which codex; codex exec") == "/usr/local/bin/codex\ncodex 1000 exec"
        for path in ("bin/codex", "bin", "."):
            assert await said(environment, f"[ -w /usr/local/{path} ] || echo closed") == "closed"
        for attempt in ("rm -f {0}", "chmod 777 {0}", "echo x >> {0}", "mv {0} /tmp/x", "touch /usr/local/bin/x"):
            assert await said(environment, f"{attempt.format('/usr/local/bin/codex')} && echo done") != "done"
        assert await said(environment, "codex again") == "codex 1000 again"


@PROVIDERS
async def test_what_serves_an_agent_has_a_place_with_a_limit_in_var_tmp(
    compose: Path, provider: type[WiredEnvironment]
) -> None:
    async with machine(provider, compose) as environment:
        await environment.write_file("/var/tmp/tools/tool", "#!/bin/sh\necho a tool\n")
        assert await said(environment, "cd /var/tmp && cp tools/tool own && chmod +x own && ./own") == "a tool"
        assert await said(environment, "df --output=size -m /var/tmp | tail -1") == "160"
        assert await said(environment, "ls /tmp") == ""


@PROVIDERS
async def test_nothing_in_the_machine_tells_where_its_program_is_kept(
    compose: Path, provider: type[WiredEnvironment]
) -> None:
    async with machine(provider, compose) as environment:
        mounted = await said(environment, "cat /proc/self/mountinfo")
    assert "/tmp" in mounted
    for telling in ("offswitch", "agent", "closed"):
        assert telling not in mounted


async def test_a_machine_without_a_program_is_what_it_was(compose: Path) -> None:
    async with machine(BubblewrapEnvironment, compose), machine(BubblewrapEnvironment, None) as environment:
        assert await said(environment, "ls -A /usr/local /usr/local/bin; readlink /var/tmp") == (
            "/usr/local:\nbin\n\n/usr/local/bin:\n../tmp"
        )


@pytest.fixture
def with_network(compose: Path) -> Path:
    """The same machine, but for one that has a network."""
    other = compose.with_name("other.yaml")
    other.write_text(compose.read_text().replace("network_mode: none", "network_mode: bridge"))
    return other


async def test_namespaces_refuse_a_program_in_another_machine_than_the_projects(with_network: Path) -> None:
    with pytest.raises(PrerequisiteError, match="bubblewrap makes one kind of machine"):
        await BubblewrapEnvironment.task_init("a task", str(with_network))
    await BubblewrapEnvironment.task_init("a task", str(COMPOSE))


async def test_a_program_for_which_this_host_lacks_something_is_one_line(compose: Path) -> None:
    plan = read_plan(compose)
    assert plan.programs is not None
    (plan.programs / "bin" / "codex").write_text("#!/usr/bin/python0.0 -I\n")
    with pytest.raises(PrerequisiteError, match=r"codex needs /usr/bin/python0\.0 here; install it, or use"):
        await BubblewrapEnvironment.task_init("a task", str(compose))


async def test_a_program_that_was_removed_is_one_line(compose: Path) -> None:
    plan = read_plan(compose)
    assert plan.programs is not None
    plan.programs.rename(compose.with_name("elsewhere"))
    with pytest.raises(PrerequisiteError, match="the agent's program is not there any more"):
        await BubblewrapEnvironment.task_init("a task", str(compose))


def test_the_doctor_names_versions_or_what_to_do_and_says_one_line_where_none_were_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv(GIVEN, str(tmp_path))
    (nothing,) = doctor.agents()
    assert nothing.told.startswith("none here; codex, claude-code, ")
    archive = packed(tmp_path / "codex-9.9.9.tgz", codex())
    first, second = doctor.agents()[:2]
    assert (first.works, first.what, first.told) == (True, "agent codex", f"version 9.9.9 ({archive})")
    assert (second.works, second.what) == (False, "agent claude-code")
    assert "put what `npm pack @anthropic-ai/claude-code-linux-" in second.told
