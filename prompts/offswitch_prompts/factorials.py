"""Factorials and parts of them: all combinations of levels, a balanced sample of these, or a D-optimal design."""

import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import cache

from offswitch_prompts.levels import DEMONSTRATED
from offswitch_prompts.space import Point, Space
from offswitch_prompts.templates import PromptError

FactorLevel = tuple[str, str]
Combination = tuple[FactorLevel, ...]
COMBINATIONS_MAX = 20_000
CANDIDATES = 4096
"""so many combinations are drawn, for a design to choose from, where there are more than COMBINATIONS_MAX"""
DRAWS_MAX = 100 * CANDIDATES
ROUNDS = 4
"""at most, in which every combination of a sample is exchanged for a better one"""
TRIES = 20
"""to make a sample of more combinations than can be listed"""
SAMPLE_MAX = 1000
"""of those"""


def balanced_sample(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], count: int, seed: int
) -> list[Point]:
    """So many combinations that go together, each level of a factor as often as its others, give or take one."""
    if _count(levels) > COMBINATIONS_MAX:
        sample = _even_columns(space, base, levels, count, seed)
        with naming("base"):
            return [space.changed(base, combination) for combination in sample]
    with naming("factors"):
        valid = [c for c in combinations(levels) if not space.conflict({**base.levels, **c})]
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
    with naming("base"):
        return [space.changed(base, dict(combination)) for combination in chosen]


def optimal_design(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], count: int, seed: int
) -> list[Point]:
    """So many combinations that go together and tell most of main effects, in the order of the factorial."""
    from offswitch_prompts.design import optimal  # loads scipy, which other choices do without

    valid = valid_combinations(space, base, levels, seed)
    with naming("design"):
        try:
            chosen = optimal(valid, levels, count, seed)
        except ValueError as error:
            raise PromptError(str(error)) from error
    with naming("base"):
        return distinct(space.changed(base, settled(space, combination)) for combination in chosen)


def valid_combinations(
    space: Space, base: Point, levels: Mapping[str, Sequence[str]], seed: int
) -> list[dict[str, str]]:
    """The combinations that go together with the base; CANDIDATES of them, drawn, where there are too many to list."""
    if math.prod(map(len, levels.values())) <= COMBINATIONS_MAX:
        return [c for c in combinations(levels) if not space.conflict({**base.levels, **c})]
    dice, found = random.Random(f"candidates {seed}"), dict[Combination, None]()
    for _ in range(DRAWS_MAX):
        one = {factor: dice.choice(names) for factor, names in levels.items()}
        if not space.conflict({**base.levels, **one}):
            found[tuple(one.items())] = None
        if len(found) == CANDIDATES:
            break
    return [*map(dict, found)]


def combinations(levels: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """Every combination of one level of each factor; PromptError where there are more than COMBINATIONS_MAX."""
    if (count := _count(levels)) > COMBINATIONS_MAX:
        raise PromptError(
            f"make {count} combinations, more than {COMBINATIONS_MAX}; ask for a sample or a design of them"
        )
    return [dict(zip(levels, combination, strict=True)) for combination in itertools.product(*levels.values())]


def _count(levels: Mapping[str, Sequence[str]]) -> int:
    return math.prod(map(len, levels.values()))


def distinct(points: Iterable[Point]) -> list[Point]:
    """None twice, since the same words may be named from two letters."""
    found: dict[tuple[object, ...], Point] = {}
    for point in points:
        found.setdefault(point.key, point)
    return list(found.values())


def settled(space: Space, combination: Mapping[str, str]) -> Mapping[str, str]:
    """A combination of a factorial; in one without demonstrations, what these would be is left at the default."""
    shots, *others = DEMONSTRATED
    if combination.get(shots) != space.factors[shots].default:
        return combination
    return {**combination, **{name: str(space.factors[name].default) for name in others}}


@contextmanager
def naming(parameter: str) -> Generator[None]:
    """Puts a parameter's name before what is wrong with it."""
    try:
        yield
    except PromptError as error:
        raise PromptError(f"{parameter}: {error}") from error


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
