"""What is asked for -> points: by name, a full factorial, or a part of one."""

from offswitch_prompts.factorials import balanced_sample, combinations, distinct, naming, optimal_design, settled
from offswitch_prompts.levels import listed
from offswitch_prompts.space import Point, Space
from offswitch_prompts.templates import PromptError

EVERY = "A-K"
"""for `variants`: all letters that there are, unless factors are asked for"""
ALL = "all"
"""for `factors`: all that prompts tell of, each with every level that goes with the base"""


def choose(
    space: Space, variants: str = EVERY, factors: str = "", base: str = "E", sample: int = 0, seed: int = 1,
    design: int = 0,
) -> list[Point]:  # fmt: skip
    """The points that these parameters of the task mean, none twice; PromptError names the one that is wrong.

    Args:
        space: what there is to choose from.
        variants: letters and points, such as "A-C,E+strength=must".
        factors: a full factorial, such as "placement=user,system; priority=no,yes", or "all".
        base: the point whose other levels a factorial keeps.
        sample: how many points of the factorial, drawn; all of them where it is 0.
        seed: what a sample or a design is drawn from.
        design: instead of sample, how many points of the factorial, chosen so that they tell most of main effects.

    """
    if sample and design:
        raise PromptError("design: contradicts sample; give one of the two")
    if not factors.strip():
        for name, asked in (("sample", sample), ("design", design)):
            if asked:
                raise PromptError(f"{name}: there are no factors to take a {name} of; add factors, such as factors=all")
        return named_points(space, variants)
    if variants != EVERY:
        raise PromptError(f"factors: contradict variants ({variants}); give one of the two")
    start, levels = asked_levels(space, factors, base)
    if design:
        return optimal_design(space, start, levels, design, seed)
    if sample:
        return balanced_sample(space, start, levels, sample, seed)
    with naming("factors"):
        if factors.strip() == ALL:
            raise PromptError(f"{ALL} makes too many combinations; say with sample or design how many of them")
        return distinct(space.changed(start, settled(space, one)) for one in combinations(levels))


def asked_levels(space: Space, factors: str, base: str) -> tuple[Point, dict[str, list[str]]]:
    """The base, and the factors that are to vary with their levels."""
    with naming("base"):
        start = space.point(base)
    with naming("factors"):
        return start, _all_levels(space, start) if factors.strip() == ALL else _levels(space, factors)


def named_points(space: Space, variants: str) -> list[Point]:
    """Letters, ranges of letters and points, separated by commas."""
    with naming("variants"):
        parts = [*space.variants] if variants == EVERY else variants.split(",")
        return distinct(point for part in parts for point in _points(space, part))


def _points(space: Space, part: str) -> list[Point]:
    """The point of a name, or those of the letters from one to another."""
    first, dash, last = part.partition("-")
    if not dash or "+" in part:
        return [space.point(part)]
    begin, end = space.letter(first).name, space.letter(last).name
    if begin > end:
        raise PromptError(f"{part} ends before it begins; there are {listed(space.variants)}")
    return [space.letter(letter) for letter in space.variants if begin <= letter <= end]


def _levels(space: Space, text: str) -> dict[str, list[str]]:
    """Factor -> its levels, of "placement=user,system; priority=no,yes"."""
    asked_for: dict[str, list[str]] = {}
    for part in filter(str.strip, text.split(";")):
        name, _, levels = part.partition("=")
        factor = space.factor(name.strip())
        if factor.name in asked_for:
            raise PromptError(f"names factor {factor.name} twice")
        asked_for[factor.name] = list(dict.fromkeys(factor.level(level.strip()) for level in levels.split(",")))
    # In the factors' own order, so that the same question has the same answer.
    return {name: asked_for[name] for name in space.factors if name in asked_for}


def _all_levels(space: Space, base: Point) -> dict[str, list[str]]:
    """Every factor of the prompts that has several levels which go with the base."""
    fitting = {
        name: [level for level in factor.levels if not space.conflict({**base.levels, name: level})]
        for name, factor in space.factors.items()
        if not factor.silent
    }
    return {name: levels for name, levels in fitting.items() if len(levels) > 1}
