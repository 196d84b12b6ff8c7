"""Extras: packages that only some tasks need, as the project's metadata names them."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from offswitch.errors import InputError


def unmet(extra: str) -> list[str]:
    """The extra's packages that cannot be used here, each with what is wrong; empty if all can be."""
    return [f"{needed} ({why})" for needed, why in _wrong(extra)]


def require_extra(extra: str, task: str) -> None:
    """Refuses a task whose packages are missing, or of versions that would fail only later, in each trial.

    Args:
        extra: A name from the project's optional dependencies.
        task: What needs it; the error begins with this.

    Raises:
        InputError: A package of the extra is missing, or is too old or too new.
    """
    if found := unmet(extra):
        raise InputError(f"{task}: needs {', '.join(found)}; install it with `{remedy(extra)}`")


def remedy(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install 'offswitch[{extra}]'"


def _wrong(extra: str) -> Iterator[tuple[str, str]]:
    for line in requires("offswitch") or ():
        needed = Requirement(line)
        if (
            needed.marker is None
            or not needed.marker.evaluate({"extra": extra})
            or needed.marker.evaluate({"extra": ""})
        ):
            continue
        try:
            there = version(needed.name)
        except PackageNotFoundError:
            yield f"{needed.name}{needed.specifier}", "not installed"
            continue
        if not needed.specifier.contains(there, prereleases=True):
            yield f"{needed.name}{needed.specifier}", f"{there} is installed"
