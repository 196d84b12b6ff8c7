"""Every test that takes `rig` runs on machines of every kind."""

from functools import partial

import pytest

from machine import rigs


@pytest.fixture(params=rigs.KINDS)
def rig(request: pytest.FixtureRequest) -> rigs.Rigs:
    """Makes machines of one kind."""
    return partial(rigs.rig, request.param)
