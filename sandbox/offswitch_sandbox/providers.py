"""The machines as sandboxes of Inspect: `--sandbox offswitch` and `--sandbox bubblewrap`."""

import atexit
import base64
import shlex
import weakref
from abc import abstractmethod
from collections.abc import AsyncGenerator, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Literal, overload

import anyio
from inspect_ai._util.error import PrerequisiteError  # see refusals.py of the evaluation
from inspect_ai.util import (
    ComposeConfig,
    ExecResult,
    OutputLimitExceededError,
    SandboxConnection,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    sandboxenv,
)  # fmt: skip

from offswitch_sandbox import containers
from offswitch_sandbox.bubblewrap import Keepers, NamespaceWitness
from offswitch_sandbox.channel import NoAnswer
from offswitch_sandbox.compose_file import plan_of, read_plan
from offswitch_sandbox.containers import Container, Containers, ContainerWitness
from offswitch_sandbox.engine import follow_engine
from offswitch_sandbox.limiter import Limiter
from offswitch_sandbox.machine import COMPOSE, MachineError
from offswitch_sandbox.wire import Wire
from offswitch_sandbox.witness import Witness

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "Dockerfile")
FILE_WAIT_S = 300
SLACK_S = 30
_ERRORS: dict[str, type[Exception]] = {
    "FileNotFoundError": FileNotFoundError,
    "IsADirectoryError": IsADirectoryError,
    "NotADirectoryError": NotADirectoryError,
    "PermissionError": PermissionError,
    "LookupError": SandboxUserUnsupportedError,
}


class WiredEnvironment(SandboxEnvironment):
    """A machine behind a wire, which a trial may also use directly: with evidence in each reply."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire
        # Also where Inspect is told not to clean up: its place is free when nobody has the machine any more.
        self.give_up_place = weakref.finalize(self, _limiter().release)

    @property
    @abstractmethod
    def witness(self) -> Witness:
        """Who sees the machine from outside."""

    @abstractmethod
    def another(self) -> AbstractAsyncContextManager[tuple[Wire, Witness]]:
        """A fresh machine of the same kind, for as long as the context lasts; it takes no place of the limiter's."""

    # Inspect counts these parameters.
    async def exec(
        self,
        cmd: list[str],
        input: str | bytes | None = None,  # noqa: A002
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        user: str | None = None,
        timeout: int | None = None,  # noqa: ASYNC109
        timeout_retry: bool = True,
        concurrency: bool = True,
    ) -> ExecResult[str]:
        """See SandboxEnvironment."""
        order = {
            "command": cmd, "cwd": cwd, "env": env, "user": user or self._default_user, "timeout_s": timeout,
            "input": _encoded(input or b""),
        }  # fmt: skip
        done = await self._ask("exec", order, float("inf") if timeout is None else timeout + SLACK_S)
        out, err = (_text(done[name]) for name in ("stdout", "stderr"))
        if done.get("timed_out"):
            error = TimeoutError(f"stopped after {timeout} seconds")
            error.truncated_output = out + err  # pyright: ignore[reportAttributeAccessIssue] - Inspect reads it
            raise error
        return ExecResult(done["status"] == 0, done["status"], out, err)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """See SandboxEnvironment."""
        order = {"path": file, "data": _encoded(contents), "user": self._default_user}
        await self._ask("write", order, FILE_WAIT_S)

    @overload
    async def read_file(self, file: str, text: Literal[True] = True) -> str: ...

    @overload
    async def read_file(self, file: str, text: Literal[False]) -> bytes: ...

    async def read_file(self, file: str, text: bool = True) -> str | bytes:
        """See SandboxEnvironment."""
        limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        found = await self._ask("read", {"path": file, "size_max": limit}, FILE_WAIT_S)
        if "data" not in found:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None)
        data = base64.b64decode(found["data"])
        return data.decode() if text else data

    def default_polling_interval(self) -> float:
        """See SandboxEnvironment."""
        return 0.2

    @property
    def _default_user(self) -> str | None:
        return None

    async def _ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        try:
            return await self.wire.ask(verb, order, wait_s)
        except NoAnswer as error:
            raise _ERRORS.get(error.kind, SandboxUnavailableError)(str(error)) from error

    @classmethod
    def default_concurrency(cls) -> int | None:
        """None: where a provider names a limit, Inspect lets every sample sleep for up to a second."""
        return None


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
    def is_docker_compatible(cls) -> bool:
        """See SandboxEnvironment."""
        return True

    @classmethod
    async def task_init(cls, task_name: str, config: SandboxEnvironmentConfigType | None) -> None:
        """Builds or finds the image, and clears away what earlier programs left when they were killed."""
        with _told_by_inspect():
            await anyio.to_thread.run_sync(follow_engine)
            await anyio.to_thread.run_sync(containers.remove_abandoned)
            await anyio.to_thread.run_sync(_containers, config)

    @classmethod
    async def sample_init(
        cls, task_name: str, config: SandboxEnvironmentConfigType | None, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """See SandboxEnvironment."""
        made = _containers(config)
        async with _limiter().place():
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
                print(f"{containers.remove_all()} containers removed")
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
    def is_docker_compatible(cls) -> bool:
        """See SandboxEnvironment; it is given a task's compose file so that it can refuse any but its own."""
        return True

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
        async with _limiter().place():
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


@cache
def _limiter() -> Limiter:
    return Limiter()


_made: dict[str, Containers] = {}


def _containers(config: SandboxEnvironmentConfigType | None) -> Containers:
    """Machines of a configuration: a compose file, a Dockerfile, or what stands in one; this project's without."""
    if isinstance(config, ComposeConfig):
        key, read = (
            config.model_dump_json(),
            lambda: plan_of(config.model_dump(by_alias=True, exclude_none=True), "the task's sandbox"),
        )
    elif config is None or isinstance(config, str):
        key, read = str(config), lambda: read_plan(Path(config) if isinstance(config, str) else COMPOSE)
    else:
        raise MachineError(f"the offswitch provider takes a compose file, not a {type(config).__name__}")
    if key not in _made:
        _made[key] = Containers(read())
    return _made[key]


def _encoded(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def _text(data: str) -> str:
    return base64.b64decode(data).decode("utf-8", "replace")
