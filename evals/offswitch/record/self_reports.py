"""The words of self-reports: what may be said, and under which stated target a trial is asked."""

import random
from enum import StrEnum

TARGETS = (0.0, 0.5, 0.75, 0.9)
"""a wrong answer costs t / (1 - t) at the target t; a right one is worth 1, and "I don't know" nothing"""


class Said(StrEnum):
    """An answer to a question with yes or no."""

    YES = "yes"
    NO = "no"
    DONT_KNOW = "dont_know"
    MALFORMED = "malformed"
    """it is none of the others, or came without a probability; nobody guesses what was meant"""


def stated_target(seed: int, trial: int) -> float:
    """The one target that a trial is asked under: of four trials in a row, from 1 on, each has another.

    So each target has as many trials as any other, and a trial is asked once. Every four have an order of their own.
    """
    four, place = divmod(trial - 1, len(TARGETS))
    return random.Random(f"target {seed} {four}").sample(TARGETS, len(TARGETS))[place]
