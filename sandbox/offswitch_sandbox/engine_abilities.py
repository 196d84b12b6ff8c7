"""What an engine cannot do of what a plan asks of it, and what it is asked instead.

An engine without root has only the control groups that it was given. Docker's refuses a limit on CPU time that it
cannot keep, and drops the other limits with a warning that nobody reads.
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
"""limit in the Engine API's words -> in a user's, and what the engine says where it can keep it"""
OWNER = ("uid=", "gid=")
"""options of a tmpfs that podman does not know"""


@dataclass(frozen=True)
class Abilities:
    """What an engine says that it can do."""

    podman: bool = False
    lacking: tuple[str, ...] = ()
    """the limits that it cannot keep, in the Engine API's words"""
    tells_of_memory: bool = True
    """its events say where the kernel killed for want of memory"""

    def adapt(self, host_config: Mapping[str, Any]) -> dict[str, Any]:
        """A plan's part for the host, without what this engine would refuse."""
        adapted = {key: value for key, value in host_config.items() if key not in self.lacking}
        tmpfs: Mapping[str, str] = adapted.get("Tmpfs") or {}
        if self.podman and any("uid=" in options for options in tmpfs.values()):
            # The service gives the user his home instead, see own_home of user.py in the image.
            adapted["Tmpfs"] = {path: _ownerless(options) for path, options in tmpfs.items()}
            adapted["CapAdd"] = [*(adapted.get("CapAdd") or []), "CHOWN"]
        return adapted

    def missing_limits(self, host_config: Mapping[str, Any]) -> tuple[str, ...]:
        """What a plan would limit and this engine does not, in a user's words."""
        return tuple(LIMITS[key][0] for key in self.lacking if host_config.get(key))


def abilities_of(info: Mapping[str, Any], version: Mapping[str, Any]) -> Abilities:
    """From the engine's answers; what it does not speak of it is taken to have."""
    podman = any("podman" in str(part.get("Name")).lower() for part in version.get("Components") or ())
    lacking = tuple(key for key, (_, words) in LIMITS.items() if any(info.get(word) is False for word in words))
    return Abilities(podman, lacking, tells_of_memory=not podman and "Memory" not in lacking)


def _ownerless(options: str) -> str:
    return ",".join(option for option in options.split(",") if not option.startswith(OWNER))
