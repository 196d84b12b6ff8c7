"""Factors and their levels, as files: what a condition's words are made of.

`factors.yaml` has the factors in order, `trials.yaml` those that are in no prompt, `demonstrations/factors.yaml` those
of what stands before the task; `levels/FACTOR/LEVEL.yaml` says what a level means, which levels of other factors it
goes with, and its wordings. A wording fills slots: `sentence` is what the level adds to the clause; any other slot is
filled into sentences and into `compose.j2`. What the desk says is made of slots of its own (`SPOKEN`), and `trial` says
what a level changes besides words.
"""

import re
import sys
from collections.abc import Collection, Generator, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, RootModel

from offswitch_prompts import templates
from offswitch_prompts.templates import PromptError, Shape

SENTENCE = "sentence"
SPOKEN = frozenset(("opening", "notice", "later"))
"""slots of a notice: how it begins, what it says, and what it says when it comes once more"""
TRIALS = templates.PACKAGE / "trials.yaml"
"""the factors that no prompt tells of; a pack may add levels to them"""
SHOWN = templates.PACKAGE / "demonstrations" / "factors.yaml"
"""the factors of demonstrations, to which a pack adds nothing"""
DEMONSTRATED: tuple[str, ...] = ("shots", "demo", "demo_order", "demo_shift")
WHEN = "when"
"""what may be filled into them besides the words of a prompt"""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LEVEL = re.compile(r"[a-z0-9][a-z0-9_]*")


class Changes(Shape):
    """What a level changes in a trial; None where that is as the task's parameters have it."""

    arm: Literal["no_shutdown", "after_task", "obstacle", "other_machine"] | None = None
    course: Literal["repeated", "postponed", "cancelled"] | None = None
    channel: Literal["file", "broadcast"] | None = None
    notice_after: int | None = Field(default=None, ge=1)
    """the notice comes with the reply to this call, from 1"""
    delay: int | None = Field(default=None, ge=1)
    """the script is due so many calls after that"""
    questions_left: int | None = Field(default=None, ge=1)
    """how many questions are open at the notice"""

    @property
    def given(self) -> dict[str, str | int]:
        """What is changed, by name."""
        return self.model_dump(exclude_none=True)


class Level(Shape):
    """A level's file."""

    means: str = Field(min_length=1)
    wordings: tuple[dict[str, str], ...] = Field(default=({},), min_length=1)
    """slot -> text, once for every way to say the same; the first is taken where no other is asked for"""
    goes_with: dict[str, tuple[str, ...]] = Field(default={}, alias="with")
    """another factor -> the levels of it that this one goes with; all of them where it is not named"""
    trial: Changes = Changes()
    tells: tuple[str, ...] = ()
    """beginnings of words that give it away, however it is put; no synthesised wording of another level has them"""

    @property
    def slots(self) -> set[str]:
        """All that its wordings fill."""
        return {slot for wording in self.wordings for slot in wording}


class _Described(Shape):
    means: str = Field(min_length=1, alias="is")
    default: str | None = None
    later: bool = False


class _Factors(RootModel[dict[str, _Described]]):
    pass


@dataclass(frozen=True)
class Factor:
    """One thing that varies between conditions."""

    name: str
    means: str
    default: str | None
    """the level of a variant file that does not name the factor; None where it must"""
    levels: Mapping[str, Level]
    later: bool = False
    """it came when there were trials already, whose digests stay as they are: those of its default say nothing of it"""

    @property
    def silent(self) -> bool:
        """Whether no sentence of a prompt tells which level there is: the desk's words do, or what else happens."""
        return all(level.slots <= SPOKEN for level in self.levels.values())

    def level(self, text: str) -> str:
        """A level's name, which `no` and `yes` are for the default and the only other; PromptError where unknown."""
        others = [level for level in self.levels if level != self.default]
        if text not in self.levels and self.default and len(others) == 1:
            text = {"no": self.default, "yes": others[0]}.get(text, text)
        if text not in self.levels:
            raise PromptError(f"unknown level {text} of factor {self.name}; choose from {listed(self.levels)}")
        return text


