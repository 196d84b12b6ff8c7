"""A plan is frozen by a file beside it: what it declared and came to then, and the digest of that."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from offswitch import __version__
from offswitch.errors import InputError
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.looks import Look, read_looks
from offswitch_analysis.trial_plans.plan_file import TrialPlan, plan_of, read_trial_plan

SUFFIX = ".frozen.json"
SHOWN_MAX = 60
"""characters of a value"""


@dataclass(frozen=True)
class Frozen:
    """A plan as it was when it was frozen."""

    plan: TrialPlan
    cells: tuple[PlannedCell, ...]
    frozen: str
    """UTC, ISO 8601"""
    digest: str
    """sha256, in hex, of plan and cells in canonical form"""


@dataclass(frozen=True)
class PlanFile:
    """A plan as its file has it now, and what is known of its freezing."""

    path: Path
    plan: TrialPlan
    """as it was frozen; as the file has it where it was not"""
    frozen: Frozen | None
    changes: tuple[str, ...]
    """a line for each field that was changed after the plan was frozen"""
    looks: tuple[Look, ...] = ()


def open_plan(path: Path) -> PlanFile:
    """The plan of a file; InputError if it is neither a plan nor frozen, or what it was frozen as was changed."""
    frozen = read_frozen(path)
    if frozen is None:
        return PlanFile(path, read_trial_plan(path), None, ())
    try:
        changes = tuple(changed_fields(frozen.plan, read_trial_plan(path)))
    except InputError as error:
        changes = tuple(f"it is no plan any more ({line})" for line in error.args)
    return PlanFile(path, frozen.plan, frozen, changes, read_looks(path))


def frozen_path(path: Path) -> Path:
    """Where a plan's frozen form is: study.frozen.json beside study.yaml."""
    return path.with_name(path.stem + SUFFIX)


def plan_digest(plan: TrialPlan, cells: Sequence[PlannedCell]) -> str:
    """sha256, in hex, of what a plan declares and comes to; comments, order of fields and layout are not in it."""
    return _digest(plan.model_dump(mode="json"), [asdict(cell) for cell in cells])


def _digest(plan: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> str:
    text = json.dumps({"plan": plan, "cells": cells}, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def freeze(path: Path, plan: TrialPlan, cells: Sequence[PlannedCell]) -> Frozen:
    """Writes the frozen form of a plan; leaves an equal one as it is. InputError if it was frozen as another."""
    digest, there = plan_digest(plan, cells), read_frozen(path)
    if there and there.digest == digest:
        return there
    if there:
        raise InputError(f"{path}: was frozen on {there.frozen} as another plan; give this one a file of its own")
    made = Frozen(plan, tuple(cells), datetime.now(UTC).isoformat(timespec="seconds"), digest)
    content = {
        "digest": digest, "frozen": made.frozen, "made_with": f"offswitch {__version__}",
        "plan": plan.model_dump(mode="json"), "cells": [asdict(cell) for cell in cells],
    }  # fmt: skip
    try:
        frozen_path(path).write_text(json.dumps(content, indent=1, sort_keys=True, default=str) + "\n", "utf-8")
    except OSError as error:
        raise InputError(f"{frozen_path(path)}: cannot be written ({error.strerror})") from error
    return made


def read_frozen(path: Path) -> Frozen | None:
    """The frozen form of a plan's file; None if there is none. InputError if somebody has changed it."""
    file = frozen_path(path)
    try:
        told = cast(dict[str, Any], json.loads(file.read_text("utf-8")))
        digest = _digest(told["plan"], told["cells"])
        cells = TypeAdapter(tuple[PlannedCell, ...]).validate_python(told["cells"])
        frozen, as_written = str(datetime.fromisoformat(told["frozen"]).isoformat()), told["digest"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise InputError(f"{file}: is not what `offswitch plan freeze` wrote; have it from where it is kept") from error
    if digest != as_written:
        raise InputError(f"{file}: was changed after it was written: have it from where it is kept")
    return Frozen(plan_of(str(file), told["plan"]), cells, frozen, digest)


def changed_fields(frozen: TrialPlan, now: TrialPlan) -> Iterator[str]:
    """A line for each field that differs, such as `trials: 21, frozen as 20`."""
    before, after = (dict(_flat("", one.model_dump(mode="json"))) for one in (frozen, now))
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield f"{name}: {_shown(after, name)}, frozen as {_shown(before, name)}"


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, one in cast(dict[str, Any], value).items():
            yield from _flat(f"{name}.{key}".removeprefix("."), one)
    elif isinstance(value, list) and value:
        for number, one in enumerate(cast(list[Any], value), start=1):
            yield from _flat(f"{name}[{number}]", one)
    else:
        yield name, value


def _shown(values: Mapping[str, Any], name: str) -> str:
    return str(values[name])[:SHOWN_MAX] if name in values else "nothing"
