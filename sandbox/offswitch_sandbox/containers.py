"""Machines in containers, through the Docker Engine's API, without starting any process on this side."""

import hashlib
import io
import logging
import tarfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from docker.errors import BuildError, DockerException, ImageNotFound

from offswitch_sandbox.attachment import connection_of
from offswitch_sandbox.compose_file import Build, Plan, read_plan
from offswitch_sandbox.engine import Engine, EngineAwayError, engine
from offswitch_sandbox.machine import COMPOSE, MachineError
from offswitch_sandbox.runner import RUNNER, runner
from offswitch_sandbox.wire import SILENCE_S, Frames, RunningMachine, Wire
from offswitch_sandbox.witness import MachineEnd

logger = logging.getLogger(__name__)
SERVICE = Path(__file__).parent / "image" / "questiond"
SERVE = ["python3", "-I", "-S", "/usr/libexec/questiond", "serve"]
EVENT_WAIT_S = 10.0
ENGINE_WAIT_S = 60.0
DELEGATE = (
    "machines run without that limit. An engine without root needs the controllers delegated: "
    "https://docs.docker.com/engine/security/rootless/#limiting-resources"
)
BUILD_LINES, BUILD_CHARACTERS = 3, 600
"""how much of a builder's output an error message quotes, from the end, where the reason stands"""
BUILDER_STEPS = ("Step ", "STEP ", " ---> ", "--> ", "Removing intermediate")


@dataclass(frozen=True, kw_only=True)
class Container(RunningMachine):
    """A container. Its connection closes when it ends, and the engine says that it ended, and why."""

    id: str

    async def end(self, until: float) -> MachineEnd:
        """See Witness."""
        closed = await self.wire.until_closed(until)
        try:
            at = await anyio.to_thread.run_sync(engine)
        except MachineError:
            return MachineEnd("engine", alive=None)
        if not closed and not at.has_ended(self.id):
            return MachineEnd("engine", alive=True)
        await self.wire.until_closed(time.time() + 3 * SILENCE_S)  # what it said last may still be on its way
        return await anyio.to_thread.run_sync(at.end_in_events, self.id, EVENT_WAIT_S)

    async def remove(self) -> None:
        """See RunningMachine."""
        self.wire.close()
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(remove, self.id)


class Containers:
    """Makes containers of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._away_since: float | None = None
        at = engine()
        self.image = _image(at, plan)
        image = at.api.inspect_image(self.image)["Config"]
        self._unlimited = [*at.abilities.missing_limits(plan.host_config)]
        self._agent = plan.agent
        self._config = _config(replace(plan, host_config=at.abilities.adapt(plan.host_config)), image)

    async def make(self) -> Container:
        """A new machine; MachineError if the engine refuses, or does not answer for ENGINE_WAIT_S seconds."""
        while True:
            try:
                # A call in a thread is not cancelled, so the caller always gets a made machine and can remove it.
                made = await anyio.to_thread.run_sync(self._make)
                self._away_since = None
                return made
            except EngineAwayError:
                # It may be restarting. Without a wait, all remaining trials would fail at once.
                self._away_since = self._away_since or time.monotonic()
                if time.monotonic() > self._away_since + ENGINE_WAIT_S:
                    raise
                await anyio.sleep(1)
            except MachineError as error:
                if not self._gave_up_cpu_limit(str(error)):
                    raise

    @property
    def warning(self) -> str | None:
        """Which limits these machines lack, for the user; may become known only when one has been made."""
        if not self._unlimited:
            return None
        return f"the Docker Engine cannot limit {', '.join(self._unlimited)} here; {DELEGATE}"

    def _gave_up_cpu_limit(self, refusal: str) -> bool:
        """Drops the CPU limit if the engine refused a machine for it, though it had claimed support; whether it did."""
        if "cpu" not in refusal.lower() or "NanoCpus" not in self._config["HostConfig"]:
            return False
        del self._config["HostConfig"]["NanoCpus"]
        self._unlimited.append("CPU time")
        logger.warning(self.warning)
        return True

    def _make(self) -> Container:
        at = engine()
        api, made = at.api, ""
        try:
            made = api.create_container_from_config({**self._config, "Image": self.image})["Id"]
            if "questiond" not in self._config["Labels"]:
                api.put_archive(made, "/usr/libexec", _packed(SERVICE))
            attached = api.attach_socket(made, {"stdin": 1, "stdout": 1, "stream": 1})
            wire = Wire(connection_of(attached), Frames(), partial(at.has_ended, made))
            api.start(made)
        except (DockerException, OSError) as error:
            if made:
                remove(made)
            kind = MachineError if isinstance(error, DockerException) else EngineAwayError
            raise kind(f"the Docker Engine made no machine of {self.image} ({_first_line(error)})") from error
        return Container(wire, self._config["Entrypoint"][-1], self._agent, id=made)


def remove(identifier: str) -> None:
    """Removes a container if it is still there."""
    at = engine()
    with suppress(DockerException, OSError):  # the engine is removing it already, or has ended itself
        at.api.remove_container(identifier, force=True, v=True)
    at.forget(identifier)


def _config(plan: Plan, image: dict[str, Any]) -> dict[str, Any]:
    """The plan as the engine takes it. The first process is our service, which starts the plan's own command."""
    entrypoint: list[str] = plan.config.get("Entrypoint") or image.get("Entrypoint") or []
    replaced = "Entrypoint" in plan.config and "Cmd" not in plan.config
    command: list[str] = plan.config.get("Cmd") or ([] if replaced else image.get("Cmd")) or []
    owner = plan.config.get("User") or image.get("User") or "root"
    if not [*entrypoint, *command]:
        raise MachineError("the image has no command, so its container would end at once; set one in the compose file")
    return {
        **plan.config,
        "User": "0:0",
        "Entrypoint": [*SERVE, owner],
        "Cmd": [*entrypoint, *command],
        "OpenStdin": True,
        "StdinOnce": True,
        # The machine's network is its own and empty either way. With this the engine starts no program to set it
        # up, which took more CPU time than all of a trial's commands.
        "NetworkDisabled": plan.host_config.get("NetworkMode") == "none",
        "AttachStdin": True,
        "AttachStdout": True,
        "Labels": {**(image.get("Labels") or {}), RUNNER: runner()},
        # A machine ends by itself when its runner is gone; with AutoRemove the engine then removes it.
        "HostConfig": {"AutoRemove": True, "LogConfig": {"Type": "none"}, "Init": False, **plan.host_config},
    }


