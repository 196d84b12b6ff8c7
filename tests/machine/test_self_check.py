"""Inspect's own checks of a sandbox provider, on both of this project's."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.util import SandboxEnvironment
from inspect_ai.util._sandbox.self_check import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary]

from offswitch_sandbox.machine import COMPOSE
from offswitch_sandbox.providers import BubblewrapEnvironment, OffswitchEnvironment

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
UNHARDENED = """
services:
  default:
    image: offswitch-unhardened
    build: {{context: {context}}}
    network_mode: none
"""


@pytest.fixture(params=PROVIDERS)
async def sandbox_env(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[SandboxEnvironment]:
    """A machine for each check."""
    provider = PROVIDERS[request.param]
    if request.node.originalname in EXPECTED_TO_FAIL[request.param]:
        request.applymarker(pytest.mark.xfail(strict=True))
    compose = tmp_path / "compose.yaml"
    compose.write_text(UNHARDENED.format(context=COMPOSE.parent / "image"))
    config = str(compose) if request.param == "offswitch" else None
    await provider.task_init("startup", config)
    environments = await provider.sample_init("check", config, {})
    yield environments["default"]
    await provider.sample_cleanup("check", config, environments, False)
