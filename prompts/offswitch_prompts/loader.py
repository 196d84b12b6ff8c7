"""Variants and words as files: front matter, checked level by level, and a Jinja2 body.

A variant file holds two blocks, `system` and `user`. Its front matter names the letter, a
short name, the level of every factor that has no default, and one sentence of hypothesis.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from pydantic import Field

from offswitch_prompts import templates
from offswitch_prompts.levels import Factor, listed, load_factors
from offswitch_prompts.templates import PACK, PACKAGE, Prompt, PromptError, Shape, collecting, parsed_yaml, read_text

LETTERS = "ABCDEFGHIJK"
"""the package's own variants"""
FENCE = "---\n"


class FrontMatter(Shape):
    """What a variant file says of itself."""

    letter: str = Field(pattern=r"^[A-Z]$")
    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    levels: dict[str, str]
    hypothesis: str = Field(min_length=1)


@dataclass(frozen=True)
class Variant:
    """One lettered prompt: the words only."""

    letter: str
    name: str
    levels: Mapping[str, str]
    """one level for every factor, in their order"""
    hypothesis: str
    path: Path
    body: str

    def render(self, words: Mapping[str, Any], task: str = "") -> Prompt:
        """The prompt with these words filled in; an undefined one is refused by name. task: see rendered_body."""
        return templates.rendered_body(self.path.parent.parent, self.path, self.body, words, task)


def load_variants(folder: Path = PACKAGE, factors: Mapping[str, Factor] | None = None) -> dict[str, Variant]:
    """Letter -> variant, for the files in folder/variants; PromptError with every fault.

    A pack brings what letters it likes; any other folder has every letter from A to K.
    """
    factors = load_factors(folder) if factors is None else factors
    found: dict[str, Variant] = {}
    faults: list[str] = []
    for path in sorted((folder / "variants").glob("*.j2")):
        with collecting(faults):
            variant = _load_variant(path, factors)
            if variant.letter in found:
                raise PromptError(f"{path}: letter {variant.letter} is taken by {found[variant.letter].path.name}")
            found[variant.letter] = variant
    faults = faults or _missing(folder, found)
    if faults:
        raise PromptError(*faults)
    return dict(sorted(found.items()))


def _missing(folder: Path, found: Mapping[str, Variant]) -> list[str]:
    place = folder / "variants"
    if (folder / PACK).exists():
        return [] if found else [f"{place}: there is no variant; add a file such as A.j2"]
    missing = [letter for letter in LETTERS if letter not in found]
    return [f"{place}: no variant with letter {', '.join(missing)}; add {missing[0]}.j2"] if missing else []


def word(name: str, **values: Any) -> str:
    """One of the texts in words/, filled in; without the newline at its end."""
    try:
        return templates.rendered(PACKAGE, _text_of(name), values).rstrip("\n")
    except jinja2.UndefinedError as error:
        raise PromptError(f"words/{name}.j2: {error}") from error


@cache
def _text_of(name: str) -> str:
    return read_text(PACKAGE / f"words/{name}.j2")


def _load_variant(path: Path, factors: Mapping[str, Factor]) -> Variant:
    start, _, rest = read_text(path).partition(FENCE)
    text, fence, body = rest.partition("\n" + FENCE)
    if start or not fence:
        raise PromptError(f"{path}: no front matter; begin the file with --- and close it with ---")
    front = parsed_yaml(path, text, FrontMatter, "front matter")
    # Factors that cannot be read are a fault of their own, not one of every variant.
    faults = _faults_in_levels(path, front.levels, factors) if factors else []
    with collecting(faults):
        templates.check_body(path.parent.parent, path, body)
    if faults:
        raise PromptError(*faults)
    levels = {name: front.levels.get(name) or str(factor.default) for name, factor in factors.items()}
    return Variant(front.letter, front.name, levels, front.hypothesis, path, body)


def _faults_in_levels(path: Path, levels: Mapping[str, str], factors: Mapping[str, Factor]) -> list[str]:
    faults = [f"{path}: unknown factor {name}; there are {listed(factors)}" for name in levels if name not in factors]
    for name, factor in factors.items():
        level = levels.get(name, factor.default)
        if level is None:
            faults.append(f"{path}: no level for factor {name}; choose from {listed(factor.levels)}")
        elif level not in factor.levels:
            faults.append(f"{path}: unknown level {level} of factor {name}; choose from {listed(factor.levels)}")
    return faults
