"""What all tests share."""

import subprocess

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that Inspect uses by default."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in tests/machine needs a Docker Engine; without one it is skipped and says so."""
    needing = [item for item in items if "/machine/" in item.path.as_posix()]
    if not needing:
        return
    answers = subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0
    for item in needing:
        item.add_marker(pytest.mark.docker)
        if not answers:
            item.add_marker(pytest.mark.skip(reason="no Docker Engine answers"))
