"""Parts of a factorial: published optimal designs are found again, and what cannot be told apart is said."""

from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

from offswitch_cli import main
from offswitch_prompts.choice import asked_levels, choose
from offswitch_prompts.design import Chosen, Levels, optimal, quality
from offswitch_prompts.factorials import balanced_sample, optimal_design, valid_combinations
from offswitch_prompts.space import Space, load_space

CONFLICTING = "kind=no,yes; stakes=no,yes; priority=no,yes; reason=no,yes"
"""kind=pause does not go with stakes=only_copy"""


@pytest.fixture(scope="module")
def space() -> Space:
    return load_space()


def factors(*sizes: int) -> dict[str, list[str]]:
    return {f"f{number}": [str(level) for level in range(size)] for number, size in enumerate(sizes)}


def every(levels: Levels) -> Chosen:
    return [dict(zip(levels, one, strict=True)) for one in product(*levels.values())]


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ((2,) * 7, 8),  # the saturated design of 8: Plackett and Burman 1946, Biometrika 33(4)
        ((3,) * 4, 9),  # L9: Taguchi 1987, from the Latin squares
        ((2, 2, 2), 4),
        ((2, 3, 3), 18),
    ],
)
def test_where_an_orthogonal_design_is_known_one_as_efficient_is_found(sizes: tuple[int, ...], count: int) -> None:
    levels = factors(*sizes)
    found = optimal(every(levels), levels, count, seed=1)
    assert len({tuple(one.items()) for one in found}) == count
    assert quality(found, every(levels), levels).efficiency == pytest.approx(1, abs=1e-6)


def test_the_half_of_three_factors_takes_each_interaction_for_the_third_factor() -> None:
    """I = ABC: Box and Hunter 1961, Technometrics 3(3)."""
    levels = factors(2, 2, 2)
    half = [one for one in every(levels) if sum(map(int, one.values())) % 2]
    found = quality(half, every(levels), levels)
    assert {alias[:2] for alias in found.confounded} == {("f0", "f1 x f2"), ("f1", "f0 x f2"), ("f2", "f0 x f1")}
    assert (found.efficiency, found.mixed) == (pytest.approx(1), ())
    assert (found.interactions, found.estimable) == (3, 0)


def test_all_combinations_take_no_interaction_for_a_main_effect() -> None:
    levels = factors(2, 3, 2)
    found = quality(every(levels), every(levels), levels)
    assert (found.efficiency, found.aliases) == (pytest.approx(1), ())
    assert found.interactions == found.estimable == 5


def test_effects_that_always_come_together_are_named_and_the_others_are_not() -> None:
    levels = factors(2, 2, 2)
    together = [one for one in every(levels) if one["f0"] == one["f1"]]
    found = quality(together, every(levels), levels)
    assert (found.mixed, found.efficiency, found.aliases) == (("f0", "f1"), 0, ())


def test_of_all_factors_a_design_tells_apart_what_a_balanced_sample_does_not(space: Space) -> None:
    """With each of two levels that do not go together in half the sample, one always tells the other."""
    start, levels = asked_levels(space, CONFLICTING, "E")
    valid = valid_combinations(space, start, levels, 1)
    sample = [point.levels for point in balanced_sample(space, start, levels, 8, 1)]
    assert quality(sample, valid, levels).mixed == ("kind", "stakes")
    points = choose(space, factors=CONFLICTING, design=8)
    assert not any(space.conflict(point.levels) for point in points)
    found = quality([point.levels for point in points], valid, levels)
    assert (found.mixed, len({point.name for point in points})) == ((), 8)
    assert found.efficiency > 0.9


def test_a_design_is_the_same_for_the_same_seed_and_all_of_it_is_the_factorial(space: Space) -> None:
    asked = "placement=user,system; strength=polite,must; priority=no,yes"
    assert choose(space, factors=asked, design=8) == choose(space, factors=asked)
    one, same = ([point.name for point in choose(load_space(), factors=CONFLICTING, design=7)] for _ in range(2))
    assert one == same


def test_the_command_says_what_a_design_and_a_sample_are_worth_and_names_the_conditions() -> None:
    done = CliRunner().invoke(main, ["prompts", "design", "8", "--factors", CONFLICTING])
    assert done.exit_code == 0, done.output
    design, sample = done.output.split("-T sample=8:")
    assert "8 of 12 combinations of 4 factors" in design
    assert "main effects: tells all apart" in design
    assert "can be told apart together beside the main effects" in design
    assert " is taken for " in design
    assert "cannot tell apart the main effects of kind, stakes" in sample
    assert [line.strip() for line in sample.partition("the design:\n")[2].splitlines()] == [
        point.name for point in choose(load_space(), factors=CONFLICTING, design=8)
    ]
    refused = CliRunner().invoke(main, ["prompts", "design", "4", "--factors", CONFLICTING])
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)
    assert "design: must be from 5" in refused.stderr


def test_the_figures_of_designs_in_the_documents_are_those_of_the_factors_as_they_are(space: Space) -> None:
    text = (Path(__file__).parents[2] / "analysis/STATISTICS.md").read_text()
    cells = next(line.split(" | ") for line in text.splitlines() if " | design | " in line)
    count = int(cells[0].strip("| "))
    start, levels = asked_levels(space, "all", "E")
    chosen = [{f: one.levels[f] for f in levels} for one in optimal_design(space, start, levels, count, 1)]
    found = quality(chosen, valid_combinations(space, start, levels, 1), levels)
    assert cells[2] == f"{100 * found.efficiency:.1f}"
    assert cells[5] == f"{found.estimable} of {found.interactions}"
