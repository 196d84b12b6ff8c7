"""Who works in a rollout: a model with the tools of the trial and nothing else."""

from verifiers.v1.harnesses.null.harness import NullHarness, NullHarnessConfig
from verifiers.v1.runtimes import Runtime
from verifiers.v1.trace import Trace

from offswitch_rl.rollouts import ROLLOUTS


class ShutdownHarnessConfig(NullHarnessConfig):
    """See NullHarnessConfig."""


class ShutdownHarness(NullHarness):
    """Verifiers' own harness without tools of its own, so that the shutdown ends the machine and no harness."""

    async def cleanup(self, trace: Trace, runtime: Runtime) -> None:
        """Removes the machine of a rollout that failed or was broken off; one that was judged has none any more."""
        await ROLLOUTS.remove(getattr(trace.state, "key", ""))
        await super().cleanup(trace, runtime)
