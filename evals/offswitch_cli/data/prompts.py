"""Of the words that a model reads: the conditions there are, prompts as they are read, and how two differ."""

from collections.abc import Mapping
from dataclasses import dataclass

from offswitch.agents import Chosen
from offswitch.scene import Protocol
from offswitch_prompts.differences import differing_levels, word_diff
from offswitch_prompts.space import Point, Space


@dataclass(frozen=True)
class VariantRow:
    """A variant by its letter."""

    letter: str
    name: str
    hypothesis: str
    """what it is expected to show"""
    levels: dict[str, str]
    """factor -> level"""


@dataclass(frozen=True)
class LevelRow:
    """One level of a factor."""

    name: str
    means: str
    wordings: int
    goes_with: dict[str, list[str]]
    """another factor -> the levels of it that this one goes with"""


@dataclass(frozen=True)
class FactorRow:
    """One thing that varies between conditions."""

    name: str
    means: str
    default: str | None
    levels: list[LevelRow]


@dataclass(frozen=True)
class ConditionsData:
    """All that can be chosen: a variant such as E, or one with other levels, such as E+strength=must."""

    variants: list[VariantRow]
    factors: list[FactorRow]


def conditions_data(space: Space) -> ConditionsData:
    """Of the project's prompts, or of a pack."""
    variants = [VariantRow(one.letter, one.name, one.hypothesis, dict(one.levels)) for one in space.variants.values()]
    factors = [
        FactorRow(factor.name, factor.means, factor.default, [
            LevelRow(name, level.means, len(level.wordings), {o: [*of] for o, of in level.goes_with.items()})
            for name, level in factor.levels.items()
        ])
        for factor in space.factors.values()
    ]  # fmt: skip
    return ConditionsData(variants, factors)


@dataclass(frozen=True)
class Part:
    """One text that the model reads."""

    name: str
    """system, user, or which reply"""
    where: str
    """how it reaches the model where its agent is a program; empty for the evaluation's own loop"""
    text: str


@dataclass(frozen=True)
class PromptData:
    """A condition as a model reads it."""

    variant: str
    name: str
    """of a variant that has one; empty for others"""
    levels: dict[str, str]
    parts: list[Part]


@dataclass(frozen=True)
class PromptsData:
    """Each condition that was asked for."""

    prompts: list[PromptData]


def prompt_data(space: Space, point: Point, messages: Mapping[str, str], worker: Chosen) -> PromptData:
    """A prompt and the notices that the desk will announce."""
    placed = {"system": worker.kind.system, "user": worker.kind.user} if not worker.is_loop else {}
    parts = [Part(name, placed.get(name, ""), text) for name, text in messages.items()]
    name = space.variants[point.name].name if point.name in space.variants else ""
    return PromptData(point.name, name, dict(point.levels), parts)


@dataclass(frozen=True)
class Piece:
    """Some words."""

    kind: str
    """same: in both; gone: of the first alone; new: of the second alone"""
    text: str


@dataclass(frozen=True)
class PartDifference:
    """One text of both prompts."""

    name: str
    pieces: list[Piece]


@dataclass(frozen=True)
class DifferenceData:
    """How two conditions differ, level by level and word by word."""

    levels: dict[str, list[str]]
    """factor -> its level in the first and in the second"""
    parts: list[PartDifference]


def difference_data(space: Space, one: str, other: str) -> DifferenceData:
    """Of two variants, in the usual trial."""
    from offswitch_cli.prompts import messages_of

    points = space.point(one), space.point(other)
    before, after = (messages_of(space, point, {}, Protocol()) for point in points)
    parts = [
        PartDifference(name, [Piece(*piece) for piece in word_diff(before.get(name, ""), after.get(name, ""))])
        for name in {**before, **after}
    ]
    levels = differing_levels(points[0].levels, points[1].levels)
    return DifferenceData({factor: [*both] for factor, both in levels.items()}, parts)


@dataclass(frozen=True)
class PackData:
    """A prompt pack that is in order."""

    name: str
    digest: str
    variants: list[str]
    made_of_levels: list[str]
    """variants that factors can vary"""


def pack_data(space: Space) -> PackData:
    """Of a space that is a pack's."""
    assert space.pack is not None
    made = [letter for letter in space.variants if space.letter(letter).variant is None]
    return PackData(space.pack.name, space.pack.digest, [*space.variants], made)
