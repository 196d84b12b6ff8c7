"""What all tests share."""

import atexit
import os
import shutil
import subprocess
import tempfile

import pytest

from budgets import Budgets

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


LONG = (
    "test_resilience", "test_selftest", "test_a_factorials_planted", "test_without_an_engine_the_demo",
    "test_the_bench", "test_a_limit_ends", "test_shards", "test_every_arm", "test_known_rates", "browser/", "trial/",
    "project/",
)  # fmt: skip
"""what takes longest, from the longest on: begun last, it would be waited for alone"""
ALONE = ("test_resilience", "test_selftest")
"""files whose tests keep a host busy, so that no two of one file run at a time"""


# First, for xdist reads the groups when its turn comes.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest first, keeps together what shares a fixture or a costly import, and skips what cannot be had.

    Everything in tests/machine needs a Docker Engine, some of it bubblewrap; a skipped test says so.
    """
    items.sort(key=_place)
    for item in items:
        alone = item.path.stem in ALONE or "logs" in getattr(item, "fixturenames", ())
        if alone or "/machine/" not in item.nodeid:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    needing = [item for item in items if "/machine/" in item.path.as_posix()]
    engine = bool(needing) and answers("docker", "version")
    bubblewrap = bool(needing) and answers("bwrap", "--version")
    for item in needing:
        item.add_marker(pytest.mark.docker)
        if not engine:
            item.add_marker(pytest.mark.skip(reason="no Docker Engine answers"))
        elif "bubblewrap" in item.nodeid and not bubblewrap:
            item.add_marker(pytest.mark.skip(reason="there is no bubblewrap"))


def _place(item: pytest.Item) -> int:
    """Where a test comes in a run: tests on machines, which mostly wait, before unit tests, which are quick."""
    path = item.path.as_posix()
    long = (n for n, name in enumerate(LONG) if f"/{name}" in path or item.name.startswith(name))
    return next(long, len(LONG) + ("/unit/" in path))


def answers(*command: str) -> bool:
    """Whether a program is there and works."""
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
