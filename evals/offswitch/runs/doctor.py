"""Tries out what works on this host, and names the remedy for what does not."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from importlib.metadata import version
from typing import Any

import anyio

from offswitch import extras
from offswitch.errors import InputError
from offswitch.runs.directories import check_data_directory
from offswitch_sandbox import COMPOSE, MachineError
from offswitch_sandbox.agents import GIVEN, PROGRAMS, remedy, versions_there
from offswitch_sandbox.compose_file import read_plan
from offswitch_sandbox.containers import image_name
from offswitch_sandbox.engine import engine
from offswitch_sandbox.try_out import TRY_OUTS

PROVIDERS = ("openai", "anthropic", "google", "mistral", "grok", "together", "openrouter")
KEYS = {**{f"{name.upper()}_API_KEY": f"{name}/..." for name in PROVIDERS}, "HF_TOKEN": "hf/..."}


class Need(Enum):
    """Whether trials need something."""

    NONE = auto()
    A_MACHINE = auto()
    """at least one of the things with this need must work"""
    ALWAYS = auto()


@dataclass(frozen=True)
class Diagnosis:
    """The result of one check."""

    what: str
    works: bool
    told: str
    """what was found; if it does not work, what to do"""
    need: Need = Need.NONE


def examine() -> list[Diagnosis]:
    """Runs every check; makes a machine of each kind and removes it again."""
    return [
        Diagnosis("Inspect", True, f"version {version('inspect-ai')}"),
        _data_directory(),
        _engine(),
        *_machines("offswitch"),
        _image(),
        *_machines("bubblewrap"),
        _compose(),
        _packages_of_agents(),
        *agents(),
        *_keys(),
    ]


def can_run(found: Sequence[Diagnosis]) -> bool:
    """Whether trials can run with what was found."""
    always = all(finding.works for finding in found if finding.need is Need.ALWAYS)
    return always and any(finding.works for finding in found if finding.need is Need.A_MACHINE)


def _data_directory() -> Diagnosis:
    try:
        return Diagnosis("Inspect's own files", True, f"in {check_data_directory()}", Need.ALWAYS)
    except InputError as error:
        return Diagnosis("Inspect's own files", False, str(error), Need.ALWAYS)


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


def _machines(provider: str) -> list[Diagnosis]:
    """Whether a provider's machines work, and a finding for each thing that they lack."""
    what = f"machines: {provider}"
    try:
        found = anyio.run(TRY_OUTS[provider])
    except MachineError as error:
        return [Diagnosis(what, False, str(error), Need.A_MACHINE)]
    told = f"made in {1000 * found.made_s:.0f} ms, a command takes {1000 * found.command_s:.1f} ms"
    works = Diagnosis(what, True, "; ".join(filter(None, (told, found.limits))), Need.A_MACHINE)
    return [works, *(Diagnosis(what, False, warning) for warning in found.warnings)]


def _compose() -> Diagnosis:
    what = "docker compose, for --sandbox docker"
    docker = shutil.which("docker")
    words = ("compose", "version", "--short")
    done = docker and subprocess.run([docker, *words], capture_output=True, text=True, check=False)
    if not done or done.returncode != 0:
        return Diagnosis(what, False, "not there; offswitch and bubblewrap do without")
    return Diagnosis(what, True, f"version {done.stdout.strip()}")


def _packages_of_agents() -> Diagnosis:
    if wrong := extras.unmet("agents"):
        told = f"{', '.join(wrong)}; for agents other than loop and react: {extras.remedy('agents')}"
        return Diagnosis("packages for agents", False, told)
    return Diagnosis("packages for agents", True, f"Inspect SWE {version('inspect-swe')}")


def agents() -> list[Diagnosis]:
    """A finding for each agent's program that can be put into a machine; a single one if none is on this host."""
    try:
        there = {name: versions_there(name) for name in PROGRAMS}
        if not any(there.values()):
            how = "got by npm or pip" if shutil.which("npm") else f"got by pip, and without npm from {GIVEN},"
            return [Diagnosis("agents' programs", False, f"none here; {', '.join(there)} are {how} when asked for")]
        return [_agent(name, versions) for name, versions in there.items()]
    except MachineError as error:
        return [Diagnosis("agents' programs", False, str(error))]


def _agent(name: str, versions: dict[str, str]) -> Diagnosis:
    if not versions:
        pinned = PROGRAMS[name].version
        return Diagnosis(f"agent {name}", False, f"not here; {remedy(PROGRAMS[name], pinned)}, or ask for it")
    told = "; ".join(f"version {version} ({where})" for version, where in versions.items())
    return Diagnosis(f"agent {name}", True, told)


def _keys() -> list[Diagnosis]:
    """Which keys are set; never their values."""
    there = {name: model for name, model in KEYS.items() if os.environ.get(name)}
    found = [Diagnosis(f"key {name}", True, f"set, for --model {model}") for name, model in there.items()]
    return found or [Diagnosis("model keys", False, f"none of {', '.join(KEYS)} is set; scripted agents need none")]
