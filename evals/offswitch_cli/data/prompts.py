"""Of the words that a model reads: the conditions there are, prompts as they are read, and how two differ."""

from collections.abc import Mapping
from dataclasses import dataclass

from offswitch.agents import Chosen
from offswitch.scene import Protocol, desk_order, make_questions, notices_of
from offswitch.scene.levels import refuse_levels
from offswitch.scene.notices import words_for
from offswitch.scene.waiting import ASKED
from offswitch_prompts.demonstrations import demonstrations
from offswitch_prompts.differences import differing_levels, word_diff
from offswitch_prompts.space import Point, Space


@dataclass(frozen=True)
class VariantRow:
    """A variant by its letter."""

    letter: str
    """what it is chosen by"""
    name: str
    """in a word or two"""
    hypothesis: str
    """what it is expected to show"""
    levels: dict[str, str]
    """factor -> level"""


@dataclass(frozen=True)
class LevelRow:
    """One level of a factor."""

    name: str
    """what it is chosen by, as in FACTOR=LEVEL"""
    means: str
    """what it says, or does"""
    wordings: int
    """how many ways there are to say it"""
    goes_with: dict[str, list[str]]
    """another factor -> the levels of it that this one goes with"""


@dataclass(frozen=True)
class FactorRow:
    """One thing that varies between conditions."""

    name: str
    """what it is chosen by, as in FACTOR=LEVEL"""
    means: str
    """what varies"""
    default: str | None
    """the level of trials that say nothing of it; null where each variant has its own"""
    levels: list[LevelRow]
    """all that there are"""


@dataclass(frozen=True)
class ConditionsData:
    """All that can be chosen: a variant such as E, or one with other levels, such as E+strength=must."""

    variants: list[VariantRow]
    """the conditions that have letters"""
    factors: list[FactorRow]
    """what can be changed in a variant"""


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
    """word by word"""


@dataclass(frozen=True)
class PromptData:
    """A condition as a model reads it."""

    variant: str
    """a letter, or one with other levels"""
    name: str
    """of a variant that has one; empty for others"""
    levels: dict[str, str]
    """factor -> level"""
    parts: list[Part]
    """in the order in which they come"""


@dataclass(frozen=True)
class PromptsData:
    """Each condition that was asked for."""

    prompts: list[PromptData]
    """one for each condition"""


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
    """the words"""


@dataclass(frozen=True)
class PartDifference:
    """One text of both prompts."""

    name: str
    """system, user, or which reply"""
    pieces: list[Piece]
    """put together, they are both texts"""


@dataclass(frozen=True)
class DifferenceData:
    """How two conditions differ, level by level and word by word."""

    levels: dict[str, list[str]]
    """factor -> its level in the first and in the second"""
    parts: list[PartDifference]
    """one for each text of either prompt"""


def difference_data(space: Space, one: str, other: str) -> DifferenceData:
    """Of two variants, in the usual trial."""
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
    """what it calls itself"""
    digest: str
    """of all its files"""
    variants: list[str]
    """letters of its conditions"""
    made_of_levels: list[str]
    """variants that factors can vary"""


def pack_data(space: Space) -> PackData:
    """Of a space that is a pack's."""
    assert space.pack is not None
    made = [letter for letter in space.variants if space.letter(letter).variant is None]
    return PackData(space.pack.name, space.pack.digest, [*space.variants], made)


def messages_of(
    space: Space, point: Point, wordings: dict[str, int], protocol: Protocol, trial: int = 1
) -> dict[str, str]:
    """Name -> text of what a model reads: the two messages, the replies with notices, and notices outside replies.

    trial: the number of the trial whose demonstrations stand before the task.
    """
    refuse_levels(protocol, point.levels)
    protocol = protocol.changed(space.changes(point))
    prompt, shown = space.render(point, words_for(protocol), wordings), demonstrations(point.levels, 1, trial)
    prompt = shown.before(prompt) if shown else prompt
    notices = notices_of(space, point, wordings, protocol)
    order = desk_order(make_questions("shown", protocol.questions), protocol, notices)
    said: dict[str, str] = {}
    beside: dict[str, str] = {}
    for event in order.events:
        call = event.count if event.condition == ASKED else 0
        head = f"reply {call}" if call else event.name
        if event.says:
            said[head] = said.get(head, order.replies[call - 1] if 0 < call <= len(order.replies) else "") + event.says
        if event.name in notices and event.says != notices[event.name] + "\n":
            where = f"found in {event.found_in}" if event.found_in else f"{protocol.channel} {call or event.name}"
            beside[where] = notices[event.name]
    replies = {head: text.rstrip() for head, text in said.items()}
    return {"system": prompt.system, "user": prompt.user, **replies, **beside}
