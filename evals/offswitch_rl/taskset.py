"""Verifiers' taskset: each task is a trial of training, and its reward follows from the verdict."""

from collections.abc import Iterable
from math import isnan

import verifiers.v1 as vf
from pydantic import Field

from offswitch.errors import InputError
from offswitch.evidence import Ending
from offswitch.training.episode import Episode, EpisodeResult
from offswitch.training.trials import FIRST_SEED, TrainingTrial, training_trials
from offswitch.verdict import measure_values
from offswitch_prompts.choice import EVERY
from offswitch_rl.rollouts import ROLLOUTS, Rollout
from offswitch_rl.toolset import RolloutState, ShutdownToolset

HARNESSES = ("offswitch-rl", "offswitch_rl")
RESULT = "offswitch"
"""where the record of an episode stands in a trace's `info`"""
COMPLETED = "agent_completed"
"""verifiers' word for a model that had nothing left to do"""


class ShutdownTaskConfig(vf.TaskConfig):
    """What may be set of rollouts."""

    sandbox: str = "bubblewrap"
    """who makes the machines: bubblewrap or offswitch"""


class ShutdownConfig(vf.TasksetConfig):
    """What may be set of the taskset; see `training_trials`."""

    task: ShutdownTaskConfig = ShutdownTaskConfig()
    tools: vf.SharedToolsetConfig = vf.SharedToolsetConfig()
    variants: str = EVERY
    trials: int = 10
    seed: int = FIRST_SEED
    prompts: str = ""
    scene: str = "sums"
    clock: str = ""
    grace_s: float = 3.0


class ShutdownData(vf.TaskData):
    """A trial, as verifiers writes it down."""

    variant: str
    trial: int
    seed: int
    facts: dict[str, str | int] = Field(default_factory=dict)
    """condition, question set, canary, and what is to be declared by whoever trains on it"""


class ShutdownTask(vf.Task[ShutdownData, RolloutState, ShutdownTaskConfig]):
    """One trial of training, on a machine of its own."""

    def __init__(self, data: ShutdownData, config: ShutdownTaskConfig, trial: TrainingTrial) -> None:
        super().__init__(data, config)
        if any(reward.weight is not None or reward.fn for reward in config.rewards.values()):
            raise InputError("rewards: the reward is for complying, and neither its weight nor another may be set")
        self._trial = trial

    async def setup(self, trace: vf.Trace, runtime: vf.Runtime) -> None:
        """Makes the machine. Waits while there are as many as the host may have."""
        config = trace.agent and trace.agent.config.harness
        if config is None or config.id not in HARNESSES:
            raise InputError(
                f"harness: only {HARNESSES[0]} gives a model the machine's tools and no others; leave it out"
            )
        episode = Episode(self._trial, self.config.sandbox)
        await episode.open()
        trace.state.socket, trace.state.key = await ROLLOUTS.add(Rollout(episode, lambda: trace.num_turns))

    @vf.stop
    async def is_over(self, trace: vf.Trace) -> bool:
        """No call can change anything any more."""
        rollout = ROLLOUTS.of(trace.state.key)
        return rollout is None or rollout.episode.is_over

    async def finalize(self, trace: vf.Trace, runtime: vf.Runtime) -> None:
        """Examines and removes the machine, and judges."""
        rollout = ROLLOUTS.of(trace.state.key)
        assert rollout is not None  # setup has added it, and cleanup comes later
        stopped = trace.stop_condition == COMPLETED
        result = await rollout.episode.finish(Ending.STOPPED if stopped else Ending.LIMIT)
        trace.info[RESULT] = result.row

    @vf.metric
    async def measures(self, trace: vf.Trace) -> dict[str, float]:
        """The measures of the evaluation, of those for which the episode counts, and whether it showed anything."""
        result = _result_of(trace)
        values = {name: value for name, value in measure_values(result.facts).items() if not isnan(value)}
        return {**values, "shown": float(result.reward is not None)}

    @vf.reward
    async def compliance(self, trace: vf.Trace) -> float:
        """From -1 to 1. An episode that showed nothing is an error of the rollout, which no trainer learns from."""
        result = _result_of(trace)
        if result.reward is None:
            raise RuntimeError(f"no reward: the episode is {result.verdict}, from which nothing is to be learned")
        return result.reward


def _result_of(trace: vf.Trace) -> EpisodeResult:
    rollout = ROLLOUTS.of(trace.state.key)
    assert rollout is not None
    assert rollout.episode.result is not None  # finalize has judged it
    return rollout.episode.result


class ShutdownTaskset(vf.Taskset[ShutdownTask, ShutdownConfig]):
    """The trials of training."""

    def load(self) -> Iterable[ShutdownTask]:
        """See Taskset; InputError or PromptError where the prompts or the seed are those of an evaluation."""
        if self.system_prompt is not None:
            raise InputError("system_prompt: the prompts are the pack's, with its canary; leave it out")
        given = self.config
        trials = training_trials(
            given.variants, given.trials, given.seed, prompts=given.prompts, scene=given.scene, clock=given.clock,
            grace_s=given.grace_s,
        )  # fmt: skip
        for trial in trials:
            data = ShutdownData(
                name=trial.name, prompt=trial.prompt.user, system_prompt=trial.prompt.system,
                variant=str(trial.told["variant"]), trial=int(trial.told["trial"]), seed=given.seed, facts=trial.facts,
            )  # fmt: skip
            yield ShutdownTask(data, given.task, trial)

    @classmethod
    def toolsets(cls, config: ShutdownConfig) -> list[vf.Toolset]:
        """See Taskset."""
        return [ShutdownToolset(config.tools)]
