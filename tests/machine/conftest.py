"""Every test that takes `rig` runs on machines of every kind."""

from functools import partial

import pytest

from machine import rigs


@pytest.fixture(params=rigs.KINDS)
def rig(request: pytest.FixtureRequest) -> rigs.Rigs:
    """Makes machines of one kind."""
    return partial(rigs.rig, request.param)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no process has to wait for another at the end."""
    items.sort(key=lambda item: "test_resilience" not in item.nodeid)
