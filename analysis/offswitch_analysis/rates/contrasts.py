"""Differences between cells: declared families with Holm's correction, everything else marked exploratory."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from offswitch.errors import InputError
from offswitch.record import LOOP, Record, is_of_pack, setting, without_agent, words_and_protocol
from offswitch.stopping.anytime import anytime_difference, anytime_p
from offswitch.user_files import read_yaml
from offswitch_analysis.logs.tables import table_of
from offswitch_analysis.rates.cells import Comparable, cell_key, is_control
from offswitch_analysis.rates.estimates import FEWEST
from offswitch_analysis.rates.question_sets import NONE, QuestionSets, question_sets
from offswitch_analysis.rates.summary import Cell, Contrast, How, Paired
from offswitch_analysis.statistics import (
    boschloo,
    clustered_difference,
    holm,
    mcnemar,
    mover_difference,
    newcombe,
    newcombe_paired,
    odds_ratio,
)  # fmt: skip

VARIANTS, MODELS, AGENTS = "variants", "models", "agents"
SIDES = {VARIANTS: "variant", MODELS: "model", AGENTS: "agent"}
"""what is compared -> the column of a cell that names a side"""
EXPLORATORY = "exploratory"
"""what contrasts outside of every family are called"""


@dataclass(frozen=True)
class Family:
    """Contrasts that were declared before anybody looked: Holm's correction is made among them."""

    name: str
    between: str
    """variants (in each model a family of its own), models (in each variant) or agents (in each model and variant)"""
    pairs: tuple[tuple[str, str], ...]
    """(first, second); a first of "*" is everything but the second"""
    own: bool = False
    """about this project's letters: those of a prompt pack mean something else, and control arms are no letters"""
    controls: bool = False
    """instead of pairs: every cell against each of its matched controls"""


AGAINST_E = Family("against E", VARIANTS, (("*", "E"),), own=True)
PLACEMENT = Family("placement", VARIANTS, (("B", "C"), ("D", "E")), own=True)
NET_OF_CONTROL = Family("net of control", VARIANTS, (), controls=True)
AGAINST_LOOP = Family("against the loop", AGENTS, (("*", LOOP),))
DEFAULT_FAMILIES = (AGAINST_E, PLACEMENT, NET_OF_CONTROL, AGAINST_LOOP)
UNANNOUNCED = "no_shutdown"
OBJECTS = {"obstacle": "desk", "other_machine": "other"}
"""arm -> what its prompts call the thing that is shut down, where they speak of it"""

_Sets = Mapping[str, QuestionSets]
C = TypeVar("C", bound=Comparable)
_Comparer = Callable[[Cell, Cell, str, str | None], Contrast]


def contrasts(cells: Sequence[Cell], records: Iterable[Record], families: Sequence[Family]) -> list[Contrast]:
    """The contrasts of every family, then, as exploratory ones, every two models and every two agents in a variant."""
    return tallied_contrasts(cells, question_sets(table_of(records)), families)


def tallied_contrasts(
    cells: Sequence[Cell], known_sets: Mapping[Any, QuestionSets], families: Sequence[Family]
) -> list[Contrast]:
    """The same, of trials whose question sets have been told apart."""
    sets = {cell.id: known_sets.get(cell_key(cell), NONE) for cell in cells}

    def compare(first: Cell, second: Cell, between: str, family: str | None) -> Contrast:
        return _contrast(first, second, between, family, sets)

    declared = [contrast for family in families for contrast in _declared(family, cells, compare)]
    known = {(contrast.first, contrast.second) for contrast in declared}
    others = (
        compare(first, second, between, None)
        for between in (MODELS, AGENTS)
        for group in _alike(cells, between)
        for first, second in combinations(group, 2)
        if side(first, between) != side(second, between) and not known & {(first.id, second.id), (second.id, first.id)}
    )
    return [*declared, *others]


def side(cell: Comparable, between: str) -> str:
    """What names a cell in a contrast: its variant, model or agent."""
    return str(getattr(cell, SIDES[between]))


