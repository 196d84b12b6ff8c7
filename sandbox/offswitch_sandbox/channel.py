"""Sends orders to a machine's service and returns its answers."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import anyio

SERVICE = ("/usr/bin/python3", "-I", "-S", "/usr/libexec/questiond")
JOURNAL = "/var/lib/questiond/journal"
ANSWER_WAIT_S = 120.0
"""how long a machine may take for an order beyond the order's own time

A machine that ends is known by its connection, at once. So this is long: a host may be so busy that starting Python
takes it half a minute, and a trial must not fail by that.
"""


class NoAnswer(RuntimeError):
    """The service gave no complete answer, or an error; says why, as far as that is known."""

    def __init__(self, why: str, kind: str = "") -> None:
        super().__init__(why)
        self.kind = kind
        """the class of the error in the machine, if the service reported one"""


class LastJournal(NamedTuple):
    """The desk's log after the machine has ended."""

    lines: list[dict[str, Any]]
    is_whole: bool
    """nothing can be missing at its end"""


class Channel(Protocol):
    """The service of one machine."""

    facts: dict[str, Any]
    """what the service has reported of the machine without being asked"""

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        """The service's answer to an order; NoAnswer if none comes within wait_s seconds."""
        ...

    async def last_journal(self) -> LastJournal | None:
        """The desk's log after the machine has ended; None if it cannot be read."""
        ...


class Provider(Protocol):
    """The part of Inspect's sandbox interface that is used here; see inspect_ai.util.SandboxEnvironment."""

    exec: Callable[..., Any]
    read_file: Any


class InterfaceChannel:
    """Uses Inspect's sandbox interface alone, with one command for each order, so it works with any provider.

    A provider may restart a machine that has ended. Every answer names the boot in which it was given; answers
    from any boot but the first are refused.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._boot: str | None = None
        self._orders = 0
        self.facts: dict[str, Any] = {}
        """always empty: this service reports nothing without being asked"""
        self.started_again: float | None = None
        """when the machine was restarted, seconds since the epoch; None while no restart is known"""

    async def ask(self, verb: str, order: dict[str, Any], wait_s: float) -> dict[str, Any]:
        """See Channel."""
        self._orders += 1
        # Numbered, because a provider may pass an order on twice when a connection breaks.
        words = json.dumps({**order, "number": self._orders})
        try:
            with anyio.fail_after(wait_s):
                result = await self._provider.exec(
                    [*SERVICE, verb], input=words, cwd="/", user="root", timeout_retry=False
                )
        except Exception as error:  # each provider has its own errors for a machine that is gone
            raise NoAnswer(f"{type(error).__name__}: {error}".splitlines()[0]) from error
        try:
            lines = result.stdout.splitlines()
            self._check_life(json.loads(lines[0]))
            return answer_in(json.loads(lines[1]))
        except (IndexError, KeyError, ValueError) as error:
            # No answer or part of one: the machine ended while it replied, or its image has no such service.
            raise NoAnswer(" ".join(result.stderr.split())[-200:] or "no whole reply") from error

    def _check_life(self, life: dict[str, Any]) -> None:
        self._boot = self._boot or life["boot"]
        if life["boot"] != self._boot:
            self.started_again = self.started_again or life["since"]
            raise NoAnswer("the machine ended and was started again")

    async def last_journal(self) -> LastJournal | None:
        """See Channel."""
        try:
            data = await self._provider.read_file(JOURNAL, text=False)
            return LastJournal([json.loads(line) for line in data.rstrip(b"\0").splitlines()], is_whole=True)
        except Exception:  # noqa: BLE001 - see ask
            return None


def answer_in(message: dict[str, Any]) -> dict[str, Any]:
    """The answer in a service's message; NoAnswer if the message is an error."""
    if "answer" not in message:
        raise NoAnswer(message["error"], message["kind"])
    return message["answer"]
