"""The common part of the project's sandbox providers for Inspect: a machine behind a wire."""

import base64
import weakref
from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentConfigType,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)  # fmt: skip

from offswitch_sandbox.channel import ANSWER_WAIT_S, NoAnswer
from offswitch_sandbox.inspect_requests import ModelRequests
from offswitch_sandbox.inspect_tools import InspectTools, polling_interval
from offswitch_sandbox.limiter import Limiter
from offswitch_sandbox.machine import decoded
from offswitch_sandbox.own_user import without_own_user
from offswitch_sandbox.wire import RunningMachine

Config = SandboxEnvironmentConfigType | None
FILE_WAIT_S = 300
AGENT_NAME = "user"
"""what the agent's user is called in the machine"""
POLLING_S = 0.2
_ERRORS: dict[str, type[Exception]] = {
    "FileNotFoundError": FileNotFoundError,
    "IsADirectoryError": IsADirectoryError,
    "NotADirectoryError": NotADirectoryError,
    "PermissionError": PermissionError,
    "LookupError": SandboxUserUnsupportedError,
}


class WiredEnvironment(SandboxEnvironment):
    """A machine behind a wire. A trial may also use the machine directly, which gives evidence in each reply."""

    def __init__(self, config: Config, machine: RunningMachine) -> None:
        super().__init__()
        self.machine = machine
        self._config = config
        self._tools = InspectTools(machine.wire.ask)
        self._requests = ModelRequests(waits=bool(machine.agent))
        # Frees the place even if Inspect is told not to clean up, once nothing refers to this object any more.
        self.give_up_place = weakref.finalize(self, limiter().release)

    @classmethod
    @abstractmethod
    async def make(cls, config: Config) -> RunningMachine:
        """A new machine of a configuration; MachineError if it cannot be made."""

    @asynccontextmanager
    async def another(self) -> AsyncGenerator[RunningMachine]:
        """A fresh machine of the same kind, removed at the end of the context; the limiter does not count it."""
        machine = await self.make(self._config)
        try:
            yield machine
        finally:
            await machine.remove()

    @classmethod
    async def sample_init(
        cls, task_name: str, config: Config, metadata: dict[str, str]
    ) -> dict[str, SandboxEnvironment]:
        """See SandboxEnvironment."""
        async with limiter().place():
            return {"default": cls(config, await cls.make(config))}

    @classmethod
    async def sample_cleanup(
        cls, task_name: str, config: Config, environments: dict[str, SandboxEnvironment], interrupted: bool
    ) -> None:
        """See SandboxEnvironment."""
        for environment in environments.values():
            wired = environment.as_type(cls)
            await wired.machine.remove()
            wired.give_up_place()

    # Inspect checks the number of these parameters.
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
        agent = self.machine.agent
        if agent and user not in (None, agent, AGENT_NAME):
            raise SandboxUserUnsupportedError(f"commands run in this machine as its agent's user alone, not as {user}")
        input = without_own_user(cmd, input, agent)  # noqa: A001
        if agent and (told := await self._told_by_tools(cmd, input, user)):
            return told
        order = {
            "command": cmd, "cwd": cwd, "env": env, "user": self._named(user), "timeout_s": timeout,
            "input": _encoded(input or b""), **self._requests.order(cmd),
        }  # fmt: skip
        async with self._requests.turn(cmd):
            done = await self._ask("exec", order, float("inf") if timeout is None else timeout + ANSWER_WAIT_S)
        out, err = (decoded(done[name]) for name in ("stdout", "stderr"))
        if done.get("timed_out"):
            error = TimeoutError(f"stopped after {timeout} seconds")
            error.truncated_output = out + err  # pyright: ignore[reportAttributeAccessIssue] - Inspect reads it
            raise error
        return self._requests.told(cmd, ExecResult(done["status"] == 0, done["status"], out, err))

    async def _told_by_tools(
        self, command: list[str], given: str | bytes | None, user: str | None
    ) -> ExecResult[str] | None:
        try:
            return await self._tools.answer(command, given, self._named(user))
        except NoAnswer as error:
            raise SandboxUnavailableError(str(error)) from error

    def _named(self, user: str | None = None) -> str | None:
        """The user that an order names; none if the machine has one user only."""
        return self.machine.owner and (self.machine.agent or user or self.machine.owner)

    async def write_file(self, file: str, contents: str | bytes) -> None:
        """See SandboxEnvironment."""
        order = {"path": file, "data": _encoded(contents), "user": self._named()}
        await self._ask("write", order, FILE_WAIT_S)

    async def read_file(self, file: str, text: bool = True) -> Any:
        """See SandboxEnvironment."""
        limit = SandboxEnvironmentLimits.MAX_READ_FILE_SIZE
        answer = await self._ask("read", {"path": file, "size_max": limit}, FILE_WAIT_S)
        if "data" not in answer:
            raise OutputLimitExceededError(SandboxEnvironmentLimits.MAX_READ_FILE_SIZE_STR, None)
        data = base64.b64decode(answer["data"])
        return data.decode() if text else data

    def default_polling_interval(self) -> float:
        """See SandboxEnvironment."""
        return polling_interval(POLLING_S) if self.machine.agent else POLLING_S

    async def _ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        try:
            return await self.machine.wire.ask(verb, order, wait_s)
        except NoAnswer as error:
            raise _ERRORS.get(error.kind, SandboxUnavailableError)(str(error)) from error

    @classmethod
    def is_docker_compatible(cls) -> bool:
        """See SandboxEnvironment; True, so that a provider also gets compose files that it must refuse."""
        return True


@cache
def limiter() -> Limiter:
    """This program's only limiter, for machines of both kinds together."""
    return Limiter()


def _encoded(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()