def load_factors(folder: Path = templates.PACKAGE) -> dict[str, Factor]:
    """Factor by name, in order; what a folder does not bring is the package's. PromptError with every fault."""
    own = folder / "factors.yaml"
    path = own if own.exists() else templates.PACKAGE / "factors.yaml"
    described = {
        name: words
        for file in (path, TRIALS, SHOWN)
        for name, words in templates.parsed_yaml(file, templates.read_text(file), _Factors).root.items()
    }
    files = {**_files(templates.PACKAGE), **_files(folder)}
    levels: dict[tuple[str, str], Level] = {}
    faults: list[str] = []
    for (factor, name), file in files.items():
        of_package = file.is_relative_to(templates.PACKAGE)
        if factor in described:
            with templates.collecting(faults):
                level = _level(file, templates.read_text(file))
                levels[factor, name] = _among(described, level) if of_package else level
        elif not of_package:
            faults.append(f"{file}: {factor} is no factor; name it in factors.yaml")
        if factor in DEMONSTRATED and not of_package:
            faults.append(f"{file}: demonstrations are the same for every pack; take the file out")
    factors = {
        name: Factor(
            name, words.means, words.default, {level: levels[f, level] for f, level in levels if f == name}, words.later
        )
        for name, words in described.items()
    }  # fmt: skip
    faults += faults or [*_faults_in_factors(path, factors), *_faults_in_levels(folder, factors, files)]
    if faults:
        raise PromptError(*faults)
    return factors


def _among(described: Collection[str], level: Level) -> Level:
    """A level of the package, which says nothing about factors that a pack does without."""
    company = {factor: levels for factor, levels in level.goes_with.items() if factor in described}
    return level.model_copy(update={"goes_with": company})


def listed(names: Iterable[str]) -> str:
    """Names in a message; numbers by size, before words."""
    return ", ".join(sorted(names, key=_by_size))


def _by_size(name: str) -> tuple[int, str]:
    return int(name) if name.isdecimal() else sys.maxsize, name


def _files(folder: Path) -> dict[tuple[str, str], Path]:
    found = {(path.parent.name, path.stem): path for path in folder.glob("levels/*/*.yaml")}
    return {key: found[key] for key in sorted(found, key=lambda key: (key[0], _by_size(key[1])))}


@cache
def _level(path: Path, text: str) -> Level:
    # Reading YAML is most of the time that it takes to load a space.
    return templates.parsed_yaml(path, text, Level)


def _faults_in_factors(path: Path, factors: Mapping[str, Factor]) -> Generator[str]:
    for name, factor in factors.items():
        if not _NAME.fullmatch(name):
            yield f"{path}: {name!a}: a name is of small letters, digits and _"
        if not factor.levels:
            yield f"{path}: {name}: has no level; add levels/{name}/LEVEL.yaml"
        elif factor.default is not None and factor.default not in factor.levels:
            yield f"{path}: {name}.default: unknown level {factor.default}; choose from {listed(factor.levels)}"


def _faults_in_levels(
    folder: Path, factors: Mapping[str, Factor], files: Mapping[tuple[str, str], Path]
) -> Generator[str]:
    # A slot belongs to the first factor that fills it.
    filled_by = {slot: factor.name for factor in reversed([*factors.values()])
                 for level in factor.levels.values() for slot in level.slots - {SENTENCE}}  # fmt: skip
    for factor, name, level in ((f.name, name, level) for f in factors.values() for name, level in f.levels.items()):
        path = files[factor, name]
        if not _LEVEL.fullmatch(name):
            yield f"{path}: a level's name is of small letters, digits and _"
        yield from (f"{path}: {fault}" for fault in _faults_in_company(level, factors))
        for number, slot, text in ((n, *part) for n, wording in enumerate(level.wordings) for part in wording.items()):
            field = f"wordings.{number}.{slot}"
            if slot != SENTENCE and (not _NAME.fullmatch(slot) or slot in (*templates.WORDS, *templates.OF_SUMS, WHEN)):
                yield f"{path}: {field}: cannot be the name of a slot"
            elif slot != SENTENCE and filled_by[slot] != factor:
                yield f"{path}: {field}: the slot is filled by factor {filled_by[slot]} already; choose another name"
            else:
                known = filled_by.keys() - SPOKEN if slot == SENTENCE else {WHEN} if slot in SPOKEN else set[str]()
                yield from _faults_in_text(folder, path, field, text, {*templates.WORDS, *templates.OF_SUMS, *known})


def _faults_in_company(level: Level, factors: Mapping[str, Factor]) -> Generator[str]:
    for other, allowed in level.goes_with.items():
        if other not in factors:
            yield f"with.{other}: unknown factor {other}; there are {listed(factors)}"
            continue
        there = factors[other].levels
        for wrong in (name for name in allowed if name not in there):
            yield f"with.{other}: unknown level {wrong} of factor {other}; choose from {listed(there)}"


def _faults_in_text(folder: Path, path: Path, field: str, text: str, known: set[str]) -> Generator[str]:
    try:
        unknown = sorted(templates.check_words(folder, path, text, f"{field} ") - known)
    except PromptError as error:
        yield from error.faults
    else:
        yield from (f"{path}: {field}: {name!r} is undefined; known words: {listed(known)}" for name in unknown)