def read_families(path: Path) -> tuple[Family, ...]:
    """Declared families from a YAML file, {families: [{name, between, pairs}]}; InputError says what is wrong."""
    content: Any = read_yaml(path)
    given = cast(dict[str, Any], content).get("families") if isinstance(content, dict) else None
    if not isinstance(given, list) or not given:
        raise InputError(f"{path}: families: a list of families is needed, each with name, between and pairs")
    listed = enumerate(cast(list[Any], given), start=1)
    families = tuple(family_of(f"{path}: families[{number}]", one) for number, one in listed)
    check_names(f"{path}: families", families)
    return families


def check_names(where: str, families: Sequence[Family]) -> None:
    """InputError if two families have one name, or one has a name that means something else."""
    names = [family.name for family in families]
    for name in names:
        if names.count(name) > 1 or name == EXPLORATORY:
            raise InputError(f"{where}: the name {name!r} is taken; each family has one of its own")


def family_of(where: str, given: Any) -> Family:
    """A family from {name, between, pairs}; InputError begins with where it stands."""
    if not isinstance(given, dict) or set(cast(dict[str, Any], given)) != {"name", "between", "pairs"}:
        raise InputError(f"{where}: has name, between and pairs, nothing more or less")
    fields = cast(dict[str, Any], given)
    if fields["between"] not in tuple(SIDES):
        raise InputError(f"{where}.between: is {VARIANTS}, {MODELS} or {AGENTS}, not {fields['between']!r}")
    listed = cast(list[Any], fields["pairs"]) if isinstance(fields["pairs"], list) else []
    if not listed or not all(isinstance(pair, list) and len(cast(list[Any], pair)) == 2 for pair in listed):
        raise InputError(f"{where}.pairs: is a list of pairs such as [B, C]")
    pairs = tuple((str(first), str(second)) for first, second in listed)
    for first, second in pairs:
        if first == second or second == "*" or pairs.count((first, second)) + pairs.count((second, first)) > 1:
            raise InputError(
                f"{where}.pairs: [{first}, {second}]: two different names once; * may stand first, and not second"
            )
    return Family(str(fields["name"]), str(fields["between"]), pairs)


def _declared(family: Family, cells: Sequence[Cell], compare: _Comparer) -> Iterator[Contrast]:
    for pairs in declared_pairs(family, cells):
        yield from _corrected([compare(*pair, family.between, family.name) for pair in pairs])


def declared_pairs(family: Family, cells: Sequence[C]) -> Iterator[list[tuple[C, C]]]:
    """The pairs that a family compares, (first, second); Holm's correction is made within each list of them."""
    compared = [cell for cell in cells if not (family.own and (is_of_pack(cell.condition) or is_control(cell)))]
    for group in _alike(compared, family.between):
        if family.controls:
            yield [pair for pair in permutations(group, 2) if is_matched_control(pair[1], pair[0])]
            continue
        named: defaultdict[str, list[C]] = defaultdict(list)
        for cell in group:
            named[side(cell, family.between)].append(cell)
        pairs = [pair for first, second in family.pairs for pair in _expanded(first, second, sorted(named))]
        yield [
            (first, second)
            for one, other in dict.fromkeys(pairs)
            for first in named.get(one, ())
            for second in named.get(other, ())
        ]


def is_matched_control(control: Comparable, cell: Comparable) -> bool:
    """Alike in every level but the arm, and what an arm's prompts call the thing that is shut down.

    Where nothing is announced no trial complies, so that rates of that arm are none to compare with.
    """
    if is_control(cell) or not is_control(control) or cell.levels.keys() != control.levels.keys():
        return False
    if control.levels["arm"] == UNANNOUNCED:
        return False
    if is_of_pack(cell.condition) and cell.variant.partition("+")[0] != control.variant.partition("+")[0]:
        return False  # letters of a pack may have the same levels and words of their own
    may_differ = {"arm"}
    if control.levels.get("object") == OBJECTS.get(control.levels["arm"]):
        may_differ.add("object")
    return all(level == control.levels[factor] for factor, level in cell.levels.items() if factor not in may_differ)


def _expanded(first: str, second: str, names: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, second) for name in names if name != second] if first == "*" else [(first, second)]


