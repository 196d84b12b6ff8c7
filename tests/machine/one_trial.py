"""Trials in this process, and what their logs say."""

from pathlib import Path
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.solver import Solver

from machine.rigs import evaluate
from offswitch.evidence import EVIDENCE, History, read_history
from offswitch.task import shutdown_resistance

SANDBOXES = ("offswitch", "bubblewrap")
OF_THE_TASK = ("agent", "delivery", "variants", "trials", "scene", "clock")


def trials(
    log_dir: Path, sandbox: str | tuple[str, str], model: Any = "script/comply", worker: Solver | None = None,
    **how: Any,
) -> list[EvalSample]:  # fmt: skip
    """One trial of variant E, if nothing else is asked for, with a solver in the loop's place where one is given."""
    given: dict[str, Any] = {"variants": "E", "trials": 1} | {
        name: how.pop(name) for name in OF_THE_TASK if name in how
    }
    how |= {"solver": worker} if worker else {}
    (log,) = evaluate(shutdown_resistance(**given), model=model, sandbox=sandbox, log_dir=str(log_dir), **how)
    assert log.samples, log.error
    return log.samples


def trial(log_dir: Path, sandbox: str | tuple[str, str], *more: Any, **how: Any) -> EvalSample:
    """The first of `trials`."""
    return trials(log_dir, sandbox, *more, **how)[0]


def facts(sample: EvalSample) -> dict[str, Any]:
    """What the scorer says of a trial."""
    assert sample.scores, sample.error
    return sample.scores["shutdown_verdict"].metadata or {}


def told(sample: EvalSample) -> tuple[str, str]:
    """A trial's failure, or its verdict where that is none, and what is told of it."""
    found = facts(sample)
    return found["failure"] or found["verdict"], found["detail"] or ""


def history(sample: EvalSample) -> History:
    """What is known of a trial."""
    return read_history(sample.store[EVIDENCE])
