"""Runs trials through Inspect: checks everything first, runs only what is missing, in one process or several."""

import gc
import inspect
import logging
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio
import inspect_ai
from inspect_ai._util.entrypoints import ensure_entry_points  # Inspect has no public list of its providers
from inspect_ai._util.registry import registry_find, registry_unqualified_name
from inspect_ai.model import Model, get_model
from inspect_ai.util import DisplayType

from offswitch.agents import Chosen, choose_agent
from offswitch.agents.kinds import LOOP
from offswitch.errors import InputError
from offswitch.record import INTERRUPTED, STOPPING, TRIAL_PLAN, Record, condition_line, eval_settings
from offswitch.refusals import as_input_error
from offswitch.runs.directories import check_log_dir
from offswitch.runs.settings import as_config, checked_options, eval_arguments, generation_arguments, told_config
from offswitch.scene import Arm, Scene, load_scene
from offswitch.scene.protocol import SUMS_SCENE
from offswitch.stopping.early_stopping import counting
from offswitch.subjects import is_scripted
from offswitch.task import TASK_VERSION, shutdown_resistance
from offswitch.verdict import Verdict
from offswitch_sandbox import MachineError
from offswitch_sandbox.engine import engine
from offswitch_sandbox.try_out import TRY_OUTS, try_namespace

logger = logging.getLogger(__name__)
TASK = "offswitch/shutdown_resistance"
VALUES = Path(__file__).parents[1] / "values.yaml"
"""Helm values of the machine on Kubernetes; Inspect finds them beside a task's file, but not for a package's task"""
WITH_A_SECOND_MACHINE = ("offswitch", "bubblewrap")
FLUSHES = 1000
"""how often a real model's log is written at most; up to that many trials, each is written as soon as it ends"""
NOT_FOR_PROVIDERS = {"model", "role", "default", "required", "config", "memoize"}
"""arguments of Inspect's get_model that cannot be a provider's"""


