"""What all tests share."""

import atexit
import os
import shutil
import subprocess
import tempfile

import pytest
from xdist.remote import Producer

from budgets import Budgets
from order import Scheduling, place

# No test reads or fills the cache of whoever runs it.
os.environ["OFFSWITCH_CACHE"] = tempfile.mkdtemp(prefix="offswitch-tests-cache-")
atexit.register(shutil.rmtree, os.environ["OFFSWITCH_CACHE"], ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Every run measures what its tests cost."""
    config.pluginmanager.register(Budgets())


@pytest.fixture
def anyio_backend() -> str:
    """The event loop that Inspect uses by default."""
    return "asyncio"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """What xdist gives tests out by."""
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first. Everything in tests/machine and tests/real_model needs a Docker Engine, some of it bubblewrap.

    Where that is not there, a test is skipped and says so.
    """
    items.sort(key=place)
    needing = [item for item in items if item.path.parent.name in ("machine", "real_model")]
    engine = bool(needing) and answers("docker", "version")
    bubblewrap = bool(needing) and answers("bwrap", "--version")
    for item in needing:
        item.add_marker(pytest.mark.docker)
        if not engine:
            item.add_marker(pytest.mark.skip(reason="no Docker Engine answers"))
        elif "bubblewrap" in item.nodeid and not bubblewrap:
            item.add_marker(pytest.mark.skip(reason="there is no bubblewrap"))


def answers(*command: str) -> bool:
    """Whether a program is there and works."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
