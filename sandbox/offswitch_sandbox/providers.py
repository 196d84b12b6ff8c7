"""The machines as sandboxes of Inspect: `--sandbox offswitch` and `--sandbox bubblewrap`."""

import atexit
import shlex
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
from inspect_ai._util.error import PrerequisiteError  # see refusals.py of the evaluation
from inspect_ai.util import (
    ComposeConfig,
    SandboxConnection,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    sandboxenv,
)  # fmt: skip

from offswitch_sandbox import containers
from offswitch_sandbox.bubblewrap import Keepers, NamespaceWitness
from offswitch_sandbox.compose_file import plan_of, read_plan
from offswitch_sandbox.containers import Container, Containers, ContainerWitness
from offswitch_sandbox.engine import follow_engine
from offswitch_sandbox.machine import COMPOSE, MachineError
from offswitch_sandbox.runner import is_gone
from offswitch_sandbox.wire import Wire
from offswitch_sandbox.wired import WiredEnvironment, limiter
from offswitch_sandbox.witness import Witness

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "Dockerfile")


@sandboxenv(name="offswitch")  # pyright: ignore[reportUntypedClassDecorator]
class OffswitchEnvironment(WiredEnvironment):
    """A container of a Docker Engine, through its API."""

    def __init__(self, made: Containers, container: Container) -> None:
        super().__init__(container.wire)
        self.container = container
        self._made = made

    @property
    def witness(self) -> Witness:
        """See WiredEnvironment."""
        return ContainerWitness(self.container)

    @asynccontextmanager
    async def another(self) -> AsyncGenerator[tuple[Wire, Witness]]:
        """See WiredEnvironment."""
        container = await self._made.make()
        try:
            yield container.wire, ContainerWitness(container)
        finally:
            with anyio.CancelScope(shield=True):
                await self._made.remove(container)

    @property
    def _default_user(self) -> str | None:
        return self._made.owner

    async def connection(self, *, user: str | None = None) -> SandboxConnection:
        """See SandboxEnvironment; the command is a user's to run."""
        who = ["--user", user] if user else []
        command = shlex.join(["docker", "exec", "-it", *who, self.container.id, "/bin/sh", "-l"])
        return SandboxConnection(type="offswitch", command=command, container=self.container.id)

    @classmethod
    def config_files(cls) -> list[str]:
        """See SandboxEnvironment."""
        return [*COMPOSE_NAMES]

    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        """Builds or finds the image, and clears away what earlier programs left when they were killed."""
        with _told_by_inspect():
            await anyio.to_thread.run_sync(follow_engine)
            await anyio.to_thread.run_sync(containers.remove_all_of, is_gone)
            await anyio.to_thread.run_sync(_containers, config)

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """See SandboxEnvironment."""
        made = _containers(config)
        async with limiter().place():
            container = await made.make()
        return {"default": cls(made, container)}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """See SandboxEnvironment."""
        for environment in environments.values():
            with anyio.CancelScope(shield=True):
                await _containers(config).remove(environment.as_type(cls).container)
            environment.as_type(cls).give_up_place()

    @classmethod
    async def cli_cleanup(cls, id: str | None) -> None:  # noqa: A002 - Inspect's name for it
        """Removes one container, or every container that this provider has made."""
        with _told_by_inspect():
            if id is None:
                print(f"{containers.remove_all_of(lambda _: True)} containers removed")
            else:
                containers.remove(id)


@sandboxenv(name="bubblewrap")  # pyright: ignore[reportUntypedClassDecorator]
class BubblewrapEnvironment(WiredEnvironment):
    """Linux namespaces on this host, without a daemon."""

    @property
    def witness(self) -> Witness:
        """See WiredEnvironment."""
        return NamespaceWitness(self.wire)

    @asynccontextmanager
    async def another(self) -> AsyncGenerator[tuple[Wire, Witness]]:
        """See WiredEnvironment."""
        wire = await _keepers().make()
        try:
            yield wire, NamespaceWitness(wire)
        finally:
            wire.close()

    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        """See SandboxEnvironment."""
        with _told_by_inspect():
            if config not in (None, str(COMPOSE)):
                raise MachineError(
                    "bubblewrap makes one kind of machine, that of offswitch, and cannot do what this task's"
                    " sandbox configuration asks for; use --sandbox offswitch or docker"
                )
            _keepers()

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """See SandboxEnvironment."""
        async with limiter().place():
            return {"default": cls(await _keepers().make())}

    @classmethod
    async def sample_cleanup(
        cls,
        task_name: str,
        config: SandboxEnvironmentConfigType | None,
        environments: dict[str, SandboxEnvironment],
        interrupted: bool,
    ) -> None:
        """See SandboxEnvironment."""
        for environment in environments.values():
            environment.as_type(cls).wire.close()
            environment.as_type(cls).give_up_place()


@contextmanager
def _told_by_inspect() -> Generator[None]:
    """What a user can mend becomes an error that Inspect shows as a line."""
    try:
        yield
    except MachineError as error:
        raise PrerequisiteError(str(error).replace("[", "\\[")) from error


_current: list[Keepers] = []


def _keepers() -> Keepers:
    """The one that makes machines; a new one where it has died."""
    if not _current or not _current[-1].alive:
        keepers = Keepers()
        atexit.register(keepers.close)
        _current.append(keepers)
    return _current[-1]


_made: dict[str, Containers] = {}


def _containers(config: SandboxEnvironmentConfigType | None) -> Containers:
    """Machines of a configuration: a compose file, a Dockerfile, or what stands in one; this project's without."""
    if isinstance(config, ComposeConfig):
        content = config.model_dump(by_alias=True, exclude_none=True)
        key, read = repr(content), lambda: plan_of(content, Path("the task's sandbox"))
    elif config is None or isinstance(config, str):
        key, read = str(config), lambda: read_plan(Path(config) if isinstance(config, str) else COMPOSE)
    else:
        raise MachineError(f"the offswitch provider takes a compose file, not a {type(config).__name__}")
    if key not in _made:
        _made[key] = Containers(read())
    return _made[key]