def _corrected(family: Sequence[Contrast]) -> Iterator[Contrast]:
    tested = [contrast.p for contrast in family if contrast.p is not None]
    adjusted = iter(holm(tested))
    for contrast in family:
        yield contrast if contrast.p is None else replace(contrast, p_holm=next(adjusted))


def _alike(cells: Sequence[C], between: str) -> Iterator[list[C]]:
    """Cells that differ in nothing but what is compared: the words, the model, or the agent."""
    groups: defaultdict[tuple[object, ...], list[C]] = defaultdict(list)
    for cell in cells:
        shared = {
            VARIANTS: (cell.model, cell.agent, setting(cell.condition)),
            MODELS: (cell.agent, cell.variant, words_and_protocol(cell.condition)),
            AGENTS: (cell.model, cell.variant, without_agent(cell.condition)),
        }[between]
        groups[*shared, cell.scripted].append(cell)
    yield from groups.values()


def _contrast(first: Cell, second: Cell, between: str, family: str | None, of: _Sets) -> Contrast:
    """The difference of two cells, which allows for what may have stopped their trials, and for shared questions."""
    one, other = first.sabotage, second.sabotage
    if one.rate is None or other.rate is None:
        return Contrast(first.id, second.id, between, family, *[None] * 8, paired=None)
    counts = (one.events, one.n, other.events, other.n)
    named = (first.id, second.id, between, family, one.rate - other.rate)
    if first.stopping or second.stopping:
        tables = _tables(of, first, second)
        seen = (_counted_once(first), _counted_once(second), [x1 / n1 - x2 / n2 for x1, n1, x2, n2 in tables])
        limits, p = anytime_difference(*seen), anytime_p(*seen)
        return Contrast(*named, *limits, *[None] * 3, p=p, p_holm=None, paired=None, how=How.ANYTIME)
    odds = [value if math.isfinite(value) else None for value in odds_ratio(*counts)]
    if _is_repeated(first) or _is_repeated(second):
        limits = mover_difference(one.rate, _clustered(first), other.rate, _clustered(second))
        told = clustered_difference(_tables(of, first, second))
        p = told.p if told.sets else None  # cells without a common question set cannot be compared by sets
        return Contrast(*named, *limits, odds[0], None, None, p=p, p_holm=None, paired=None, how=How.CLUSTERED)
    paired = _paired(of[first.id].tables(of[second.id]))
    return Contrast(*named, *newcombe(*counts), *odds, p=boschloo(*counts), p_holm=None, paired=paired)


def _is_repeated(cell: Cell) -> bool:
    """Whether it has several trials of the same questions."""
    return cell.clustered.question_sets < cell.sabotage.n


def _clustered(cell: Cell) -> tuple[float, float]:
    return cell.clustered.low, cell.clustered.high


def _counted_once(cell: Cell) -> tuple[float, float]:
    """Events and trials if those of a question set were no more than one."""
    share = cell.clustered.question_sets / cell.sabotage.n
    return cell.sabotage.events * share, cell.sabotage.n * share


def _tables(of: _Sets, first: Cell, second: Cell) -> list[tuple[int, int, int, int]]:
    """(events, trials, events, trials) of each question set that both cells have."""
    return [(x1, n1, x2, n2) for x1, n1, x2, n2 in of[first.id].tables(of[second.id]).tolist()]


def _paired(tables: NDArray[np.int64]) -> Paired | None:
    """The difference by trials of the same questions; None where there are too few of them."""
    pairs = tables[(tables[:, 1] == 1) & (tables[:, 3] == 1)]
    if len(pairs) < FEWEST:
        return None
    # Four numbers: of pairs with an event in neither, in the second alone, in the first alone, and in both.
    neither, only_second, only_first, both = np.bincount(2 * pairs[:, 0] + pairs[:, 2], minlength=4).tolist()
    return Paired(
        len(pairs), only_first, only_second, (only_first - only_second) / len(pairs),
        *newcombe_paired(both, only_first, only_second, neither), mcnemar(only_first, only_second),
    )  # fmt: skip
