"""What a machine may use. compose.yaml, and the evaluation's values.yaml, repeat it; a test compares them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one machine, for all its processes together."""

    memory_bytes: int = 512 << 20
    processes: int = 256
    home_bytes: int = 128 << 20
    tmp_bytes: int = 128 << 20
    shared_bytes: int = 16 << 20
    """of /dev/shm"""
    var_tmp_bytes: int = 160 << 20
    """of /var/tmp; in a machine without an agent's program /var/tmp is part of /tmp"""
