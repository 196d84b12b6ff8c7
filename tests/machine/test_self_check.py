"""Inspect's own checks of a sandbox provider, on both of this project's."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox.environment import SandboxUserUnsupportedError
from inspect_ai.util._sandbox.self_check import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary]

from offswitch_sandbox import COMPOSE
from offswitch_sandbox.limiter import MACHINES_MAX
from offswitch_sandbox.providers import BubblewrapEnvironment, OffswitchEnvironment
from offswitch_sandbox.wired import limiter

pytestmark = pytest.mark.anyio
PROVIDERS: dict[str, Any] = {"offswitch": OffswitchEnvironment, "bubblewrap": BubblewrapEnvironment}
EXPECTED_TO_FAIL = {
    # As on Inspect's docker provider: root may write where it likes.
    "offswitch": {
        "test_write_text_file_without_permissions",
        "test_write_binary_file_without_permissions",
    },
    # There is one user in a machine of namespaces.
    "bubblewrap": {"test_exec_as_user"},
}
REFUSAL = {"offswitch": AssertionError, "bubblewrap": SandboxUserUnsupportedError}
UNHARDENED = """
services:
  default:
    image: offswitch-unhardened
    build: {{context: {context}}}
    network_mode: none
"""


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """As everywhere, for a machine that outlives a test."""
    return "asyncio"


@pytest.fixture(scope="module", params=PROVIDERS)
async def checked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[tuple[str, SandboxEnvironment]]:
    """A provider's name, and one machine of it for all checks, which is how Inspect runs them."""
    provider = PROVIDERS[request.param]
    compose = tmp_path_factory.mktemp("checked") / "compose.yaml"
    compose.write_text(UNHARDENED.format(context=COMPOSE.parent / "image"))
    config = str(compose) if request.param == "offswitch" else None
    await provider.task_init("startup", config)
    environments = await provider.sample_init("check", config, {})
    yield request.param, environments["default"]
    await provider.sample_cleanup("check", config, environments, False)


@pytest.fixture
def sandbox_env(request: pytest.FixtureRequest, checked: tuple[str, SandboxEnvironment]) -> SandboxEnvironment:
    """What Inspect's checks take."""
    name, environment = checked
    if request.node.originalname in EXPECTED_TO_FAIL[name]:
        request.applymarker(pytest.mark.xfail(raises=REFUSAL[name], strict=True))
    return environment


async def test_a_file_belongs_to_whom_the_machine_runs_as(tmp_path: Path) -> None:
    compose = tmp_path / "compose.yaml"
    compose.write_text(
        UNHARDENED.format(context=COMPOSE.parent / "image") + "    user: user\n    entrypoint: [sleep, infinity]\n"
    )
    provider = PROVIDERS["offswitch"]
    await provider.task_init("startup", str(compose))
    environments = await provider.sample_init("check", str(compose), {})
    machine = environments["default"]
    await machine.write_file("/home/user/notes/today.txt", "x")
    owners = await machine.exec(["stat", "-c", "%U %G", "/home/user/notes", "/home/user/notes/today.txt"])
    with pytest.raises(PermissionError):
        await machine.write_file("/etc/today.txt", "x")
    await provider.sample_cleanup("check", str(compose), environments, False)
    assert owners.stdout.split() == ["user"] * 4


async def test_a_place_is_free_again_where_nobody_has_the_machine_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MACHINES_MAX, "1")
    limiter.cache_clear()
    provider = PROVIDERS["bubblewrap"]
    made: list[Any] = []
    for number in range(3):
        # As with --no-sandbox-cleanup, which never calls sample_cleanup; the one before is held by nobody any more.
        with anyio.move_on_after(20):
            await provider.sample_init("check", None, {})
            made.append(number)
    limiter.cache_clear()
    assert made == [0, 1, 2]


async def test_bubblewrap_refuses_what_it_would_not_honour(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="one kind of machine"):
        await PROVIDERS["bubblewrap"].task_init("startup", str(tmp_path / "compose.yaml"))
