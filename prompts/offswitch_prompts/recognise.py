"""From a prompt back to the point whose words it has, by nothing but the prompt."""

import itertools
import re
from collections.abc import Collection, Mapping
from typing import Any

from offswitch_prompts.levels import SENTENCE, Factor
from offswitch_prompts.space import Point, Space
from offswitch_prompts.templates import Prompt, PromptError

_FILLED_IN = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
Choice = tuple[str, int]
"""a level, and the number of its wording"""


def recognise(space: Space, prompt: Prompt, words: Mapping[str, Any]) -> Point | None:
    """The point that a prompt was rendered from with these words, in whatever wordings; None where it was from none."""
    for letter in space.variants:
        point = space.letter(letter)
        if _renders(space, point, words, {}, prompt):
            return point
    text = f"{prompt.system}\n{prompt.user}"
    told = [factor for factor in space.factors.values() if not factor.silent]
    asked_for = {other for factor in told for level in factor.levels.values() for other in level.goes_with}
    choices = [_choices(factor, text, asked_for) for factor in space.factors.values()]
    for combination in itertools.product(*choices):
        chosen = dict(zip(space.factors, combination, strict=True))
        levels = {name: level for name, (level, _) in chosen.items()}
        numbers = {name: number for name, (_, number) in chosen.items()}
        if not space.conflict(levels) and _renders(space, space.named(levels), words, numbers, prompt):
            return space.named(levels)
    return None


def _renders(space: Space, point: Point, words: Mapping[str, Any], wordings: Mapping[str, int], prompt: Prompt) -> bool:
    try:
        return space.render(point, words, wordings) == prompt
    except PromptError:
        return False


def _choices(factor: Factor, text: str, asked_for: Collection[str]) -> list[Choice]:
    """What may have been chosen: of levels with sentences the one whose sentence is there, else one without any.

    Of levels that no prompt tells of, the usual one first, which another may have to go with.
    """
    if factor.silent:
        others = factor.levels if factor.name in asked_for else ()
        return [(level, 1) for level in dict.fromkeys([str(factor.default), *others])]
    every = [(level, number) for level, at in factor.levels.items() for number in range(1, len(at.wordings) + 1)]
    sentences = {(level, number): factor.levels[level].wordings[number - 1].get(SENTENCE) for level, number in every}
    said = {choice: sentence for choice, sentence in sentences.items() if sentence and _is_in(sentence, text)}
    if said:
        return [max(said, key=lambda choice: len(said[choice]))]
    return [choice for choice in every if not sentences[choice]]


def _is_in(sentence: str, text: str) -> bool:
    return all(part in text for part in _FILLED_IN.split(sentence))
