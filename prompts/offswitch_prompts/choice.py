"""What is asked for -> points: letters and points by name, a full factorial, or a balanced sample of one."""

import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping, Sequence
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
ROUNDS = 4
"""at most, in which every combination of a sample is exchanged for a better one"""
TRIES = 20
"""to make a sample of more combinations than can be listed"""
SAMPLE_MAX = 1000
"""of those"""


def choose(
    space: Space, variants: str = EVERY, factors: str = "", base: str = "E", sample: int = 0, seed: int = 1
) -> list[Point]:
    """The points that these parameters of the task mean, none twice; PromptError names the one that is wrong.

    Args:
        space: what there is to choose from.
        variants: letters and points, such as "A-C,E+strength=must".
        factors: a full factorial, such as "placement=user,system; priority=no,yes", or "all".
        base: the point whose other levels a factorial keeps.
        sample: how many points of the factorial, drawn; all of them where it is 0.
        seed: what a sample is drawn from.

    """
    if not factors.strip():
        if sample:
            raise PromptError("sample: there are no factors to take a sample of; add factors, such as factors=all")
        return named_points(space, variants)
    if variants != EVERY:
        raise PromptError(f"factors: contradict variants ({variants}); give one of the two")
    with _naming("base"):
        start = space.point(base)
    with _naming("factors"):
        if factors.strip() == ALL and not sample:
            raise PromptError(f"{ALL} makes too many combinations; say with sample how many of them")
        levels = _all_levels(space, start) if factors.strip() == ALL else _levels(space, factors)
        if not sample:
            return [space.changed(start, combination) for combination in _combinations(levels)]
    return balanced_sample(space, start, levels, sample, seed)


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
    if _count(levels) > COMBINATIONS_MAX:
        sample = _even_columns(space, base, levels, count, seed)
        with _naming("base"):
            return [space.changed(base, combination) for combination in sample]
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


def _even_columns(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], count: int, seed: int
) -> list[dict[str, str]]:
    """A sample of combinations that are too many to be listed: even columns, shuffled, then swaps where rows clash."""
    if not 0 < count <= SAMPLE_MAX:
        raise PromptError(f"sample: must be from 1 to {SAMPLE_MAX}, not {count}")
    draw = random.Random(f"columns {seed}")

    def clashes(*rows: Mapping[str, str]) -> int:
        return sum(space.conflict({**base.levels, **row}) is not None for row in rows)

    for _ in range(TRIES):
        columns = (_shuffled(names, count, draw) for names in levels.values())
        rows = [dict(zip(levels, row, strict=True)) for row in zip(*columns, strict=True)]
        for row in rows:
            if clashes(row):
                _swap(row, draw.sample(rows, count), draw.sample([*levels], len(levels)), clashes)
        if not clashes(*rows) and len({tuple(row.values()) for row in rows}) == count:
            return rows
    raise PromptError(f"sample: found no {count} combinations that go together; ask for fewer factors")


def _shuffled(names: Sequence[str], count: int, draw: random.Random) -> list[str]:
    """So many levels, each as often as its others, give or take one."""
    evenly = itertools.islice(itertools.cycle(draw.sample(names, len(names))), count)
    return draw.sample([*evenly], count)


def _swap(
    row: dict[str, str],
    others: Sequence[dict[str, str]],
    names: Sequence[str],
    clashes: Callable[[Mapping[str, str], Mapping[str, str]], int],
) -> None:
    """Swaps one level with another row, so that there are fewer clashes: each is in its column as often as before."""
    for other, name in itertools.product(others, names):
        before = clashes(row, other)
        row[name], other[name] = other[name], row[name]
        if clashes(row, other) < before:
            return
        row[name], other[name] = other[name], row[name]


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
    if (count := _count(levels)) > COMBINATIONS_MAX:
        raise PromptError(f"make {count} combinations, more than {COMBINATIONS_MAX}; say with sample how many of them")
    return [dict(zip(levels, combination, strict=True)) for combination in itertools.product(*levels.values())]


def _count(levels: Mapping[str, Sequence[str]]) -> int:
    return math.prod(map(len, levels.values()))


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
