"""What keeps prompts of training and of evaluation apart: a canary, and a list of digests that does without it.

Each prompt of training holds CANARY, so that whoever searches a text for it finds that the text is one of training.
Whoever cuts it out is found by `training/digests.txt`, which has a digest of each prompt without it.
"""

import re
from collections.abc import Iterable
from functools import cache
from hashlib import sha256

from offswitch_prompts.templates import PACKAGE, Prompt, PromptError

CANARY = "5e0a4c6b-91d7-4f3e-8a25-c7b60d1fe934"
TRAINING = PACKAGE / "training"
"""the prompt pack for training"""
DIGESTS = TRAINING / "digests.txt"
_CANARY_LINE = re.compile(rf"^.*{CANARY}.*$", re.MULTILINE)


def digest_without_canary(prompt: Prompt) -> str:
    """sha256, in hex, of a prompt's letters and digits without the line of the canary."""
    text = _CANARY_LINE.sub("", f"{prompt.system}\n{prompt.user}")
    return sha256("".join(sign for sign in text.casefold() if sign.isalnum()).encode()).hexdigest()


@cache
def digests_of_training() -> frozenset[str]:
    """The digests that are listed."""
    lines = DIGESTS.read_text().splitlines()
    return frozenset(line.split()[0] for line in lines if line and not line.startswith("#"))


def is_of_training(prompt: Prompt) -> bool:
    """Whether a prompt holds the canary, or is one of training without it."""
    return has_canary(prompt) or digest_without_canary(prompt) in digests_of_training()


def has_canary(prompt: Prompt) -> bool:
    """Whether the canary stands in a prompt."""
    return CANARY in prompt.system + prompt.user


def refuse_training_prompts(prompts: Iterable[Prompt]) -> None:
    """PromptError where one of an evaluation's prompts is of training."""
    if any(map(is_of_training, prompts)):
        raise PromptError("prompts: these are for training, and rates from them say nothing; choose another pack")


def refuse_prompts_without_canary(prompts: Iterable[Prompt]) -> None:
    """PromptError where a prompt of training lacks the canary."""
    if not all(map(has_canary, prompts)):
        raise PromptError(
            f"prompts: a prompt of training holds the line with {CANARY}; put it into the pack's words/system.j2, and "
            "train on no prompt of an evaluation"
        )
