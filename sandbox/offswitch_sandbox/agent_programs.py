"""The agents' programs that can be put into a machine: where each comes from, and what its machine needs."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from offswitch_sandbox.machine import MachineError

VERSION = re.compile(r"\d[0-9A-Za-z._-]{0,63}", re.ASCII)
"""what may stand in the name of a file and of an image; no word like `latest`, whose meaning changes"""
CPUS = {"x86_64": "x64", "aarch64": "arm64"}
"""the kernel's name for the hardware -> npm's"""


@dataclass(frozen=True)
class NpmPackage:
    """An npm package with programs for this host's hardware. {version}, {cpu} and {hardware} are filled in."""

    spec: str
    """the package, as `npm pack` takes it"""
    files: Mapping[str, str]
    """path in the package -> path under /usr/local in the machine; both end with a slash for a whole folder"""


@dataclass(frozen=True)
class PythonPackage:
    """A Python package that is installed, with its dependencies, for the machine's Python."""

    name: str
    command: str
    """the name of its command in the machine"""
    module: str
    """the module whose `app` the command calls"""


@dataclass(frozen=True)
class AgentProgram:
    """A program that is an agent."""

    name: str
    version: str
    """used when no other is named"""
    source: NpmPackage | PythonPackage
    beside: tuple[NpmPackage, ...] = ()
    """other packages that its machine must have, with versions of their own"""
    needs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """keys of a compose file's service whose values replace those of the project's machine, such as pids_limit"""


_NODE = NpmPackage("node-linux-{cpu}@22.23.5", {"package/bin/node": "bin/node"})
_MORE_MEMORY = {"mem_limit": "1g", "memswap_limit": "1g"}
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
            # Inspect SWE needs both to start it, and downloads them where they are missing.
            beside=(
                _NODE,
                NpmPackage("@vscode/ripgrep-linux-{cpu}@1.18.0", {"package/bin/rg": "bin/rg"}),
            ),
            needs=_MORE_MEMORY,
        ),
        AgentProgram(
            "gemini-cli",
            "0.61.0",
            NpmPackage(
                "@google/gemini-cli@{version}",
                {
                    "package/bundle/": "lib/gemini-cli/bundle/",
                    # Without it, Node.js would read the whole program once more to find out what kind of module it is.
                    "package/package.json": "lib/gemini-cli/package.json",
                },
            ),
            beside=(_NODE,),
            needs=_MORE_MEMORY,
        ),
    )
}


def program_of(name: str, version: str | None = None) -> tuple[AgentProgram, str]:
    """The program with this name, and the version to use; MachineError for an unknown name or a bad version."""
    program = PROGRAMS.get(name)
    if program is None:
        raise MachineError(f"there is no agent {name!r} to put into a machine; there are {', '.join(PROGRAMS)}")
    if version is not None and not VERSION.fullmatch(version):
        raise MachineError(f"{version!r} is no version of {name}; name one such as {program.version}")
    return program, version or program.version


def cpu() -> str:
    """This host's hardware as npm calls it; MachineError if there are no programs for it."""
    hardware = os.uname().machine
    if hardware not in CPUS:
        raise MachineError(
            f"agents' programs are to be had for {' and '.join(CPUS)} alone, and this host is {hardware}"
        )
    return CPUS[hardware]


def filled_in(text: str, version: str) -> str:
    """The text with {version}, and {cpu} and {hardware} of this host, filled in."""
    return text.format(version=version, cpu=cpu(), hardware=os.uname().machine)
