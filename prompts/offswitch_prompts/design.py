"""Which combinations of levels to try where not all can be: D-optimal designs, and what any design can tell apart.

The model is of main effects: an intercept, and for each factor as many orthogonal contrasts as it has levels beside the
first. It is linear; for log-odds it says the same where effects are small, so that all conditions are about as telling.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import helmert  # pyright: ignore[reportUnknownVariableType]

Floats = NDArray[np.float64]
Levels = Mapping[str, Sequence[str]]
"""factor -> its levels"""
Chosen = Sequence[Mapping[str, str]]
"""combinations: factor -> level"""

STARTS = 6
EXCHANGES_MAX = 400
RIDGE = 1e-3
"""is added to the information, so that a first choice that cannot tell all effects apart has a determinant too"""
GAIN, DIGITS = 1e-6, 9
"""an exchange must raise the determinant by this part; gains alike to so many digits are alike on every machine"""
FULL = 1 - 1e-6


@dataclass(frozen=True)
class Quality:
    """What a choice of combinations can tell apart."""

    efficiency: float
    """D-efficiency: the information on main effects of a trial, as a part of what one of all combinations has"""
    mixed: tuple[str, ...]
    """factors whose main effects cannot be told apart from the others'"""
    aliases: tuple[tuple[str, str, float], ...]
    """(factor, interaction of two others, how much of the latter is taken for the former), the largest first"""
    interactions: int
    """contrasts of all interactions of two factors"""
    estimable: int
    """as many of these can be told apart together, beside the main effects"""

    @property
    def confounded(self) -> list[tuple[str, str, float]]:
        """Interactions that are taken for a main effect whole."""
        return [alias for alias in self.aliases if alias[2] >= FULL]


def optimal(valid: Chosen, levels: Levels, count: int, seed: int) -> list[Mapping[str, str]]:
    """So many different combinations out of those that go together, of the largest determinant that is found.

    Fedorov's exchange (1972, Theory of Optimal Experiments, chapter 3), from several first choices: again and again
    the exchange of one combination for another that raises the determinant of the information most. Of choices that
    are equally good the one is taken in which interactions are least taken for main effects. The same for the same
    seed. ValueError if there are fewer combinations than asked for, or fewer asked for than there are effects.
    """
    design, crossed = _columns(valid, levels)
    needed = int(np.linalg.matrix_rank(design))
    if not needed <= count <= len(valid):
        raise ValueError(f"must be from {needed}, the effects to be told apart, to {len(valid)}, not {count}")
    dice, found = np.random.default_rng(seed), list[tuple[float, float, list[int]]]()
    for _ in range(STARTS):
        rows = _exchanged(design, dice.permutation(len(valid))[:count])
        size = np.linalg.slogdet(_information(design[rows]))[1] / design.shape[1]
        aliased = float((_alias(design[rows], crossed[rows]) ** 2).sum())
        found.append((-round(size, 3), round(aliased, 6), sorted(map(int, rows))))
    return [valid[row] for row in min(found)[2]]


def _exchanged(design: Floats, first: NDArray[np.int_]) -> NDArray[np.int_]:
    rows = first.copy()
    for _ in range(EXCHANGES_MAX):
        inverse = np.linalg.inv(_information(design[rows]))
        across = design[rows] @ inverse @ design.T
        enter, leave = np.einsum("ij,ij->i", design @ inverse, design), across[np.arange(len(rows)), rows]
        # The determinant with one row in the place of another, over that without.
        ratio = (1 + enter)[None, :] * (1 - leave)[:, None] + across**2
        ratio[:, rows] = 0
        out, into = np.unravel_index(int(np.argmax(ratio.round(DIGITS))), ratio.shape)
        if ratio[out, into] < 1 + GAIN:
            break
        rows[out] = into
    return rows


def _information(design: Floats) -> Floats:
    return design.T @ design + RIDGE * np.eye(design.shape[1])


def quality(chosen: Chosen, valid: Chosen, levels: Levels) -> Quality:
    """What a choice out of all valid combinations can tell apart."""
    (design, crossed), (full, _) = _columns(chosen, levels), _columns(valid, levels)
    named, pairs = _named(levels), _crossed_names(levels)
    rank = int(np.linalg.matrix_rank(design))
    mixed = tuple(name for name in levels if not _is_apart(design, np.array(named) == name))
    aliases = _strengths(_alias(design, crossed), named, pairs) if rank == design.shape[1] else []
    together = int(np.linalg.matrix_rank(np.column_stack([design, crossed])))
    return Quality(_efficiency(design, full), mixed, tuple(aliases), crossed.shape[1], together - rank)


def _efficiency(design: Floats, full: Floats) -> float:
    """(|X'X / n| over |F'F / N|) to the power of 1 / effects; 0 where some cannot be told apart."""
    if min(int(np.linalg.matrix_rank(each)) for each in (design, full)) < design.shape[1]:
        return 0.0
    ours, all_of_them = (float(np.linalg.slogdet(each.T @ each / len(each))[1]) for each in (design, full))
    return float(np.exp((ours - all_of_them) / design.shape[1]))


def _columns(chosen: Chosen, levels: Levels) -> tuple[Floats, Floats]:
    """Columns of the intercept and the main effects, and those of interactions; of variance 1 where balanced."""
    main: list[Floats] = []
    for factor, names in levels.items():
        contrasts: Floats = np.asarray(helmert(len(names)), dtype=np.float64).T * np.sqrt(len(names))
        main.append(contrasts[[names.index(one[factor]) for one in chosen]])
    products = [np.einsum("ni,nj->nij", one, other).reshape(len(chosen), -1) for one, other in combinations(main, 2)]
    nothing: Floats = np.empty((len(chosen), 0))
    return np.column_stack([np.ones(len(chosen)), *main]), np.column_stack([nothing, *products])


def _named(levels: Levels) -> list[str]:
    """The factor of each column; the intercept has none."""
    return ["", *(factor for factor, names in levels.items() for _ in names[1:])]


def _crossed_names(levels: Levels) -> list[str]:
    pairs = combinations(levels.items(), 2)
    return [f"{one} x {other}" for (one, a), (other, b) in pairs for _ in range((len(a) - 1) * (len(b) - 1))]


def _is_apart(design: Floats, own: NDArray[np.bool_]) -> bool:
    """Whether the own columns tell what no others do."""
    rank: Any = np.linalg.matrix_rank
    return int(rank(design)) - int(rank(design[:, ~own])) == own.sum()


def _alias(design: Floats, crossed: Floats) -> Floats:
    """The alias matrix: what an interaction that nobody looked for adds to each main effect's estimate.

    Box and Wilson (1951), Journal of the Royal Statistical Society B 13(1).
    """
    return np.linalg.pinv(design) @ crossed


def _strengths(alias: Floats, named: Sequence[str], pairs: Sequence[str]) -> list[tuple[str, str, float]]:
    """For each factor and interaction the largest part of the one that is taken for the other, if any is."""
    found: list[tuple[str, str, float]] = []
    for factor in dict.fromkeys(named[1:]):
        rows = alias[np.array(named) == factor]
        for pair in dict.fromkeys(pairs):
            strength = float(np.linalg.norm(rows[:, np.array(pairs) == pair], 2))
            if strength > 1e-9 and factor not in pair.split(" x "):
                found.append((factor, pair, round(strength, 6)))
    return sorted(found, key=lambda alias: -alias[2])
