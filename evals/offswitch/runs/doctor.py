"""What works on this host, tried out, with the remedy for what does not."""

import os
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import anyio

from offswitch_sandbox import COMPOSE, MachineError
from offswitch_sandbox.bubblewrap import Keepers
from offswitch_sandbox.channel import NoAnswer
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import Containers, image_name
from offswitch_sandbox.engine import engine
from offswitch_sandbox.wire import Wire

PROVIDERS = ("openai", "anthropic", "google", "mistral", "grok", "together", "openrouter")
KEYS = {**{f"{name.upper()}_API_KEY": f"{name}/..." for name in PROVIDERS}, "HF_TOKEN": "hf/..."}
PROBES = 5
NAMESPACES = (
    "namespaces for everybody may be forbidden: try `sysctl kernel.unprivileged_userns_clone=1`, on Ubuntu "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`, in a container a seccomp profile that allows them"
)
UNGROUPED = "memory limited for each process alone, and not for the machine: only root may make a control group"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at."""

    what: str
    works: bool
    """whether it does what it is there for"""
    told: str
    """what was seen; where it does not work, what to do"""
    needed: bool = False
    """trials can run where one of the needed things works"""


def examine() -> list[Diagnosis]:
    """Every finding; makes a machine of each kind and removes it again."""
    return [
        Diagnosis("Inspect", True, f"version {version('inspect-ai')}"),
        _engine(),
        _image(),
        _tried("machines: offswitch", _container, "start a Docker Engine, or set DOCKER_HOST"),
        _tried("machines: bubblewrap", _namespace, NAMESPACES),
        _compose(),
        *_keys(),
    ]


def _engine() -> Diagnosis:
    try:
        found = engine()
    except MachineError as error:
        return Diagnosis("Docker Engine", False, str(error))
    told: Any = found.api.version()
    return Diagnosis("Docker Engine", True, f"version {told['Version']} ({told['Os']}/{told['Arch']})")


def _image() -> Diagnosis:
    name = image_name(read_plan(COMPOSE))
    try:
        there = bool(engine().api.images(name))
    except MachineError:
        return Diagnosis("image", False, f"{name}: needs a Docker Engine; bubblewrap needs none")
    return Diagnosis("image", there, name if there else f"{name} is built when it is first needed, from a Debian image")


def _tried(what: str, try_out: Callable[[], Awaitable[str]], remedy: str) -> Diagnosis:
    try:
        return Diagnosis(what, True, anyio.run(try_out), needed=True)
    except (MachineError, NoAnswer) as error:
        return Diagnosis(what, False, f"{error}; {remedy}", needed=True)


async def _container() -> str:
    made = Containers(read_plan(COMPOSE))
    began = time.time()
    container = await made.make()
    try:
        return await _timed(container.wire, began)
    finally:
        await container.remove()


async def _namespace() -> str:
    with closing(Keepers()) as keepers:
        began = time.time()
        with closing((await keepers.make()).wire) as wire:
            how = "memory and processes limited by a control group" if wire.facts["made"]["grouped"] else UNGROUPED
            return f"{await _timed(wire, began)}; {how}"


async def _timed(wire: Wire, began: float) -> str:
    """How long a machine takes to be made and to answer."""
    order = {"command": ["/bin/true"]}
    await wire.ask("exec", order, 30)
    made = time.time()
    for _ in range(PROBES):
        await wire.ask("exec", order, 30)
    return f"made in {1000 * (made - began):.0f} ms, a command takes {1000 * (time.time() - made) / PROBES:.1f} ms"


def _compose() -> Diagnosis:
    what = "docker compose, for --sandbox docker"
    docker = shutil.which("docker")
    words = ("compose", "version", "--short")
    done = docker and subprocess.run([docker, *words], capture_output=True, text=True, check=False)
    if not done or done.returncode != 0:
        return Diagnosis(what, False, "not there; offswitch and bubblewrap do without")
    return Diagnosis(what, True, f"version {done.stdout.strip()}")


def _keys() -> list[Diagnosis]:
    """Whether keys are set; never what they are."""
    there = {name: model for name, model in KEYS.items() if os.environ.get(name)}
    found = [Diagnosis(f"key {name}", True, f"set, for --model {model}") for name, model in there.items()]
    return found or [Diagnosis("model keys", False, f"none of {', '.join(KEYS)} is set; scripted agents need none")]
