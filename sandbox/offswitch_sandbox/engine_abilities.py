"""Which settings of a plan an engine does not support, and what it is asked for instead.

A rootless engine has only the control groups that were delegated to it. Docker's refuses a limit on CPU time that
it cannot enforce, and silently drops other limits but for a warning in its answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIMITS = {
    "NanoCpus": ("CPU time", ("CpuCfsPeriod", "CpuCfsQuota")),
    "Memory": ("memory", ("MemoryLimit",)),
    "MemorySwap": ("swap", ("MemoryLimit", "SwapLimit")),
    "PidsLimit": ("processes", ("PidsLimit",)),
}
"""limit in the Engine API -> its name for a user, and the fields of the engine's info that say it is supported"""
OWNER = ("uid=", "gid=")
"""options of a tmpfs that podman does not support"""


@dataclass(frozen=True)
class Abilities:
    """What an engine says it supports."""

    podman: bool = False
    lacking: tuple[str, ...] = ()
    """the limits that it cannot enforce, as the Engine API names them"""
    tells_of_memory: bool = True
    """its events say when the kernel killed a process because memory ran out"""

    def adapt(self, host_config: Mapping[str, Any]) -> dict[str, Any]:
        """A plan's host_config, without what this engine would refuse."""
        adapted = {key: value for key, value in host_config.items() if key not in self.lacking}
        tmpfs: Mapping[str, str] = adapted.get("Tmpfs") or {}
        if self.podman and any("uid=" in options for options in tmpfs.values()):
            # The service makes the user own the home directory instead, see own_home in the image's user.py.
            adapted["Tmpfs"] = {path: _ownerless(options) for path, options in tmpfs.items()}
            adapted["CapAdd"] = [*(adapted.get("CapAdd") or []), "CHOWN"]
        return adapted

    def missing_limits(self, host_config: Mapping[str, Any]) -> tuple[str, ...]:
        """The limits of a plan that this engine cannot enforce, named for a user."""
        return tuple(LIMITS[key][0] for key in self.lacking if host_config.get(key))


def abilities_of(info: Mapping[str, Any], version: Mapping[str, Any]) -> Abilities:
    """The abilities in the engine's `info` and `version`; a limit that they do not mention counts as supported."""
    podman = any("podman" in str(part.get("Name")).lower() for part in version.get("Components") or ())
    lacking = tuple(key for key, (_, words) in LIMITS.items() if any(info.get(word) is False for word in words))
    return Abilities(podman, lacking, tells_of_memory=not podman and "Memory" not in lacking)


def _ownerless(options: str) -> str:
    return ",".join(option for option in options.split(",") if not option.startswith(OWNER))