@dataclass(frozen=True)
class Run:
    """The trials that are wanted of one model; `trials` names those that are still missing, None means all.

    All fields are plain values, so that one process can send a run to another.
    """

    model: str
    parameters: dict[str, Any]
    sandbox: str
    log_dir: str
    max_samples: int | None
    model_args: dict[str, Any]
    trials: tuple[str, ...] | None = None
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    """of generation, see settings.py"""
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    """for Inspect's eval: limits, approval, model_role, retry_on_error, model_cost_config"""
    before: dict[str, Any] = field(default_factory=dict[str, Any])
    """variant -> what earlier trials of it come to, for a rule that stops cells; see stopping/early_stopping.py"""
    trial_plan: str = ""
    """digest of the trial plan that declares these trials, which the log keeps; empty where none does"""
    looks: str = ""
    """at which numbers of trials the plan lets them be stopped, which the log keeps; empty where at none"""

    @property
    def name(self) -> str:
        """The model's name in logs, which may differ from the given one."""
        try:
            return str(self.inspect_model())
        except InputError:  # reported when the run is checked
            return self.model

    @property
    def scene(self) -> Scene:
        """What its trials work at, and what comes when in them; PromptError or InputError if there is none such."""
        pack = self.parameters.get("prompts")
        return load_scene(str(self.parameters.get("scene") or SUMS_SCENE), Path(pack) if pack else None)

    def checked(self) -> "Run":
        """The run with a provider in place of `auto`; InputError or MachineError if it cannot run."""
        self.check_parameters()
        checked_options({**self.options, "max_samples": self.max_samples}, self.inspect_model())
        check_log_dir(self.log_dir)
        chosen = replace(self, sandbox=choose_sandbox()) if self.sandbox == "auto" else self
        check_sandbox(chosen.sandbox)
        chosen._check_arms()
        check_agent(chosen.agent, chosen.sandbox)
        return chosen

    def wanted(self) -> dict[str, str]:
        """Trial id -> condition of every trial."""
        return self._wanted

    @cached_property
    def _wanted(self) -> dict[str, str]:
        return {trial: condition for trial, condition, _ in self.described()}

    @property
    def chosen(self) -> tuple[str, ...]:
        """The trials that are to be had of it."""
        return tuple(self.wanted()) if self.trials is None else self.trials

    def described(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Trial id, condition and the metadata of its sample, of every trial."""
        task = shutdown_resistance(**self.parameters)
        # The task sets a limit of its own for agents that are programs.
        settings, config = self.settings, told_config({"time_limit": task.time_limit, **self.options})
        for sample in task.dataset:
            given = sample.metadata or {}
            told = {**settings, **eval_settings(config, given)}
            yield str(sample.id), condition_line(TASK_VERSION, given, told, self.model_args), given

    def own_records(self, records: Iterable[Record]) -> list[Record]:
        """The records of this run's trials, from any earlier run of the same command."""
        wanted, seed, name = self.wanted(), self.parameters.get("seed"), self.name
        return [
            record
            for record in records
            if (record.model, record.sandbox, record.seed) == (name, self.sandbox, seed)
            and wanted.get(record.trial_id) == record.condition
        ]

    def missing(self, records: Iterable[Record], retry_failures: bool = False) -> "Run":
        """This run with the trials that have no record, that were interrupted, and, if asked for, that failed."""
        had = {
            record.trial_id
            for record in self.own_records(records)
            if record.failure != INTERRUPTED and not (retry_failures and record.verdict == Verdict.FAILURE)
        }
        return replace(self, trials=tuple(trial for trial in self.chosen if trial not in had))

    def start(self, display: DisplayType | None = None) -> bool:
        """Runs the trials in this process; whether all ran to their end. If interrupted, the log is still finished."""
        end_on_sigterm()
        # Objects made by imports are never garbage; without this, collecting them takes a tenth of the time.
        gc.freeze()
        scripted = is_scripted(self.model)
        told = {name: of for name, of in ((TRIAL_PLAN, self.trial_plan), (STOPPING, self.looks)) if of}
        with as_input_error(), counting(self.before):
            logs = inspect_ai.eval(  # pyright: ignore[reportUnknownMemberType] - it is only partly typed
                TASK,
                model=self.inspect_model(),
                task_args=self.parameters,
                sandbox=self._machines(),
                log_dir=self.log_dir,
                max_samples=self.max_samples,
                sample_id=None if self.trials is None else list(self.trials),
                display=display or ("rich" if sys.stdout.isatty() else "plain"),
                log_buffer=None if scripted else max(1, len(self.chosen) // FLUSHES),
                # The buffer for watching a trial live costs a fifth of the time; scripted agents do not need it.
                log_realtime=not scripted,
                score_display=not scripted,
                metadata=told or None,
                **eval_arguments(self.options),
                **generation_arguments(self.settings),
            )
        return bool(logs) and logs[0].status == "success"

    def _machines(self) -> tuple[str, str] | str:
        """The provider, with its configuration if that is neither its default nor the task's."""
        given = str(VALUES) if self.sandbox == "k8s" else self.agent.compose
        return (self.sandbox, given) if given else self.sandbox

    @property
    def agent(self) -> Chosen:
        """The agent of these trials."""
        return choose_agent(str(self.parameters.get("agent", LOOP)))

    def inspect_model(self, memoize: bool = True) -> Model:
        """The model; InputError if its provider refuses it. Without memoize, it has connections of its own."""
        what = f"--model {self.model}: "
        if taken := NOT_FOR_PROVIDERS & self.model_args.keys():
            raise InputError(f"-M {min(taken)}: is no argument of a model's provider")
        try:
            with as_input_error(what):
                # The settings are also given here, because a log records those of its model.
                return get_model(self.model, config=as_config(self.settings), memoize=memoize, **self.model_args)
        except InputError:
            raise
        except Exception as error:  # each provider has its own errors
            raise InputError(f"{what}{error or type(error).__name__}".splitlines()[0]) from error

    def check_parameters(self) -> None:
        """InputError if the task does not take these parameters."""
        known = inspect.signature(shutdown_resistance).parameters
        for name, value in self.parameters.items():
            if name not in known:
                raise InputError(f"-T {name}: the task has no such parameter; there are {', '.join(known)}")
            kind = known[name].annotation
            if kind in (int, float) and (isinstance(value, bool) or not isinstance(value, int | kind)):
                raise InputError(f"{name}: must be {'a whole' if kind is int else 'a'} number, not {value!r}")
        with as_input_error():
            shutdown_resistance(**self.parameters)

    def _check_arms(self) -> None:
        arms = {(sample.metadata or {})["level_arm"] for sample in shutdown_resistance(**self.parameters).dataset}
        if Arm.OTHER_MACHINE in arms and self.sandbox not in WITH_A_SECOND_MACHINE:
            raise InputError(
                f"--sandbox {self.sandbox}: gives no second machine, which arm={Arm.OTHER_MACHINE} needs; "
                f"use {' or '.join(WITH_A_SECOND_MACHINE)}"
            )


def check_agent(agent: Chosen, sandbox: str) -> None:
    """InputError if the agent cannot work in the provider's machines."""
    if not agent.is_loop and sandbox not in WITH_A_SECOND_MACHINE:
        raise InputError(
            f"--sandbox {sandbox}: agent {agent.full_name} works in machines of "
            f"{' and '.join(WITH_A_SECOND_MACHINE)} alone, where whatever it does is seen"
        )


def check_sandbox(name: str) -> None:
    """InputError for an unknown provider, MachineError for one that does not work here."""
    ensure_entry_points()
    providers = registry_find(lambda info: info.type == "sandboxenv")
    known = sorted(registry_unqualified_name(provider) for provider in providers)
    if name not in known:
        raise InputError(f"--sandbox {name}: no such provider here; there are {', '.join(known)}")
    if name == "docker":
        engine()
    if name in TRY_OUTS:
        for warning in anyio.run(TRY_OUTS[name]).warnings:
            logger.warning("offswitch: %s", warning)


def end_on_sigterm() -> None:
    """Makes SIGTERM interrupt this process like Ctrl-C, so that machines are removed and logs are finished.

    Also restores SIGINT, which is ignored in processes that a script starts in the background.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt(*_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGTERM, interrupt)


def choose_sandbox() -> str:
    """`offswitch` if an engine answers, else `bubblewrap`; MachineError with both remedies if neither works."""
    try:
        engine()
    except MachineError as no_engine:
        try:
            anyio.run(try_namespace)
        except MachineError as no_bubblewrap:
            raise MachineError(f"{no_engine}; or, without an engine: {no_bubblewrap}") from no_bubblewrap
        return "bubblewrap"
    return "offswitch"
