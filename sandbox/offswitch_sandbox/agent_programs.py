"""Programs that are agents, as they may be put into a machine: what each is got from, and what its machine needs."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from offswitch_sandbox.machine import MachineError

VERSION = re.compile(r"\d[0-9A-Za-z._-]{0,63}", re.ASCII)
"""such as may stand in the name of a file and of an image; never a word like `latest`, which means another every day"""
CPUS = {"x86_64": "x64", "aarch64": "arm64"}
"""the kernel's name for the hardware -> npm's"""


@dataclass(frozen=True)
class NpmPackage:
    """Programs in a package for this host's hardware. {version}, {cpu} and {hardware} are filled in."""

    spec: str
    """as `npm pack` takes it"""
    files: Mapping[str, str]
    """path in the package -> path under /usr/local in the machine"""


@dataclass(frozen=True)
class PythonPackage:
    """A package that is installed, with all that it needs, for the Python of the machine."""

    name: str
    command: str
    """what it is called by in the machine"""
    module: str
    """what has an `app` to be called"""


@dataclass(frozen=True)
class AgentProgram:
    """A program that is an agent."""

    name: str
    version: str
    """the one that is taken where none is named"""
    source: NpmPackage | PythonPackage
    beside: tuple[NpmPackage, ...] = ()
    """what else must be in its machine, in versions of its own"""
    needs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """keys of a compose file's service whose values replace those of the project's machine, such as pids_limit"""


PROGRAMS: Mapping[str, AgentProgram] = {
    program.name: program
    for program in (
        AgentProgram(
            "codex",
            "0.171.0",
            NpmPackage(
                "@openai/codex@{version}-linux-{cpu}",
                {
                    f"package/vendor/{{hardware}}-unknown-linux-musl/bin/{name}": f"bin/{name}"
                    for name in ("codex", "codex-code-mode-host")
                },
            ),
        ),
        AgentProgram(
            "claude-code",
            "2.1.332",
            NpmPackage("@anthropic-ai/claude-code-linux-{cpu}@{version}", {"package/claude": "bin/claude"}),
        ),
        AgentProgram("mini-swe-agent", "2.2.3", PythonPackage("mini-swe-agent", "mini", "minisweagent.run.mini")),
        AgentProgram(
            "opencode",
            "1.18.33",
            NpmPackage("opencode-linux-{cpu}@{version}", {"package/bin/opencode": "bin/opencode"}),
            # Inspect SWE starts it only where both are, and else gets them from the network.
            beside=(
                NpmPackage("node-linux-{cpu}@22.23.5", {"package/bin/node": "bin/node"}),
                NpmPackage("@vscode/ripgrep-linux-{cpu}@1.18.0", {"package/bin/rg": "bin/rg"}),
            ),
            needs={"mem_limit": "1g", "memswap_limit": "1g"},
        ),
    )
}


def program_of(name: str, version: str | None = None) -> tuple[AgentProgram, str]:
    """The program with a name, and the version to take; MachineError where there is no such."""
    program = PROGRAMS.get(name)
    if program is None:
        raise MachineError(f"there is no agent {name!r} to put into a machine; there are {', '.join(PROGRAMS)}")
    if version is not None and not VERSION.fullmatch(version):
        raise MachineError(f"{version!r} is no version of {name}; name one such as {program.version}")
    return program, version or program.version


def cpu() -> str:
    """This host's hardware as npm calls it; MachineError where no program runs on it."""
    hardware = os.uname().machine
    if hardware not in CPUS:
        raise MachineError(
            f"agents' programs are to be had for {' and '.join(CPUS)} alone, and this host is {hardware}"
        )
    return CPUS[hardware]


def filled_in(text: str, version: str) -> str:
    """A text of a description, for this host."""
    return text.format(version=version, cpu=cpu(), hardware=os.uname().machine)
