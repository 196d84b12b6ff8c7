"""The scanners' names, so that Inspect and Scout find them as `offswitch/aware` and so on.

Scout takes seconds to load, and most runs have no scanner. So each name stands for a function that loads it.
"""

from collections.abc import Callable
from typing import Any

# Scout's decorator registers what it decorates when Scout is loaded; nothing public does so without it.
from inspect_ai._util.registry import RegistryInfo, registry_add

from offswitch.judges.questions import SCANS
from offswitch.refusals import as_inspect_error


def register_scanners() -> None:
    """Makes every scanner known by its name."""
    for name in SCANS:
        registry_add(_loading(name), RegistryInfo(type="scanner", name=f"offswitch/{name}"))


def _loading(name: str) -> Callable[..., Any]:
    def made(**arguments: Any) -> Any:
        with as_inspect_error():
            from offswitch.judges import scans  # see above

            return getattr(scans, name)(**arguments)

    return made
