"""The Docker Engine as a witness.

The engine knows whether a container runs, with which exit code it ended, and whether somebody
outside killed it or the kernel ran out of memory. Its events are followed from before the
first machine starts, because the engine itself keeps only the last 256 of them.
"""

import threading
import time
from collections import defaultdict
from datetime import datetime
from functools import partial
from typing import Any

import anyio.to_thread
import docker
from docker.errors import DockerException

from offswitch_sandbox.engine_abilities import abilities_of
from offswitch_sandbox.engine_address import engine_address, reason, remedy
from offswitch_sandbox.machine import MachineError
from offswitch_sandbox.witness import MachineEnd

EVENTS = ("kill", "oom", "die", "died")
"""events to subscribe to; for a container's end, podman knows only `died`, but reports it as `die`"""
ANSWER_WAIT_S = 120
_POLL_S = 0.05
_EVENT_WAIT_S = 5.0
_NS = 1e9


class EngineAwayError(MachineError):
    """No engine answers, or it stopped in the middle of an answer."""


class EngineWitness:
    """Watches one container of the local Docker Engine."""

    def __init__(self, container: str) -> None:
        self._engine = engine()
        self._id = str(self._engine.client.containers.get(container).id)

    async def end(self, until: float) -> MachineEnd:
        """See Witness."""
        return await anyio.to_thread.run_sync(partial(self._engine.end, self._id, until))


def is_of_image(container: str, image: str) -> bool:
    """Whether a container was made from the image of this name."""
    return engine().client.containers.get(container).attrs["Config"]["Image"] == image


class Engine:
    """One Docker Engine, and the events in which it reports containers that are killed or end.

    before: the same one, whose stream of events has broken; what it told still counts, and what came since is asked.
    """

    def __init__(self, before: "Engine | None" = None) -> None:
        address = engine_address()
        try:
            tls: Any = address.tls or False
            self.client = docker.DockerClient(base_url=address.url, timeout=ANSWER_WAIT_S, tls=tls)
            self.client.ping()
            info = self.client.info()
            self.abilities = abilities_of(info, self.client.version())
            self._told_until = before._told_until if before else _time_of(info)
            stream = self.client.events(
                since=self._told_until, filters={"type": "container", "event": list(EVENTS)}, decode=True
            )
        except (DockerException, OSError) as error:
            raise EngineAwayError(
                f"the Docker Engine does not answer ({address.chosen_by}: {reason(error)}); {remedy(address, error)}"
            ) from error
        self.api: Any = self.client.api
        self._events: defaultdict[str, dict[str, Any]] = before._events if before else defaultdict(dict)
        """container -> the first event of each kind, by its action"""
        self._came = before._came if before else threading.Condition()
        self.following = True
        threading.Thread(target=self._follow, args=(stream,), daemon=True).start()

    def _follow(self, stream: Any) -> None:
        try:
            for event in stream:
                with self._came:
                    self._events[event["Actor"]["ID"]].setdefault(event["Action"], event)
                    self._told_until = event["time"]
                    self._came.notify_all()
        finally:
            # Without the stream, nobody learns why a machine ended.
            with self._came:
                self.following = False
                self._came.notify_all()

    def forget(self, container: str) -> None:
        """Drops the events of a container."""
        with self._came:
            self._events.pop(container, None)

    def end(self, container: str, until: float) -> MachineEnd:
        """See Witness; asks the engine, which knows a container until it is removed."""
        while True:
            try:
                state = self.api.inspect_container(container)["State"]
            except (DockerException, OSError):
                return MachineEnd("engine", alive=None)
            if not state["Running"] and state["Status"] in ("exited", "dead"):
                self.wait_for_end(container, _EVENT_WAIT_S)
                at = datetime.fromisoformat(state["FinishedAt"]).timestamp()
                return self._account(container, at, state["ExitCode"])
            if time.time() >= until:
                return MachineEnd("engine", alive=True)
            time.sleep(_POLL_S)

    def has_ended(self, container: str) -> bool:
        """Whether an event of its end has come, of a container that was not removed here."""
        with self._came:
            return "die" in self._events.get(container, ())

    def end_in_events(self, container: str, wait_s: float) -> MachineEnd:
        """A container's end from the engine's events alone; alive is None if no event comes within wait_s seconds."""
        event = self.wait_for_end(container, wait_s)
        if event is None:
            return MachineEnd("engine", alive=None)
        return self._account(container, event["timeNano"] / _NS, int(event["Actor"]["Attributes"]["exitCode"]))

    def wait_for_end(self, container: str, wait_s: float) -> dict[str, Any] | None:
        """The event of a container's end, after the events that led to it; None if none comes within wait_s seconds."""
        with self._came:
            self._came.wait_for(lambda: not self.following or "die" in self._events.get(container, ()), wait_s)
            return self._events.get(container, {}).get("die")

    def _account(self, container: str, at: float, exit_code: int) -> MachineEnd:
        events = self._events.get(container, {})
        killed, oom = (action in events if "die" in events else None for action in ("kill", "oom"))
        oom = oom or None if not self.abilities.tells_of_memory else oom
        return MachineEnd("engine", False, at, exit_code, killed, oom)


def _time_of(info: dict[str, Any]) -> int | None:
    """The engine's own time in seconds since the epoch; None if it does not say."""
    return int(datetime.fromisoformat(info["SystemTime"]).timestamp()) if info.get("SystemTime") else None


def engine() -> Engine:
    """The engine that the docker command line would use; connects again if its stream of events has broken.

    MachineError with a remedy if none answers.
    """
    global _current
    with _making:
        if _current is None or not _current.following:
            _current = Engine(_current)
        return _current


_current: Engine | None = None
_making = threading.Lock()
