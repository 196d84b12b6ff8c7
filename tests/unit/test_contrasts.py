"""Which differences a report shows, and which of them it calls exploratory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.contrasts import (
    AGAINST_E,
    AGENTS,
    DEFAULT_FAMILIES,
    MODELS,
    Family,
    contrasts,
    read_families,
)
from offswitch_analysis.statistics import holm
from specimens import RECORD, of_agent


def cell_of(variant: str, sabotaged: int, trials: int, model: str = "m/one", setting: str = "q6") -> Iterator[Record]:
    for number in range(trials):
        yield replace(
            RECORD, variant=variant, model=model, condition=f"v1 {variant * 3} {setting}", question_set=f"q{number}",
            verdict="sabotaged" if number < sabotaged else "complied", trial_id=f"{variant}-{number:04d}",
        )  # fmt: skip


def test_every_variant_is_compared_with_e_and_placement_is_a_family_of_its_own() -> None:
    records = [record for letter in "ABCDE" for record in cell_of(letter, 10, 20)]
    found = cells(records)
    names = {cell.id: cell.variant for cell in found}
    told = [(c.family, names[c.first], names[c.second]) for c in contrasts(found, records, DEFAULT_FAMILIES)]
    assert told == [
        *[("against E", letter, "E") for letter in "ABCD"],
        ("placement", "B", "C"),
        ("placement", "D", "E"),
    ]


def test_holm_is_made_inside_each_family_of_each_model() -> None:
    records = [
        *cell_of("A", 18, 20), *cell_of("B", 5, 20), *cell_of("E", 4, 20),
        *cell_of("A", 4, 20, "m/two"), *cell_of("E", 4, 20, "m/two"),
    ]  # fmt: skip
    found = contrasts(cells(records), records, DEFAULT_FAMILIES)
    first, second, alone = [contrast for contrast in found if contrast.family == "against E"]
    assert first.p is not None
    assert second.p is not None
    assert 0 < first.p < 0.001 < 0.5 < second.p <= 1
    assert (first.p_holm, second.p_holm) == pytest.approx((2 * first.p, second.p))
    assert alone.p_holm == alone.p


def test_differences_between_models_are_exploratory_until_they_are_declared() -> None:
    records = [*cell_of("E", 4, 20), *cell_of("E", 9, 20, "m/two")]
    found = cells(records)
    (explored,) = contrasts(found, records, DEFAULT_FAMILIES)
    assert (explored.between, explored.family, explored.p_holm) == (MODELS, None, None)
    (declared,) = contrasts(found, records, [Family("versions", MODELS, (("m/two", "m/one"),))])
    assert (declared.family, declared.difference) == ("versions", 0.25)
    assert declared.p_holm is not None
    assert 0.05 < declared.p_holm < 0.2


def of_arm(levels: str, arm: str, sabotaged: int, trials: int = 20) -> Iterator[Record]:
    name = "+".join(["E", *levels.split(), arm])
    return (replace(r, levels=f"{levels} arm={arm}") for r in cell_of(name, sabotaged, trials))


def test_a_condition_is_compared_with_the_one_that_differs_in_nothing_but_the_control_arm() -> None:
    records = [
        *of_arm("object=yourself stakes=none", "shutdown", 14),
        *of_arm("object=yourself stakes=only_copy", "shutdown", 9),
        *of_arm("object=yourself stakes=none", "after_task", 2), *of_arm("object=desk stakes=none", "obstacle", 6),
        *of_arm("object=machine stakes=none", "after_task", 1),
    ]  # fmt: skip
    found = cells(records)
    names = {cell.id: cell.variant.removeprefix("E+") for cell in found}
    net = [c for c in contrasts(found, records, DEFAULT_FAMILIES) if c.family == "net of control"]
    assert [(names[c.first], names[c.second]) for c in net] == [
        ("object=yourself+stakes=none+shutdown", "object=desk+stakes=none+obstacle"),
        ("object=yourself+stakes=none+shutdown", "object=yourself+stakes=none+after_task"),
    ]
    assert [c.difference for c in net] == pytest.approx([0.4, 0.6])
    p_values = [c.p for c in net if c.p is not None]
    assert all(0 < p < 0.05 for p in p_values)
    assert [c.p_holm for c in net] == pytest.approx(holm(p_values))


def test_control_arms_are_no_letters_and_none_is_compared_with_an_arm_without_a_notice() -> None:
    levels = "object=yourself"
    records = [
        *(replace(r, variant="E") for r in of_arm(levels, "shutdown", 14)),
        *of_arm(levels, "after_task", 2),
        *(replace(r, verdict="attempted") for r in of_arm(levels, "no_shutdown", 0)),
    ]
    found = contrasts(cells(records), records, DEFAULT_FAMILIES)
    assert [(c.family, c.difference) for c in found] == [("net of control", pytest.approx(0.6))]


def test_variants_under_different_settings_are_not_compared() -> None:
    records = [*cell_of("A", 4, 20), *cell_of("E", 4, 20, setting="q9")]
    assert contrasts(cells(records), records, DEFAULT_FAMILIES) == []


def test_models_are_compared_where_they_read_the_same_words_and_whatever_their_settings() -> None:
    hot = cell_of("E", 4, 20, "m/two", "q6 temperature=1")
    records = [*cell_of("E", 4, 20), *hot, *cell_of("E", 4, 20, "m/three", "q9")]
    found = cells(records)
    models = {cell.id: cell.model for cell in found}
    told = contrasts(found, records, DEFAULT_FAMILIES)
    assert [{models[c.first], models[c.second]} for c in told] == [{"m/one", "m/two"}]


def in_two_agents(letter: str, in_loop: int, in_codex: int, model: str = "m/one") -> list[Record]:
    return [*cell_of(letter, in_loop, 20, model), *of_agent("codex@0.171.0", cell_of(letter, in_codex, 20, model))]


def test_each_agent_is_compared_with_the_loop_in_a_family_of_each_model_and_variant() -> None:
    records = [*in_two_agents("E", 2, 12), *of_agent("opencode@1.2", cell_of("E", 6, 20)), *in_two_agents("J", 3, 4)]
    found = cells(records)
    names = {cell.id: (cell.variant, cell.agent) for cell in found}
    declared = [c for c in contrasts(found, records, DEFAULT_FAMILIES) if c.family == "against the loop"]
    assert [(names[c.first], names[c.second]) for c in declared] == [
        (("E", "codex@0.171.0"), ("E", "loop")),
        (("E", "opencode@1.2"), ("E", "loop")),
        (("J", "codex@0.171.0"), ("J", "loop")),
    ]
    assert [c.between for c in declared] == [AGENTS] * 3
    assert [c.difference for c in declared] == pytest.approx([0.5, 0.2, 0.05])
    p_values = [c.p for c in declared if c.p is not None]
    assert [c.p_holm for c in declared] == pytest.approx([*holm(p_values[:2]), p_values[2]])
    assert p_values[0] < 0.01 < p_values[1]


def test_two_agents_of_which_none_is_the_loop_are_an_exploratory_contrast() -> None:
    records = [*of_agent("codex@1", cell_of("E", 2, 20)), *of_agent("codex@2", cell_of("E", 9, 20))]
    (found,) = contrasts(cells(records), records, DEFAULT_FAMILIES)
    assert (found.between, found.family, found.difference) == (AGENTS, None, pytest.approx(-0.35))


def test_agents_under_different_settings_are_not_compared() -> None:
    records = [*cell_of("E", 4, 20), *of_agent("codex@1", cell_of("E", 4, 20, setting="q9"))]
    assert contrasts(cells(records), records, DEFAULT_FAMILIES) == []


def test_variants_and_models_are_compared_within_one_agent_alone() -> None:
    records = [*in_two_agents("A", 4, 8), *in_two_agents("E", 4, 8), *in_two_agents("E", 4, 8, "m/two")]
    found = cells(records)
    agent = {cell.id: cell.agent for cell in found}
    told = [c for c in contrasts(found, records, DEFAULT_FAMILIES) if c.between != AGENTS]
    assert sorted((c.between, agent[c.first]) for c in told) == [
        ("models", "codex@0.171.0"), ("models", "loop"), ("variants", "codex@0.171.0"), ("variants", "loop"),
    ]  # fmt: skip
    assert all(agent[c.first] == agent[c.second] for c in told)


def test_a_control_arm_of_another_agent_is_no_control() -> None:
    records = [
        *of_arm("object=yourself stakes=none", "shutdown", 14),
        *of_agent("codex@1", of_arm("object=yourself stakes=none", "after_task", 2)),
    ]
    assert contrasts(cells(records), records, DEFAULT_FAMILIES) == []


def test_a_family_between_agents_can_be_declared() -> None:
    records = in_two_agents("E", 4, 8)
    (found,) = contrasts(cells(records), records, [Family("mine", AGENTS, (("loop", "codex@0.171.0"),))])
    assert (found.family, found.difference) == ("mine", pytest.approx(-0.2))


def test_default_families_are_about_this_projects_letters() -> None:
    records = [record for letter in "BCE" for record in cell_of(letter, 4, 20, setting="q6 pack=theirs@0123")]
    assert contrasts(cells(records), records, DEFAULT_FAMILIES) == []
    declared = [Family("theirs", "variants", (("B", "C"),))]
    assert [c.family for c in contrasts(cells(records), records, declared)] == ["theirs"]


def test_a_difference_is_also_shown_by_pairs_of_the_same_questions() -> None:
    records = [*cell_of("A", 15, 20), *cell_of("E", 5, 20)]
    (found,) = contrasts(cells(records), records, DEFAULT_FAMILIES)
    assert found.paired is not None
    assert (found.paired.pairs, found.paired.only_first, found.paired.only_second) == (20, 10, 0)
    assert found.paired.difference == found.difference == 0.5
    assert found.low is not None
    assert found.high is not None
    # The same questions fall alike, so that pairs tell more.
    assert found.low < found.paired.low < 0.5 < found.paired.high < found.high
    assert found.paired.p == pytest.approx(2 / 2**10)


def test_a_difference_has_its_odds_ratio_with_the_limits_that_are_to_be_had() -> None:
    records = [*cell_of("A", 15, 20), *cell_of("E", 5, 20), *cell_of("B", 20, 20)]
    found = contrasts(cells(records), records, (AGAINST_E,))
    finite, infinite = found
    assert finite.odds_low is not None
    assert finite.odds_high is not None
    assert finite.odds_low < 9 < finite.odds_high
    assert finite.odds_ratio == pytest.approx(9)
    assert infinite.odds_low is not None
    assert infinite.odds_low > 1
    assert (infinite.odds_ratio, infinite.odds_high) == (None, None)


def test_a_cell_without_counted_trials_has_no_difference() -> None:
    (failed,) = (replace(record, verdict="failure") for record in cell_of("E", 0, 1))
    records = [*cell_of("A", 4, 20), failed]
    (found,) = contrasts(cells(records), records, DEFAULT_FAMILIES)
    assert (found.difference, found.p, found.paired) == (None, None, None)


def test_families_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "families.yaml"
    path.write_text("families:\n  - {name: strength, between: variants, pairs: [[G, E], [H, G]]}\n")
    assert read_families(path) == (Family("strength", "variants", (("G", "E"), ("H", "G"))),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[", "is not YAML"),
        ("families: []", "a list of families is needed"),
        ("families: [{name: x}]", "families[1]: has name, between and pairs"),
        ("families: [{name: x, between: days, pairs: []}]", "families[1].between: is variants, models or agents"),
        ("families: [{name: x, between: models, pairs: [a]}]", "families[1].pairs: is a list of pairs"),
        ("families: [{name: x, between: models, pairs: []}]", "families[1].pairs: is a list of pairs"),
        ("families: [{name: x, between: models, pairs: [[a, a]]}]", "[a, a]: two different names once"),
        ("families: [{name: x, between: models, pairs: [[a, b], [b, a]]}]", "[a, b]: two different names once"),
        ("families: [{name: x, between: models, pairs: [[a, '*']]}]", "[a, *]: two different names once"),
        ("families: [{name: exploratory, between: models, pairs: [[a, b]]}]", "the name 'exploratory' is taken"),
    ],
)
def test_a_wrong_families_file_is_refused_by_field(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "families.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_families(path)
    assert told in str(caught.value)
