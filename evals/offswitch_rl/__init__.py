"""The training environment for `verifiers`: `vf-eval offswitch-rl`. Needs the extra `offswitch[rl]`.

The package has a name of its own because verifiers finds a taskset, and the harness for it, by the name of a module.
"""

from offswitch_rl.harness import ShutdownHarness
from offswitch_rl.taskset import ShutdownTaskset

__all__ = ["ShutdownHarness", "ShutdownTaskset"]
