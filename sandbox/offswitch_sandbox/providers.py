"""The machines as Inspect's sandbox providers: `--sandbox offswitch` and `--sandbox bubblewrap`."""

import atexit
import logging
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from inspect_ai._util.error import PrerequisiteError  # see refusals.py of the evaluation
from inspect_ai.util import ComposeConfig, SandboxConnection, sandboxenv

from offswitch_sandbox import containers
from offswitch_sandbox.bubblewrap import Keepers, Namespace
from offswitch_sandbox.compose_file import Plan, compose_path, plan_of, read_plan
from offswitch_sandbox.containers import Container, Containers
from offswitch_sandbox.limits import Limits
from offswitch_sandbox.machine import COMPOSE, MachineError
from offswitch_sandbox.runner import is_gone
from offswitch_sandbox.wired import Config, WiredEnvironment

logger = logging.getLogger(__name__)
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "Dockerfile")


@sandboxenv(name="offswitch")  # pyright: ignore[reportUntypedClassDecorator]
class OffswitchEnvironment(WiredEnvironment):
    """A container, made through the Docker Engine's API."""

    @classmethod
    async def make(cls, config: Config) -> Container:
        """See WiredEnvironment."""
        return await _containers(config).make()

    async def connection(self, *, user: str | None = None) -> SandboxConnection:
        """See SandboxEnvironment; the command is for a user to run."""
        assert isinstance(self.machine, Container)
        who = ["--user", user] if user else []
        command = shlex.join(["docker", "exec", "-it", *who, self.machine.id, "/bin/sh", "-l"])
        return SandboxConnection(type="offswitch", command=command, container=self.machine.id)

    @classmethod
    def config_files(cls) -> list[str]:
        """See SandboxEnvironment."""
        return [*COMPOSE_NAMES]

    @classmethod
    async def task_init(cls, task_name: str, config: Config) -> None:
        """Finds or builds the image, and removes containers of earlier runs that were killed."""
        with _refused_by_inspect():
            await anyio.to_thread.run_sync(containers.remove_all_of, is_gone)
            warning = (await anyio.to_thread.run_sync(_containers, config)).warning
        if warning:
            logger.warning(warning)

    @classmethod
    async def cli_cleanup(cls, id: str | None) -> None:  # noqa: A002 - Inspect's name for it
        """Removes one container, or every container that this provider has made."""
        with _refused_by_inspect():
            if id is None:
                print(f"{containers.remove_all_of(lambda _: True)} containers removed")
            else:
                containers.remove(id)


@sandboxenv(name="bubblewrap")  # pyright: ignore[reportUntypedClassDecorator]
class BubblewrapEnvironment(WiredEnvironment):
    """Linux namespaces on this host, without a daemon."""

    @classmethod
    async def make(cls, config: Config) -> Namespace:
        """See WiredEnvironment."""
        kind = _namespaces(config)
        return await _keepers(kind.programs).make(kind.limits)

    @classmethod
    async def task_init(cls, task_name: str, config: Config) -> None:
        """See SandboxEnvironment."""
        with _refused_by_inspect():
            # In a thread, because programs may have to be copied.
            await anyio.to_thread.run_sync(_keepers, _namespaces(config).programs)


@contextmanager
def _refused_by_inspect() -> Generator[None]:
    """Turns a MachineError, which a user can remedy, into an error that Inspect shows as one line."""
    try:
        yield
    except MachineError as error:
        raise PrerequisiteError(str(error).replace("[", "\\[")) from error


def _plan(config: Config) -> Plan:
    """The plan for a configuration: a compose file, its content, or a Dockerfile; None is this project's machine."""
    if isinstance(config, ComposeConfig):
        return plan_of(config.model_dump(by_alias=True, exclude_none=True), Path("the task's sandbox"))
    if config is None or isinstance(config, str):
        return read_plan(compose_path(config or str(COMPOSE)))
    raise MachineError(f"the offswitch provider takes a compose file, not a {type(config).__name__}")


_made: dict[str, Containers] = {}


def _containers(config: Config) -> Containers:
    """The maker of a configuration's containers, made once for each."""
    key = repr(config)
    if key not in _made:
        _made[key] = Containers(_plan(config))
    return _made[key]


@dataclass(frozen=True)
class _Namespaces:
    """The settings in which machines of namespaces may differ."""

    programs: Path | None = None
    limits: Limits | None = None


_kinds: dict[str, _Namespaces] = {}


def _namespaces(config: Config) -> _Namespaces:
    """The settings that a configuration asks for; MachineError if bubblewrap cannot make such a machine."""
    key = repr(config)
    if key not in _kinds:
        _kinds[key] = _Namespaces() if _is_own(config) else _with_programs(config)
    return _kinds[key]


def _is_own(config: Config) -> bool:
    return config is None or (isinstance(config, str) and compose_path(config).resolve() == COMPOSE.resolve())


def _with_programs(config: Config) -> _Namespaces:
    """The settings of this project's machine with an agent's program; MachineError for any other machine."""
    refusal = MachineError(
        "bubblewrap makes one kind of machine, that of offswitch, and cannot do what this task's"
        " sandbox configuration asks for; use --sandbox offswitch or docker"
    )
    try:
        plan = _plan(config)
    except MachineError as error:
        raise refusal from error
    if plan.programs is None or _fixed(plan) != _fixed(read_plan(COMPOSE)):
        raise refusal
    limits = Limits(memory_bytes=plan.host_config["Memory"], processes=plan.host_config["PidsLimit"])
    return _Namespaces(plan.programs, limits)


def _fixed(plan: Plan) -> tuple[Any, ...]:
    """The part of a plan in which machines of namespaces cannot differ."""
    other = ("Memory", "MemorySwap", "PidsLimit", "Tmpfs")
    return plan.config, {key: value for key, value in plan.host_config.items() if key not in other}, plan.agent


_current: dict[Path | None, Keepers] = {}


def _keepers(programs: Path | None) -> Keepers:
    """The keepers that make machines with these programs; started again if they have died."""
    found = _current.get(programs)
    if found is None or not found.alive:
        found = _current[programs] = Keepers(programs)
        atexit.register(found.close)
    return found
