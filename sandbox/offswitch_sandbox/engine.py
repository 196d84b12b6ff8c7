"""The Docker Engine as a witness.

The engine knows whether a container lives, with which code it ended, and whether somebody
outside killed it or the kernel ran out of memory. Its events are followed from before the
first machine starts, because the engine itself remembers only the last 256 of them.
"""

import os
import threading
import time
from collections import defaultdict
from datetime import datetime
from functools import cache, partial
from typing import Any

import anyio.to_thread
import docker
from docker.errors import DockerException

from offswitch_sandbox.machine import MachineError
from offswitch_sandbox.witness import MachineEnd

EVENTS = ("kill", "oom", "die")
_POLL_S = 0.05
_EVENT_WAIT_S = 5.0


class EngineWitness:
    """Watches one container of the local Docker Engine."""

    def __init__(self, container: str) -> None:
        self._engine = _engine()
        self._id = self._engine.identify(container)

    async def end(self, until: float) -> MachineEnd:
        """See Witness."""
        return await anyio.to_thread.run_sync(partial(self._engine.end, self._id, until))


class _Engine:
    def __init__(self) -> None:
        try:
            self._client = docker.DockerClient(base_url=_engine_address())
            self._client.ping()
            stream = self._client.events(filters={"type": "container", "event": list(EVENTS)}, decode=True)
        except (DockerException, OSError) as error:
            raise MachineError(f"the Docker Engine does not answer ({error}); start it, or set DOCKER_HOST") from error
        self._events: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.following = True
        threading.Thread(target=self._follow, args=(stream,), daemon=True).start()

    def _follow(self, stream: Any) -> None:
        try:
            for event in stream:
                self._events[event["Actor"]["ID"]].append(event)
        finally:
            # Whatever breaks the stream, from here on nobody knows why a machine ended.
            self.following = False

    def identify(self, container: str) -> str:
        return str(self._client.containers.get(container).id)

    def end(self, container: str, until: float) -> MachineEnd:
        while True:
            try:
                state = self._state(container)
            except (DockerException, OSError):
                return MachineEnd("engine", alive=None)
            if not state["Running"] and state["Status"] in ("exited", "dead"):
                return self._account(container, state)
            if time.time() >= until:
                return MachineEnd("engine", alive=True)
            time.sleep(_POLL_S)

    def _state(self, container: str) -> dict[str, Any]:
        api: Any = self._client.api
        return api.inspect_container(container)["State"]

    def _account(self, container: str, state: dict[str, Any]) -> MachineEnd:
        # `die` comes after the events that led to it, so once it is here the list is whole.
        deadline = time.monotonic() + _EVENT_WAIT_S
        while self.following and not self._seen(container, "die") and time.monotonic() < deadline:
            time.sleep(_POLL_S / 10)
        whole = self._seen(container, "die")
        return MachineEnd(
            "engine",
            alive=False,
            at=datetime.fromisoformat(state["FinishedAt"]).timestamp(),
            exit_code=state["ExitCode"],
            killed_from_outside=self._seen(container, "kill") if whole else None,
            out_of_memory=self._seen(container, "oom") if whole else None,
        )

    def _seen(self, container: str, action: str) -> bool:
        return any(event["Action"] == action for event in self._events[container])


def follow_engine() -> None:
    """Starts to follow the engine's events; MachineError with the remedy where none answers."""
    _engine()


@cache
def _engine() -> _Engine:
    return _Engine()


def _engine_address() -> str | None:
    """Where the docker command line would go: DOCKER_HOST, else its current context."""
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    context = docker.ContextAPI.get_current_context()
    return context.Host
