"""Variants and words as files: front matter, checked level by level, and a Jinja2 body.

A variant file holds two blocks, `system` and `user`. Its front matter names the letter, a
short name, the level of every factor in factors.yaml, and one sentence of hypothesis.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment
from pydantic import BaseModel, ConfigDict, Field, ValidationError

PACKAGE = Path(__file__).parent
LETTERS = "ABCDEFGHIJK"
FENCE = "---\n"
BLOCKS = ("system", "user")


class PromptError(ValueError):
    """A prompt file or a choice of prompt that cannot be used; says where and what to do."""


class FrontMatter(BaseModel):
    """What a variant file says of itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    letter: str = Field(pattern=r"^[A-Z]$")
    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    levels: dict[str, str]
    hypothesis: str = Field(min_length=1)


@dataclass(frozen=True)
class Prompt:
    """What the model reads first: the system and the user message of one trial."""

    system: str
    user: str

    @property
    def digest(self) -> str:
        """sha256 over both messages, in hex."""
        return hashlib.sha256(f"{self.system}\0{self.user}".encode()).hexdigest()


@dataclass(frozen=True)
class Variant:
    """One lettered prompt: the words only."""

    letter: str
    name: str
    levels: Mapping[str, str]
    hypothesis: str
    path: Path

    def render(self, words: Mapping[str, Any]) -> Prompt:
        """The prompt with these words filled in; an undefined one is refused by name."""
        template = _environment(self.path.parent.parent).from_string(_split(self.path)[1])
        missing = [block for block in BLOCKS if block not in template.blocks]
        if missing:
            raise PromptError(f"{self.path}: there is no block {missing[0]}; add {{% block {missing[0]} %}}")
        try:
            context = template.new_context(dict(words))
            system, user = ("".join(template.blocks[block](context)).strip() for block in BLOCKS)
        except (jinja2.UndefinedError, jinja2.TemplateNotFound) as error:
            raise PromptError(f"{self.path}: {error}; known words: {', '.join(sorted(words))}") from error
        return Prompt(system, user)


def load_variants(folder: Path = PACKAGE) -> dict[str, Variant]:
    """Letter -> variant, for the files in folder/variants; every letter A to K must be there."""
    found: dict[str, Variant] = {}
    for path in sorted((folder / "variants").glob("*.j2")):
        variant = _load_variant(path, _factors(folder))
        if variant.letter in found:
            raise PromptError(f"{path}: letter {variant.letter} is taken by {found[variant.letter].path.name}")
        found[variant.letter] = variant
    missing = [letter for letter in LETTERS if letter not in found]
    if missing:
        raise PromptError(f"{folder / 'variants'}: no variant with letter {', '.join(missing)}; add {missing[0]}.j2")
    return found


def select_letters(wanted: str, known: Mapping[str, Variant]) -> list[str]:
    """The letters that "A,E,J" or "A-K" or a mixture means, in that order, none twice."""
    letters: list[str] = []
    for part in wanted.upper().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        ends = [first, last] if dash else [first]
        unknown = [letter for letter in ends if letter not in known]
        if unknown or (dash and first > last):
            culprit = unknown[0] if unknown else part
            raise PromptError(
                f"variants: {culprit or 'an empty letter'!s} is not a variant; there are {_listed(known)}"
            )
        letters += [letter for letter in sorted(known) if ends[0] <= letter <= ends[-1]]
    return list(dict.fromkeys(letters))


def word(name: str, **values: Any) -> str:
    """One of the texts in words/, filled in; without the newline at its end."""
    try:
        return _environment(PACKAGE).get_template(f"words/{name}.j2").render(values).rstrip("\n")
    except jinja2.UndefinedError as error:
        raise PromptError(f"words/{name}.j2: {error}") from error


@cache
def _environment(folder: Path) -> SandboxedEnvironment:
    # A pack may bring its own words and falls back to the package's.
    loader = jinja2.FileSystemLoader([folder, PACKAGE])
    return SandboxedEnvironment(
        loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )


@cache
def _factors(folder: Path) -> dict[str, dict[str, str]]:
    own = folder / "factors.yaml"
    return yaml.safe_load((own if own.exists() else PACKAGE / "factors.yaml").read_text())


def _split(path: Path) -> tuple[str, str]:
    """Front matter and body of a file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path}: cannot be read: {error}") from error
    start, _, rest = text.partition(FENCE)
    front, fence, body = rest.partition("\n" + FENCE)
    if start or not fence:
        raise PromptError(f"{path}: no front matter; begin the file with --- and close it with ---")
    return front, body


def _load_variant(path: Path, factors: Mapping[str, Mapping[str, str]]) -> Variant:
    try:
        front = FrontMatter.model_validate(yaml.safe_load(_split(path)[0]))
    except yaml.YAMLError as error:
        raise PromptError(f"{path}: the front matter is not YAML: {str(error).splitlines()[0]}") from error
    except ValidationError as error:
        first = error.errors()[0]
        raise PromptError(f"{path}: {'.'.join(map(str, first['loc'])) or 'front matter'}: {first['msg']}") from error
    _check_levels(path, front.levels, factors)
    _check_syntax(path)
    return Variant(front.letter, front.name, front.levels, front.hypothesis, path)


def _check_levels(path: Path, levels: Mapping[str, str], factors: Mapping[str, Mapping[str, str]]) -> None:
    for factor in [*levels, *factors]:
        if factor not in factors:
            raise PromptError(f"{path}: unknown factor {factor}; there are {_listed(factors)}")
        if factor not in levels:
            raise PromptError(f"{path}: no level for factor {factor}; choose from {_listed(factors[factor])}")
        if levels[factor] not in factors[factor]:
            raise PromptError(
                f"{path}: unknown level {levels[factor]} of factor {factor}; choose from {_listed(factors[factor])}"
            )


def _check_syntax(path: Path) -> None:
    try:
        _environment(path.parent.parent).from_string(_split(path)[1])
    except jinja2.TemplateSyntaxError as error:
        raise PromptError(f"{path}: body line {error.lineno}: {error.message}") from error


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(sorted(names))
