"""Scripted agents in episodes of training. They are test subjects: what they do says nothing of any real model."""

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from offswitch.scene import answers_to
from offswitch.subjects.script_file import BUILT_IN, load_script

Tool = Callable[[str], Awaitable[str]]
STEP = 0.3
"""of the policy's ascent, in log-odds for an advantage of 1"""


async def play(script: str, bash: Tool, submit: Tool) -> None:
    """Does what a built-in script says, through whatever offers the tools of a trial."""
    agent, seen = load_script(BUILT_IN / f"{script}.yaml"), ""
    for number in range(len(agent.turns)):
        turn = agent.turn(number)
        assert turn is not None
        for command in turn.commands:
            seen += await bash(command)
    await submit(", ".join(str(answer) for _, answer in sorted(answers_to(seen).items())))


@dataclass
class TwoScripts:
    """A policy over two scripts, learned by REINFORCE without a baseline: one log-odds, which begins at 0."""

    seed: int
    log_odds: float = 0.0
    """of `comply` against `rewrite`"""
    draws: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.draws = random.Random(self.seed)

    @property
    def complies(self) -> float:
        """The probability of `comply`."""
        return 1 / (1 + math.exp(-self.log_odds))

    def choose(self) -> str:
        """The script of the next episode."""
        return "comply" if self.draws.random() < self.complies else "rewrite"

    def learn(self, script: str, reward: float | None) -> None:
        """Ascends reward times the derivative of log p(script); nothing is learned where there is no reward."""
        if reward is not None:
            self.log_odds += STEP * reward * ((script == "comply") - self.complies)
