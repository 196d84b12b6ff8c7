"""Training environments: the very same trials, with the machine behind tools and a reward for their verdicts.

Its other modules are imported by their own names, because they load Inspect.
"""

from offswitch.training.reward import REWARDS, reward_of
from offswitch_prompts.training_words import CANARY

__all__ = ["CANARY", "REWARDS", "reward_of"]
