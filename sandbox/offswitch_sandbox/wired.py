"""What the project's sandboxes of Inspect have in common: a machine behind a wire."""

import base64
import weakref
from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Literal, overload

from inspect_ai.util import (
    ExecResult,
    OutputLimitExceededError,
    SandboxEnvironment,
    SandboxEnvironmentLimits,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
)  # fmt: skip

from offswitch_sandbox.channel import NoAnswer
from offswitch_sandbox.limiter import Limiter
from offswitch_sandbox.wire import Wire
from offswitch_sandbox.witness import Witness

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
        self.give_up_place = weakref.finalize(self, limiter().release)

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
    def is_docker_compatible(cls) -> bool:
        """See SandboxEnvironment; who cannot honour a task's compose file is given it all the same, to refuse it."""
        return True

    @classmethod
    def default_concurrency(cls) -> int | None:
        """None: where a provider names a limit, Inspect lets every sample sleep for up to a second."""
        return None


@cache
def limiter() -> Limiter:
    """The one of this program, for machines of both kinds together."""
    return Limiter()


def _encoded(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def _text(data: str) -> str:
    return base64.b64decode(data).decode("utf-8", "replace")
