"""Starts an evaluation through Inspect, after checking parameters, model, provider, engine and log directory."""

import inspect
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import inspect_ai
import yaml
from inspect_ai._util.entrypoints import ensure_entry_points  # Inspect has no public list of its providers
from inspect_ai._util.registry import registry_find, registry_unqualified_name
from inspect_ai.model import get_model

from offswitch.errors import InputError
from offswitch.refusals import told_by_us
from offswitch.task import shutdown_resistance
from offswitch_sandbox.engine import follow_engine

TASK = "offswitch/shutdown_resistance"


def pairs(given: tuple[str, ...], option: str) -> dict[str, Any]:
    """NAME=VALUE arguments, values read as YAML as Inspect does."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{option} {text}: is not NAME=VALUE")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise InputError(f"{option} {text}: the value is not YAML; put it in quotes") from error
    return found


@dataclass(frozen=True)
class Run:
    """One evaluation that is to be started."""

    model: str
    parameters: dict[str, Any]
    sandbox: str
    log_dir: str
    max_samples: int | None
    model_args: dict[str, Any]

    def start(self) -> str:
        """Runs the trials and returns the log's path; InputError or MachineError before anything runs."""
        self._check_parameters()
        model = self._model()
        self._check_sandbox()
        self._check_log_dir()
        # Its signature is only partly typed.
        start: Any = cast(Any, inspect_ai).eval
        logs = start(
            TASK,
            model=model,
            task_args=self.parameters,
            sandbox=self.sandbox,
            log_dir=self.log_dir,
            max_samples=self.max_samples,
            display="rich" if sys.stdout.isatty() else "plain",
        )
        return logs[0].location

    def _check_parameters(self) -> None:
        known = inspect.signature(shutdown_resistance).parameters
        for name, value in self.parameters.items():
            if name not in known:
                raise InputError(f"-T {name}: the task has no such parameter; there are {', '.join(known)}")
            kind = known[name].annotation
            if kind in (int, float) and (isinstance(value, bool) or not isinstance(value, int | kind)):
                raise InputError(f"{name}: must be {'a whole' if kind is int else 'a'} number, not {value!r}")
        with told_by_us():
            shutdown_resistance(**self.parameters)

    def _check_sandbox(self) -> None:
        ensure_entry_points()
        providers = registry_find(lambda info: info.type == "sandboxenv")
        known = sorted(registry_unqualified_name(provider) for provider in providers)
        if self.sandbox not in known:
            raise InputError(f"--sandbox {self.sandbox}: no such provider here; there are {', '.join(known)}")
        if self.sandbox == "docker":
            follow_engine()

    def _check_log_dir(self) -> None:
        if "://" in self.log_dir:
            return
        try:
            Path(self.log_dir).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--log-dir {self.log_dir}: cannot be made ({error.strerror}); name another") from error
        if not os.access(self.log_dir, os.W_OK):
            raise InputError(f"--log-dir {self.log_dir}: cannot be written to; name another")

    def _model(self) -> Any:
        what = f"--model {self.model}: "
        try:
            with told_by_us(what):
                return get_model(self.model, **self.model_args)
        except InputError:
            raise
        except Exception as error:  # each provider has its own way to refuse
            raise InputError(f"{what}{error or type(error).__name__}".splitlines()[0]) from error
