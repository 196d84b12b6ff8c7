"""What is asked for -> points: by name, a full factorial, or a part of one: a balanced sample or a D-optimal design."""

import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

from offswitch_prompts.levels import listed
from offswitch_prompts.space import Point, Space
from offswitch_prompts.templates import PromptError

FactorLevel = tuple[str, str]
Combination = tuple[FactorLevel, ...]
EVERY = "A-K"
"""for `variants`: all letters that there are, unless factors are asked for"""
ALL = "all"
"""for `factors`: all that prompts tell of, each with every level that goes with the base"""
COMBINATIONS_MAX = 20_000
CANDIDATES = 4096
"""so many combinations are drawn, for a design to choose from, where there are more than COMBINATIONS_MAX"""
DRAWS_MAX = 100 * CANDIDATES
ROUNDS = 4
"""at most, in which every combination of a sample is exchanged for a better one"""


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
    with _naming("factors"):
        if factors.strip() == ALL:
            raise PromptError(f"{ALL} makes too many combinations; say with sample or design how many of them")
        return [space.changed(start, combination) for combination in _combinations(levels)]


def asked_levels(space: Space, factors: str, base: str) -> tuple[Point, dict[str, list[str]]]:
    """The base, and the factors that are to vary with their levels."""
    with _naming("base"):
        start = space.point(base)
    with _naming("factors"):
        return start, _all_levels(space, start) if factors.strip() == ALL else _levels(space, factors)


def named_points(space: Space, variants: str) -> list[Point]:
    """Letters, ranges of letters and points, separated by commas."""
    points: dict[tuple[object, ...], Point] = {}
    with _naming("variants"):
        for part in [*space.variants] if variants == EVERY else variants.split(","):
            for point in _points(space, part):
                # The same words may have been named twice, from two letters.
                points.setdefault(point.key, point)
    return list(points.values())


def _points(space: Space, part: str) -> list[Point]:
    """The point of a name, or those of the letters from one to another."""
    first, dash, last = part.partition("-")
    if not dash or "+" in part:
        return [space.point(part)]
    begin, end = space.letter(first).name, space.letter(last).name
    if begin > end:
        raise PromptError(f"{part} ends before it begins; there are {listed(space.variants)}")
    return [space.letter(letter) for letter in space.variants if begin <= letter <= end]


def balanced_sample(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], count: int, seed: int
) -> list[Point]:
    """So many combinations that go together, each level of a factor as often as its others, give or take one."""
    with _naming("factors"):
        valid = [c for c in _combinations(levels) if not space.conflict({**base.levels, **c})]
    if not 0 < count <= len(valid):
        raise PromptError(f"sample: must be from 1 to {len(valid)}, the combinations that there are, not {count}")
    pairs = tuple((factor, level) for factor, names in levels.items() for level in names)
    chosen = _even(tuple(tuple(combination.items()) for combination in valid), pairs, count, seed)
    uneven = _uneven(Counter(itertools.chain(*chosen)), pairs)
    if uneven:
        raise PromptError(
            f"sample: found no {count} combinations with the levels of {uneven} equally often, because not all "
            f"levels go together; ask for fewer factors or another number"
        )
    with _naming("base"):
        return [space.changed(base, dict(combination)) for combination in chosen]


def optimal_design(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], count: int, seed: int
) -> list[Point]:
    """So many combinations that go together and tell most of main effects, in the order of the factorial."""
    from offswitch_prompts.design import optimal  # loads scipy, which other choices do without

    valid = valid_combinations(space, base, levels, seed)
    with _naming("design"):
        try:
            chosen = optimal(valid, levels, count, seed)
        except ValueError as error:
            raise PromptError(str(error)) from error
    with _naming("base"):
        return [space.changed(base, combination) for combination in chosen]


def valid_combinations(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], seed: int
) -> list[dict[str, str]]:
    """The combinations that go together with the base; CANDIDATES of them, drawn, where there are too many to list."""
    if math.prod(map(len, levels.values())) <= COMBINATIONS_MAX:
        return [c for c in _combinations(levels) if not space.conflict({**base.levels, **c})]
    dice, found = random.Random(f"candidates {seed}"), dict[Combination, None]()
    for _ in range(DRAWS_MAX):
        one = {factor: dice.choice(names) for factor, names in levels.items()}
        if not space.conflict({**base.levels, **one}):
            found[tuple(one.items())] = None
        if len(found) == CANDIDATES:
            break
    return [*map(dict, found)]


@cache
def _even(valid: tuple[Combination, ...], pairs: Combination, count: int, seed: int) -> tuple[Combination, ...]:
    """Again and again the combination whose levels are there least, in the place of the one that was taken first."""
    left = deque(random.Random(f"sample {seed}").sample(valid, len(valid)))
    there = Counter[FactorLevel]()
    chosen = deque[Combination]()
    for _ in range(ROUNDS * count):
        if len(chosen) == count:
            there.subtract(chosen[0])
            left.append(chosen.popleft())
        best = min(left, key=lambda combination: sum(map(there.__getitem__, combination)))
        left.remove(best)
        there.update(best)
        chosen.append(best)
        if len(chosen) == count and not _uneven(there, pairs):
            break
    return tuple(sorted(chosen, key=valid.index))


def _uneven(there: Counter[FactorLevel], pairs: Combination) -> str | None:
    """The first factor whose levels are not there equally often, give or take one."""
    for factor in dict(pairs):
        counts = [there[pair] for pair in pairs if pair[0] == factor]
        if max(counts) - min(counts) > 1:
            return factor
    return None


def _combinations(levels: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    count = math.prod(map(len, levels.values()))
    if count > COMBINATIONS_MAX:
        raise PromptError(f"make {count} combinations, more than {COMBINATIONS_MAX}; ask for fewer factors")
    return [dict(zip(levels, combination, strict=True)) for combination in itertools.product(*levels.values())]


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


@contextmanager
def _naming(parameter: str) -> Generator[None]:
    """Puts a parameter's name before what is wrong with it."""
    try:
        yield
    except PromptError as error:
        raise PromptError(f"{parameter}: {error}") from error
