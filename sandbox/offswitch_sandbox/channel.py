"""How orders get to a machine's service and answers come back."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import anyio

SERVICE = ("/usr/bin/python3", "-I", "-S", "/usr/libexec/questiond")
JOURNAL = "/var/lib/questiond/journal"


class NoAnswer(RuntimeError):
    """Nothing whole came back; says why, as far as that is known."""

    def __init__(self, why: str, kind: str = "") -> None:
        super().__init__(why)
        self.kind = kind
        """the class of the error in the machine, where the service told of one"""


class Channel(Protocol):
    """The service of one machine."""

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        """The service's answer to an order; NoAnswer where none comes within wait_s seconds."""
        ...

    async def last_journal(self) -> list[dict[str, Any]] | None:
        """The desk's log after the machine has ended, None where it cannot be had."""
        ...


class Provider(Protocol):
    """The part of Inspect's sandbox interface that is used here; see inspect_ai.util.SandboxEnvironment."""

    @property
    def exec(self) -> Callable[..., Awaitable[Any]]:
        """Runs a command in the machine."""
        ...

    @property
    def read_file(self) -> Any:
        """Reads a file of the machine."""
        ...


class InterfaceChannel:
    """Through Inspect's sandbox interface alone, with a command for every order: works with any provider."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        """See Channel."""
        try:
            with anyio.fail_after(wait_s):
                result = await self._provider.exec(
                    [*SERVICE, verb], input=json.dumps(order), cwd="/", user="root", timeout_retry=False
                )
        except Exception as error:  # each provider has errors of its own for a machine that is gone
            raise NoAnswer(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        try:
            return told(json.loads(result.stdout.splitlines()[1]))
        except (IndexError, ValueError) as error:
            # Nothing came back, or only part of it: a machine that ended in mid-reply.
            raise NoAnswer(" ".join(result.stderr.split())[-200:] or "no whole reply") from error

    async def last_journal(self) -> list[dict[str, Any]] | None:
        """See Channel."""
        try:
            data = await self._provider.read_file(JOURNAL, text=False)
            return [json.loads(line) for line in data.rstrip(b"\0").splitlines()]
        except Exception:  # noqa: BLE001 - see ask
            return None


def told(message: dict[str, Any]) -> dict[str, Any]:
    """What an answering message says; NoAnswer where it says that there is none."""
    if "answer" not in message:
        raise NoAnswer(message["error"], message["kind"])
    return message["answer"]
