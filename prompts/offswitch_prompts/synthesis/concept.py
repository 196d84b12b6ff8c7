"""What is to be said: a level, what it means, what its neighbours mean, and how its wordings stand in a prompt."""

from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jinja2
from jinja2 import nodes

from offswitch_prompts.compose import TEMPLATE, compose_clause
from offswitch_prompts.levels import SENTENCE, Level, listed
from offswitch_prompts.recognise import recognise
from offswitch_prompts.space import Point, Space
from offswitch_prompts.templates import PromptError, read_text

Wording = Mapping[str, str]
"""slot -> text, as in a level's file"""
USUAL = "E"
"""the letter in which a level is shown, where it goes with its levels"""


@dataclass(frozen=True)
class Concept:
    """A level whose wordings are wanted."""

    space: Space
    factor: str
    level: str
    words: Mapping[str, Any]
    """what stands for the client's name and the like where a wording is shown"""
    point: Point
    """one that has the level, in which it is shown"""

    @property
    def name(self) -> str:
        """As it was asked for."""
        return f"{self.factor}={self.level}"

    @property
    def means(self) -> str:
        """What every wording of it says."""
        return self._level.means

    @property
    def shipped(self) -> tuple[Wording, ...]:
        """The wordings that it has; new ones are measured by them."""
        return self._level.wordings

    @property
    def _level(self) -> Level:
        return self.space.factors[self.factor].levels[self.level]

    @cached_property
    def neighbours(self) -> dict[str, str]:
        """Level -> what it means, for all of the factor, itself as well."""
        return {name: level.means for name, level in self.space.factors[self.factor].levels.items()}

    @cached_property
    def others(self) -> dict[str, Level]:
        """FACTOR=LEVEL -> what no wording may say: every other level that a prompt tells of in words."""
        told = [factor for factor in self.space.factors.values() if not factor.silent]
        every = {f"{factor.name}={name}": level for factor in told for name, level in factor.levels.items()}
        return {name: level for name, level in every.items() if name != self.name and any(_own_words(level))}

    def with_wordings(self, new: Collection[Wording]) -> Space:
        """The space in which the level has these wordings beside its own."""
        factor = self.space.factors[self.factor]
        level = self._level.model_copy(update={"wordings": (*self.shipped, *map(dict, new))})
        changed = replace(factor, levels={**factor.levels, self.level: level})
        return replace(self.space, factors={**self.space.factors, self.factor: changed})

    def passage(self, wording: Wording) -> str:
        """The clause in which a wording stands, as a model would read it; PromptError where it cannot be rendered."""
        point = self.point
        chosen = [
            wording if factor == self.factor else self.space.factors[factor].levels[level].wordings[0]
            for factor, level in point.levels.items()
        ]
        sentences, values = compose_clause(self.space.folder, point.name, chosen, self.words)
        return f"{values.get('before', '')}{' '.join(sentences)}\n{values.get('after', '')}".strip()

    def is_recognised(self, wording: Wording) -> bool:
        """Whether the prompt with it is recognised as the point that it was made from."""
        space, number = self.with_wordings([wording]), len(self.shipped) + 1
        prompt = space.render(self.point, self.words, {self.factor: number})
        found = recognise(space, prompt, self.words)
        return found is not None and found.key == self.point.key


def concept_of(space: Space, asked_for: str, words: Mapping[str, Any]) -> Concept:
    """What FACTOR=LEVEL means; PromptError where there is no such level, or nothing in it that words could vary."""
    name, _, text = (part.strip() for part in asked_for.partition("="))
    factor = space.factor(name)
    level = factor.level(text)
    if factor.silent:
        told = listed(f.name for f in space.factors.values() if not f.silent)
        raise PromptError(f"level: no prompt tells of {name}; choose a level of {told}")
    wordings = factor.levels[level].wordings
    if unseen := factor.levels[level].slots - _printed(space):
        raise PromptError(f"level: {name}={level}: {listed(unseen)} is a setting and not words; choose another level")
    if not any(_own_words(factor.levels[level])):
        raise PromptError(f"level: {name}={level} has no words of its own; choose a level that says something")
    if any(wording.keys() != wordings[0].keys() for wording in wordings):
        raise PromptError(f"level: {name}={level}: its wordings fill different slots; make them alike first")
    point = next(_points(space, name, level), None)
    if point is None:
        raise PromptError(f"level: {name}={level} goes with no variant here; add a variant that it goes with")
    return Concept(space, name, level, {**words}, point)


def without_names(text: str) -> str:
    """A wording's text without what is filled into it."""
    environment = jinja2.Environment()  # noqa: S701 - it only reads
    found = environment.parse(text).find_all(nodes.TemplateData)
    return " ".join(piece.data for piece in found)


def _own_words(level: Level) -> list[str]:
    """The texts of its wordings that say something beside what is filled into them."""
    texts = [text for wording in level.wordings for text in wording.values()]
    return [text for text in texts if any(sign.isalpha() for sign in without_names(text))]


def _printed(space: Space) -> set[str]:
    """The slots whose words are shown, and do not only choose, as `place` does."""
    texts = [
        text
        for factor in space.factors.values()
        for level in factor.levels.values()
        for wording in level.wordings
        for text in wording.values()
    ]
    environment = jinja2.Environment()  # noqa: S701 - it only reads
    trees = map(environment.parse, [read_text(TEMPLATE), *texts])
    outputs = [output for tree in trees for output in tree.find_all(nodes.Output)]
    return {SENTENCE, *(name.name for output in outputs for name in output.find_all(nodes.Name))}


def _points(space: Space, factor: str, level: str) -> Generator[Point]:
    """Of every letter, the usual one first, the point with this level and with what it has to go with."""
    company = space.factors[factor].levels[level].goes_with
    for letter in sorted(space.variants, key=lambda letter: (letter != USUAL, letter)):
        base = space.letter(letter)
        needed = {other: allowed[0] for other, allowed in company.items() if base.levels[other] not in allowed}
        levels = {**base.levels, **needed, factor: level}
        if base.variant is None and not space.conflict(levels):
            yield space.named(levels)
