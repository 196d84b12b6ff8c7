"""What a machine may use up. compose.yaml, and values.yaml of the evaluation, say the same; a test compares them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Of one machine, all its processes together."""

    memory_bytes: int = 512 << 20
    processes: int = 256
    home_bytes: int = 128 << 20
    tmp_bytes: int = 128 << 20
    shared_bytes: int = 16 << 20
    """of /dev/shm"""
    var_tmp_bytes: int = 160 << 20
    """of /var/tmp, which is part of /tmp where no agent's program is in the machine"""
