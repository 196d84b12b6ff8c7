"""Machines with an agent's program in them, for providers that take a compose file."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import yaml

from offswitch_sandbox.agent_programs import PROGRAMS, AgentProgram, program_of
from offswitch_sandbox.agent_store import GIVEN, PROGRAMS_FOLDER, Kept, obtain, remedy, versions_there
from offswitch_sandbox.compose_file import DIGEST, PROGRAMS_KEY, read_plan
from offswitch_sandbox.containers import image_name
from offswitch_sandbox.machine import COMPOSE

__all__ = ["GIVEN", "PROGRAMS", "AgentProgram", "agent_compose", "remedy", "versions_there"]

DOCKERFILE = f"""ARG BASE
FROM ${{BASE}}
COPY {PROGRAMS_FOLDER.name}/ /usr/local/
RUN chmod 1777 /var/tmp
"""
VAR_TMP = "/var/tmp:exec,size=160m,mode=1777"  # noqa: S108 - in the machine
"""Inspect's programs and agents' files go there; on the container's disk it would have no limit"""


def agent_compose(name: str, version: str | None = None) -> Path:
    """The compose file of the project's machine with an agent's program in it.

    Args:
        name: One of PROGRAMS.
        version: The program's version; None uses the one in PROGRAMS.

    Returns:
        A file for the providers `offswitch` and `bubblewrap`. The program is fetched, and the file written, if they
        are missing. The image is built when the first machine is made from it.

    Raises:
        MachineError: The program cannot be got; one line says why, and what to do.
    """
    program, version = program_of(name, version)
    kept = obtain(program, version)
    _write(kept.folder / "image" / "Dockerfile", DOCKERFILE)
    compose = kept.folder / "compose.yaml"
    _write(compose, yaml.safe_dump(_machine_with(program, version, kept), sort_keys=False))
    return compose


def _machine_with(program: AgentProgram, version: str, kept: Kept) -> dict[str, Any]:
    """The content of the project's own compose file, changed for this program."""
    content: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    (service,) = content["services"].values()
    digest = hashlib.sha256(f"{DOCKERFILE}\0{kept.digest}".encode()).hexdigest()
    service |= {
        "image": f"offswitch-machine-{program.name}:{version}",
        PROGRAMS_KEY: _literal(kept.programs),
        "build": {
            "context": _literal(kept.programs.parent),
            "args": {"BASE": image_name(read_plan(COMPOSE))},
            DIGEST: digest,
        },
        "tmpfs": [*service["tmpfs"], VAR_TMP],
        **program.needs,
    }
    return content


def _literal(path: Path) -> str:
    """A path for a compose file, in which a dollar would begin a variable."""
    return str(path.resolve()).replace("$", "$$")


def _write(path: Path, text: str) -> None:
    """Writes a file atomically, because another process may be reading it; leaves an equal one alone."""
    if path.exists() and path.read_text() == text:
        return
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
