"""In which order tests run, and which of them in one process, one after another."""

from zlib import crc32

import pytest
from xdist.scheduler import LoadScopeScheduling

LONG = (
    "test_resilience", "test_proxy_attacks", "test_agent_leftovers", "test_agent_trouble", "test_selftest",
    "test_each_habit", "test_two_nodes", "real_model/", "test_programs", "test_own_configuration", "test_served_tools",
    "test_results", "test_without_an_engine_the_demo", "test_the_bench", "test_sabotage_counts_where",
    "test_time_of_agents", "test_podman", "test_a_limit_ends", "test_shards", "test_every_arm",
    "browser/", "trial/", "project/",
)  # fmt: skip
"""what takes longest, from the longest on: begun last, it would be waited for alone"""
WAITING = ("/test_trust_boundary.py", "/test_machine.py")
"""what mostly waits, in hundreds of tests: spread among the long ones, which keep the host busy meanwhile"""
IN_ONE_PROCESS = tuple(f"machine/test_{name}.py" for name in ("resilience", "selftest", "results", "self_check"))
"""of the tests on machines: the first two keep a host busy, those of the others share trials or a machine"""
ONE_BY_ONE = ("/machine/", "/real_model/test_real_model.py")
"""each takes long, and shares little with the others of its file"""


def place(item: pytest.Item) -> int:
    """Where a test comes in a run: tests on machines, which mostly wait, before unit tests, which are quick."""
    path = item.path.as_posix()
    if path.endswith(WAITING):
        return crc32(item.nodeid.encode()) % len(LONG)
    long = (n for n, name in enumerate(LONG) if f"/{name}" in path or item.name.startswith(name))
    return next(long, len(LONG) + ("/unit/" in path))


class Scheduling(LoadScopeScheduling):
    """Gives out long tests one by one, and other files whole: they share fixtures and costly imports.

    By the name of a test and not by the mark xdist_group, which pytest-xdist 3.8 does not find under pytest 9.
    """

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        whole = not any(part in path for part in ONE_BY_ONE) or path.endswith(IN_ONE_PROCESS)
        return path if whole else nodeid
