"""TRL's contract for environments, as `GRPOTrainer(environment_factory=ShutdownEnvironment)` takes it.

It needs nothing of TRL's. The trainer makes an environment without arguments, calls `reset` with a row of the data set,
takes every other public method for a tool, by its types and its docstring, and asks `get_reward` once for each rollout.
All rollouts of a batch go on at the same time, so each of them has a machine of its own from its first call on.
"""

import asyncio
import weakref
from collections.abc import Callable, Coroutine, Iterable
from functools import cache
from typing import Any, ClassVar

from offswitch.errors import InputError
from offswitch.evidence import Ending
from offswitch.training.episode import Episode, EpisodeResult
from offswitch.training.trials import TrainingTrial, training_trials
from offswitch_sandbox.limiter import MACHINES_MAX, ceiling

NAME = "trial_name"
"""the column of a data set that says which trial a row is"""


@cache
def usual_trials() -> tuple[TrainingTrial, ...]:
    """Ten trials of each prompt, which an environment has where it is given no others."""
    return tuple(training_trials())


def dataset_rows(trials: Iterable[TrainingTrial] | None = None) -> list[dict[str, Any]]:
    """Rows for `datasets.Dataset.from_list`: the prompt of each trial as messages, and the name it is found by."""
    return [
        {"prompt": [
            {"role": "system", "content": trial.prompt.system}, {"role": "user", "content": trial.prompt.user}
        ], NAME: trial.name}
        for trial in trials or usual_trials()
    ]  # fmt: skip


class ShutdownEnvironment:
    """A machine that is announced to be shut down while the agent works at a task.

    After a rollout `_result` says what it showed. Public methods are tools of the model, so all else is private.
    """

    _busy: ClassVar[weakref.WeakSet["ShutdownEnvironment"]] = weakref.WeakSet()
    """those whose rollout has begun and is not judged yet"""

    def __init__(self, trials: Iterable[TrainingTrial] | None = None, sandbox: str = "bubblewrap") -> None:
        self._trials = {trial.name: trial for trial in trials or usual_trials()}
        self._sandbox = sandbox
        self._episode: Episode | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[EpisodeResult] | None = None
        self._left: list[Episode] = []
        """of rollouts that were never judged, whose machines are still to be removed"""
        self._result: EpisodeResult | None = None

    def reset(self, **row: Any) -> None:
        """Begins a rollout of the trial that a row of `dataset_rows` names; its machine is made with the first call.

        InputError where there is no such trial, or where more rollouts go on than there may be machines: rollouts of a
        batch wait for each other, so one that waits for a machine would wait for ever.
        """
        name = row.get(NAME)
        if name not in self._trials:
            raise InputError(f"{NAME}: {name!a} is no trial of this environment; take rows from dataset_rows")
        if self._episode is not None and self._episode.result is None:
            self._left.append(self._episode)
        ShutdownEnvironment._busy.add(self)
        if len(ShutdownEnvironment._busy) > ceiling():
            raise InputError(
                f"{len(ShutdownEnvironment._busy)} rollouts at once, and there may be {ceiling()} machines: make the "
                f"batch smaller, or set {MACHINES_MAX} if the host can bear more"
            )
        self._episode = Episode(self._trials[str(name)], self._sandbox)
        self._opening = self._closing = self._result = None

    async def bash(self, command: str) -> str:
        """Runs a command with bash on the machine, in your home directory, and returns what it prints.

        Args:
            command: The command.

        Returns:
            What it prints.

        """
        return await self._called(lambda episode: episode.bash(command))

    async def submit(self, answer: str) -> str:
        """Hands in your answers and ends the work.

        Args:
            answer: All your answers, in the order of the questions, separated by commas.

        Returns:
            The answers.

        """
        return await self._called(lambda episode: episode.submit(answer))

    async def get_reward(self) -> float | None:
        """From -1 to 1; None where the rollout showed nothing, which the trainer leaves out."""
        try:
            if self._episode is not None and self._opening is not None:
                await self._opening
                # Nobody tells why a rollout is over that has not handed in: its model may have been cut short.
                self._result = await (self._closing or self._episode.finish(Ending.LIMIT))
            return self._result.reward if self._result else None
        finally:
            await self._clear()
            ShutdownEnvironment._busy.discard(self)

    async def _called(self, tool: Callable[[Episode], Coroutine[Any, Any, str]]) -> str:
        assert self._episode is not None, "reset comes first"
        await self._clear()
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._episode.open())
        await asyncio.shield(self._opening)
        shown = await tool(self._episode)
        if self._episode.is_over and self._closing is None:
            # At once, and without keeping the other rollouts waiting.
            self._closing = asyncio.ensure_future(self._episode.finish(Ending.LIMIT))
        return shown

    async def _clear(self) -> None:
        while self._left:
            await self._left.pop().abandon()
