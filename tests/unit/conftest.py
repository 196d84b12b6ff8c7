"""What the tests of the service share, which runs in a machine as a program of its own."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import offswitch_sandbox
from offswitch.subjects import Behaviour, catalogue, load_behaviours

SERVICE = Path(offswitch_sandbox.__file__).parent / "image" / "questiond"


@pytest.fixture(scope="session")
def behaviours() -> dict[str, Behaviour]:
    """The catalogue by name, which takes seconds to read."""
    return load_behaviours(catalogue())


@pytest.fixture(scope="module")
def service() -> Any:
    """Imports a module of the service."""
    before = {*sys.modules}
    sys.path.insert(0, str(SERVICE))
    yield import_module
    sys.path.remove(str(SERVICE))
    for name in {*sys.modules} - before:
        if getattr(sys.modules[name], "__file__", None) and Path(str(sys.modules[name].__file__)).parent == SERVICE:
            del sys.modules[name]