def _first_line(error: Exception) -> str:
    return str(getattr(error, "explanation", None) or error).splitlines()[0]


def image_name(plan: Plan) -> str:
    """The image's name. That of a built image contains a digest of its files, so that no older one is used."""
    return plan.image if plan.build is None else f"{plan.image}-{_digest(plan.build)[:12]}"


def _image(at: Engine, plan: Plan) -> str:
    """The image's name, after pulling or building it if needed; MachineError if that fails."""
    name = image_name(plan)
    try:
        try:
            at.client.images.get(name)
        except ImageNotFound:
            if plan.build is None:
                at.client.images.pull(name)
            else:
                build = plan.build
                _build_base(at, build)
                at.client.images.build(
                    path=str(build.context), dockerfile=build.dockerfile, buildargs=dict(build.args), tag=name, rm=True
                )
    except (BuildError, DockerException, OSError, TypeError) as error:
        raise MachineError(f"the image {name} cannot be had ({_words(error)}); {_way_out(plan)}") from error
    return name


def _build_base(at: Engine, build: Build) -> None:
    """Builds the project's own image first if this build is based on it; it is in no registry."""
    own = read_plan(COMPOSE)
    if image_name(own) in build.args.values():
        _image(at, own)


def _words(error: Exception) -> str:
    """The engine's error, after the last lines that a failed build printed."""
    entries: Any = error.build_log if isinstance(error, BuildError) else ()
    printed = "".join(str(entry.get("stream") or "") for entry in entries).splitlines()
    told = [line.strip() for line in printed if line.strip() and not line.startswith(BUILDER_STEPS)]
    return " / ".join([*told[-BUILD_LINES:], _first_line(error)])[-BUILD_CHARACTERS:]


def _way_out(plan: Plan) -> str:
    if plan.build is None:
        return "pull or build it yourself"
    if plan.build.context != COMPOSE.parent / "image":
        return f"mend {plan.build.context / plan.build.dockerfile}, or what it needs of the network"
    return "set OFFSWITCH_BASE to a base image that is there, or use --sandbox bubblewrap, which needs no image"


def _digest(build: Build) -> str:
    found = hashlib.sha256(repr((build.dockerfile, sorted(build.args.items()))).encode())
    if build.digest is not None:
        found.update(build.digest.encode())
        return found.hexdigest()
    for path in sorted(p for p in build.context.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        found.update(f"{path.relative_to(build.context)}\0{path.stat().st_mode:o}\0".encode() + path.read_bytes())
    return found.hexdigest()


def _packed(directory: Path) -> bytes:
    """The directory as a tar archive that only root can open."""

    def closed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        member.uid = member.gid = 0
        member.mode = 0o700 if member.isdir() else 0o600
        skipped = {"__pycache__", "home"} & set(Path(member.name).parts)
        return None if skipped else member

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        archive.add(directory, directory.name, filter=closed)
    return data.getvalue()


def remove_all_of(is_meant: Callable[[str], bool]) -> int:
    """Removes all machines whose runner's label (see runner.py) satisfies `is_meant`; returns how many."""
    found: list[dict[str, Any]] = engine().api.containers(all=True, filters={"label": RUNNER})
    meant = [container["Id"] for container in found if is_meant(container["Labels"][RUNNER])]
    for identifier in meant:
        remove(identifier)
    return len(meant)
