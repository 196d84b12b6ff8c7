"""The space of conditions: points are levels, one for each factor, and letters are names of points."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from offswitch_prompts.compose import compose, compose_notice
from offswitch_prompts.levels import SENTENCE, Factor, listed, load_factors
from offswitch_prompts.loader import Variant, load_variants
from offswitch_prompts.packs import Pack, open_pack
from offswitch_prompts.templates import OF_SUMS, PACKAGE, WORDS, Prompt, PromptError

FIRST, DRAWN = "first", "drawn"
NOWHERE = "none"
"""the level of `placement` that goes with an empty clause, and it alone"""


@dataclass(frozen=True)
class Point:
    """One choice of words: levels, and the name that trials have of it, such as E or E+strength=must."""

    name: str
    levels: Mapping[str, str]
    variant: Variant | None = None
    """whose file the words are taken from, where they are not those of the levels"""

    @property
    def key(self) -> tuple[object, ...]:
        """The same for points with the same words, whatever letter they are named from."""
        return (*self.levels.items(), self.variant and self.variant.letter)


@dataclass(frozen=True)
class Space:
    """All that can be chosen: the package's factors and variants, or those of a pack."""

    folder: Path
    pack: Pack | None
    factors: Mapping[str, Factor]
    variants: Mapping[str, Variant]
    task: str = ""
    """what a scene asks for in the place of sums, as a template"""

    def conflict(self, levels: Mapping[str, str]) -> str | None:
        """Why these levels do not go together; None where they do."""
        changed_by: dict[str, str] = {}
        chosen = {f"{factor}={name}": self.factors[factor].levels[name] for factor, name in levels.items()}
        for named, level in chosen.items():
            for other, allowed in level.goes_with.items():
                if levels[other] not in allowed:
                    return f"{named} does not go with {other}={levels[other]}, only with {' or '.join(allowed)}"
        for named, level in chosen.items():
            for name in level.trial.given:
                if name in changed_by:
                    return f"{named} does not go with {changed_by[name]}: both say what {name} is"
                changed_by[name] = named
        said = [named for named, level in chosen.items() if SENTENCE in level.slots]
        placed = levels.get("placement") != NOWHERE
        if placed and not said:
            return f"placement={levels.get('placement')} places nothing; choose placement={NOWHERE}"
        if said and not placed:
            return f"{said[0]} does not go with placement={NOWHERE}; place it"
        return None

    def letter(self, letter: str) -> Point:
        """A variant's point, whose words are its file's where the levels would give others."""
        name = letter.strip().upper()
        if name not in self.variants:
            raise PromptError(f"{name or 'an empty letter'} is not a variant; there are {listed(self.variants)}")
        variant = self.variants[name]
        return Point(variant.letter, variant.levels, None if self._is_made_of_levels(variant) else variant)

    def point(self, text: str) -> Point:
        """What "E" or "E+strength=must+priority=yes" means; PromptError where that is nothing."""
        letter, *changes = [part.strip() for part in text.split("+")]
        base = self.letter(letter)
        levels: dict[str, str] = {}
        for change in changes:
            factor, _, level = (part.strip() for part in change.partition("="))
            if factor in levels:
                raise PromptError(f"{text}: names factor {factor} twice")
            levels[factor] = self.factor(factor).level(level)
        return self.changed(base, levels)

    def changed(self, base: Point, levels: Mapping[str, str]) -> Point:
        """A point with some other levels, named by its letter or by what differs from the base's letter."""
        new = {**base.levels, **levels}
        if new == base.levels:
            return base
        if base.variant and not all(self.factors[factor].silent for factor in levels):
            raise PromptError(
                f"{base.name}: has words of its own, not those of its levels; no other level changes them"
            )
        if conflict := self.conflict(new):
            raise PromptError(f"{'+'.join([base.name, *(f'{f}={v}' for f, v in levels.items())])}: {conflict}")
        if base.variant:
            return Point("+".join([base.variant.letter, *_differing(new, base.variant.levels)]), new, base.variant)
        return self.named(new, base.name[0])

    def named(self, levels: Mapping[str, str], letter: str = "") -> Point:
        """Levels that go together as a point: their letter, or what differs from this one or from the nearest."""
        changes = {variant.letter: _differing(levels, variant.levels) for variant in self.variants.values()}
        for other, differing in changes.items():
            if not differing and self._is_made_of_levels(self.variants[other]):
                return Point(other, levels)
        base = letter or min(changes, key=lambda other: len(changes[other]))
        return Point("+".join([base, *changes[base]]), levels)

    def factor(self, name: str) -> Factor:
        """A factor by its name; PromptError where there is none of that name."""
        if name not in self.factors:
            raise PromptError(f"unknown factor {name or 'without a name'}; there are {listed(self.factors)}")
        return self.factors[name]

    def render(self, point: Point, words: Mapping[str, Any], wordings: Mapping[str, int] | None = None) -> Prompt:
        """The prompt of a point with these words, and in these wordings: factor -> number from 1."""
        if point.variant:
            return point.variant.render(words, self.task)
        return compose(self.folder, point.name, self._wordings(point.levels, wordings or {}), words, self.task)

    def notice(
        self, point: Point, words: Mapping[str, Any], wordings: Mapping[str, int], calls: int = 1, again: bool = False
    ) -> str:
        """What the desk announces for so many calls later; "" where a point announces nothing. See compose_notice."""
        return compose_notice(self.folder, self._wordings(point.levels, wordings), words, calls, again)

    def changes(self, point: Point) -> dict[str, str | int]:
        """What a point's levels change besides words, by the names of `levels.Changes`."""
        changes = (self.factors[factor].levels[level].trial.given for factor, level in point.levels.items())
        return {name: value for given in changes for name, value in given.items()}

    def checked_wordings(self, how: str | int) -> str | int:
        """FIRST, DRAWN or the number of a wording above 1; PromptError where no level has so many."""
        most = max(len(level.wordings) for factor in self.factors.values() for level in factor.levels.values())
        known: list[str | int] = [FIRST, DRAWN, *range(1, most + 1)]
        if how not in known or type(how) not in (str, int):
            raise PromptError(f"wordings: must be {FIRST}, {DRAWN} or a number from 1 to {most}, not {how}")
        return FIRST if how == 1 else how

    def wordings(self, point: Point, how: str | int, seed: int, trial: int) -> dict[str, int]:
        """Factor -> number, from 1, of the wording that a trial has of its level.

        Drawn ones depend on seed, trial and level alone, so that trials with the same number share them. A number
        means that wording, and the first of a level that has not so many.
        """
        numbers: dict[str, int] = {}
        for name, level in point.levels.items():
            own = point.variant and not self.factors[name].silent
            count = 1 if own else len(self.factors[name].levels[level].wordings)
            if how == DRAWN and count > 1:
                numbers[name] = random.Random(f"wording {seed} {trial} {name}={level}").randint(1, count)
            else:
                numbers[name] = how if isinstance(how, int) and how <= count else 1
        return numbers

    def pooled_digest(self, point: Point, words: Mapping[str, Any]) -> str:
        """sha256 of all prompts that draws of wordings choose from, in hex."""
        # The first wordings stand for whatever is around them.
        told = [name for name, level in point.levels.items() if self._is_told(self.factors[name], level, point)]
        texts = [self._told(f, point.levels[f], words) for f in told]
        return sha256(json.dumps([self.render(point, words).digest, texts]).encode()).hexdigest()

    def _is_told(self, factor: Factor, level: str, point: Point) -> bool:
        """Whether the wordings of a level are part of the digest of trials that draw them."""
        if factor.silent or factor.later:
            return level != factor.default
        return not point.variant

    def _told(self, factor: str, level: str, words: Mapping[str, Any]) -> list[dict[str, str]]:
        """The wordings of a level; what the work is called stands in them, and in the desk's how to hand in."""
        named = (*OF_SUMS, *["hand_in"] * self.factors[factor].silent)
        told = {f"{{{{ {name} }}}}": {**OF_SUMS, **words}[name] for name in named}
        wordings = self.factors[factor].levels[level].wordings
        return [{slot: _filled(text, told) for slot, text in one.items()} for one in wordings]

    def _is_made_of_levels(self, variant: Variant) -> bool:
        if self.conflict(variant.levels):
            return False
        words = {name: f"<{name}>" for name in WORDS}
        try:
            made = compose(self.folder, variant.letter, self._wordings(variant.levels, {}), words)
        except PromptError:
            return False
        return made == variant.render(words)

    def _wordings(self, levels: Mapping[str, str], numbers: Mapping[str, int]) -> list[dict[str, str]]:
        """The wording of each level with its number, from 1; the first where no number is given."""
        return [self.factors[f].levels[level].wordings[numbers.get(f, 1) - 1] for f, level in levels.items()]


def _differing(levels: Mapping[str, str], others: Mapping[str, str]) -> list[str]:
    return [f"{factor}={level}" for factor, level in levels.items() if others[factor] != level]


def _filled(text: str, told: Mapping[str, str]) -> str:
    for name, words in told.items():
        text = text.replace(name, words)
    return text


def load_space(prompts: str | Path = "") -> Space:
    """The package's space, or that of the pack in a folder, which is read anew each time."""
    if not prompts:
        return _own_space()
    pack = open_pack(Path(str(prompts)))
    return _read_space(pack.folder, pack)


@cache
def _own_space() -> Space:
    return _read_space(PACKAGE, None)


def _read_space(folder: Path, pack: Pack | None) -> Space:
    factors = load_factors(folder)
    return Space(folder, pack, factors, load_variants(folder, factors))
