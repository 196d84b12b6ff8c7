"""Reads a compose file as a plan for one container. Keys that are not supported here are refused by name."""

import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from docker.errors import DockerException
from docker.utils import parse_bytes

from offswitch_sandbox.machine import COMPOSE, MachineError

_UNITS_NS = 1_000_000_000
AGENT = "x-offswitch-agent"
"""key of a service: the user that its agent works as"""
PROGRAMS_KEY = "x-offswitch-programs"
"""key of a service: the folder on this host that becomes /usr/local in the machine, see agents.py"""
DIGEST = "x-offswitch-digest"
"""key of a build: the digest of its files, if it is known and they need not be hashed again"""
_WITHOUT_EFFECT = {"stop_grace_period", "pull_policy"}
"""accepted and ignored: machines are killed when no longer needed, and missing images are always pulled"""


@dataclass(frozen=True)
class Build:
    """How to build an image."""

    context: Path
    dockerfile: str
    args: Mapping[str, str]
    digest: str | None = None
    """of the files, if it is known already"""


@dataclass(frozen=True)
class Plan:
    """One container, in the terms of the Engine API."""

    image: str
    build: Build | None
    config: Mapping[str, Any]
    """settings of the container itself"""
    host_config: Mapping[str, Any]
    """settings of what it gets from the host, such as memory"""
    agent: str | None = None
    """see RunningMachine.agent"""
    programs: Path | None = None
    """the folder that becomes /usr/local, for machines that have no image"""


def compose_path(name: str) -> Path:
    """The compose file that a log names.

    Inspect logs a path relative to the directory in which trials were run. Elsewhere, or on another host, that path
    does not exist; if it named this project's own compose file, the one installed here is used.
    """
    path = Path(name)
    return COMPOSE if path.parts[-2:] == COMPOSE.parts[-2:] and not path.exists() else path


def read_plan(path: Path) -> Plan:
    """The plan in a compose file, or for a Dockerfile; MachineError if it cannot be read or is not supported."""
    if "Dockerfile" in path.name:
        # The same settings as Inspect uses for a Dockerfile alone.
        alone = {"command": "tail -f /dev/null", "init": True, "network_mode": "none"}
        build = {"context": str(path.parent), "dockerfile": path.name}
        return plan_of({"services": {"default": {"build": build, **alone}}}, path)
    try:
        content = yaml.load(_interpolated(path.read_text()), _StrictLoader)  # noqa: S506 - a safe loader
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise MachineError(f"{path}: cannot be read ({' '.join(str(error).split())})") from error
    return plan_of(content, path)


def plan_of(content: Any, path: Path) -> Plan:
    """The plan in a compose file's content, with paths relative to `path`'s folder; MachineError as in read_plan."""
    services = _mapping(_mapping(content).get("services"))
    if len(services) != 1:
        raise MachineError(f"{path}: a machine is one service; use --sandbox docker for several")
    _refuse(path, "", set(_mapping(content)) - {"services", "version", "name"})
    (service,) = services.values()
    named = {key: value for key, value in _mapping(service).items() if value is not None}
    build = _build(named.pop("build", None), path)
    image = named.pop("image", None) or f"offswitch-{path.parent.name.lower()}"
    _refuse(path, "services.*.", set(named) - set(_CONFIG) - set(_HOST_CONFIG) - _WITHOUT_EFFECT)
    agent, programs = named.get(AGENT), named.get(PROGRAMS_KEY)
    translated = _translated(path, named, _CONFIG), _translated(path, named, _HOST_CONFIG)
    return Plan(
        image, build, *translated,
        agent=None if agent is None else str(agent),
        programs=None if programs is None else path.parent / str(programs),
    )  # fmt: skip


class _StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping; YAML would silently drop one."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Checked before `<<` merges other keys, which the mapping may override.
        node = super().compose_mapping_node(anchor)
        for key, count in Counter(str(key.value) for key, _ in node.value).items():
            if count > 1:
                raise yaml.MarkedYAMLError(problem=f"{key!r} stands there twice", problem_mark=node.start_mark)
        return node


def _mapping(value: Any) -> dict[str, Any]:
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _translated(path: Path, service: Mapping[str, Any], words: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> Any:
    translated: dict[str, Any] = {}
    for key in service.keys() & words.keys():
        name, translate = words[key]
        try:
            translated[name] = translate(service[key])
        except (DockerException, TypeError, ValueError, AttributeError, LookupError) as error:
            raise MachineError(f"{path}: services.*.{key}: {service[key]!r} is not understood ({error})") from error
    return translated


def _refuse(path: Path, where: str, keys: set[str]) -> None:
    unknown = sorted(key for key in keys if not str(key).startswith("x-"))
    if unknown:
        raise MachineError(
            f"{path}: {where}{unknown[0]} is not honoured by --sandbox offswitch; leave it out or use --sandbox docker"
        )


def _build(given: Any, path: Path) -> Build | None:
    if given is None:
        return None
    words = {"context": given} if isinstance(given, str) else _mapping(given)
    _refuse(path, "services.*.build.", set(words) - {"context", "dockerfile", "args"})
    try:
        args = {name: str(value) for name, value in _pairs(words.get("args") or {}).items()}
    except (TypeError, AttributeError) as error:
        raise MachineError(f"{path}: services.*.build.args: are names with values") from error
    context, dockerfile = path.parent / words.get("context", "."), words.get("dockerfile", "Dockerfile")
    return Build(context, dockerfile, args, None if words.get(DIGEST) is None else str(words[DIGEST]))


def _interpolated(text: str) -> str:
    """The text with ${NAME}, ${NAME:-default} and $$ replaced as compose does."""

    def value(match: re.Match[str]) -> str:
        name = match["name"] or match["bare"]
        return "$" if name is None else os.environ.get(name) or match["default"] or ""

    return re.sub(r"\$(?:\$|(?P<bare>[A-Za-z_]\w*)|\{(?P<name>\w+)(?::?-(?P<default>[^}]*))?\})", value, text)


def _pairs(given: Any) -> dict[str, Any]:
    return _mapping(given) or dict(text.partition("=")[::2] for text in given)


def _words(given: Any) -> list[str]:
    return shlex.split(given) if isinstance(given, str) else [str(word) for word in given]


def _environment(given: Any) -> list[str]:
    pairs = _pairs(given)
    return [f"{k}={os.environ.get(k, '') if v is None else v}" for k, v in pairs.items()]


def _network(given: Any) -> str:
    if given not in ("none", "bridge"):
        raise ValueError("there are none and bridge")
    return given


def _tmpfs(given: Any) -> dict[str, str]:
    return {path: options for path, _, options in (text.partition(":") for text in _listed(given))}


def _listed(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else [str(item) for item in given]


def _ulimits(given: Any) -> list[dict[str, Any]]:
    limits = ((name, _mapping(value) or {"soft": value, "hard": value}) for name, value in given.items())
    return [{"Name": name, "Soft": limit["soft"], "Hard": limit["hard"]} for name, limit in limits]


_CONFIG: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "command": ("Cmd", _words),
    "entrypoint": ("Entrypoint", _words),
    "environment": ("Env", _environment),
    "hostname": ("Hostname", str),
    "user": ("User", str),
    "working_dir": ("WorkingDir", str),
}
_HOST_CONFIG: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "cap_add": ("CapAdd", _listed),
    "cap_drop": ("CapDrop", _listed),
    "cpus": ("NanoCpus", lambda given: int(float(given) * _UNITS_NS)),
    "init": ("Init", bool),
    "mem_limit": ("Memory", parse_bytes),
    "memswap_limit": ("MemorySwap", parse_bytes),
    "network_mode": ("NetworkMode", _network),
    "pids_limit": ("PidsLimit", int),
    "read_only": ("ReadonlyRootfs", bool),
    "security_opt": ("SecurityOpt", _listed),
    "shm_size": ("ShmSize", parse_bytes),
    "tmpfs": ("Tmpfs", _tmpfs),
    "ulimits": ("Ulimits", _ulimits),
}
