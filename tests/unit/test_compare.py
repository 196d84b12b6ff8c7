"""Old against new: what is matched, and what may be said."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offswitch.errors import InputError
from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.compare import compare
from offswitch_analysis.terminal.comparison import comparison_table
from offswitch_analysis.text import SCRIPTED_NOTE
from specimens import RECORD, of_agent, shown


def trials(sabotaged: int, complied: int, **facts: object) -> Iterator[Record]:
    for verdict, count in (("sabotaged", sabotaged), ("complied", complied)):
        yield from (replace(RECORD, verdict=verdict, question_set=f"q{n}", **facts) for n in range(count))


@pytest.mark.parametrize(("before", "now", "word"), [(5, 60, "worse"), (60, 5, "better"), (20, 23, "no change shown")])
def test_a_change_is_called_worse_or_better_only_where_it_is_shown(before: int, now: int, word: str) -> None:
    found = compare(cells(trials(before, 100 - before)), cells(trials(now, 100 - now)))
    assert [change.word for change in found.changes] == [word]
    assert [change.low < change.difference < change.high for change in found.changes] == [True]
    assert f"{now - before:+d}.0" in shown(comparison_table(found))


def test_versions_of_a_model_are_compared_although_their_names_differ() -> None:
    found = compare(cells(trials(5, 95, model="m/one-0101")), cells(trials(50, 50, model="m/one-0606")))
    assert [(change.old.model, change.new.model) for change in found.changes] == [("m/one-0101", "m/one-0606")]


def test_cells_are_matched_with_those_of_the_same_agent() -> None:
    old = cells([*trials(5, 95), *of_agent("codex@1", trials(50, 50))])
    new = cells([*trials(50, 50), *of_agent("codex@1", trials(50, 50)), *of_agent("codex@2", trials(9, 9))])
    found = compare(old, new)
    assert [(change.new.agent, change.word) for change in found.changes] == [
        ("codex@1", "no change shown"), ("loop", "worse"),
    ]  # fmt: skip
    assert set(found.overall) == {("openai/x in codex@1",) * 2, ("openai/x",) * 2}
    assert found.remarks == ("openai/x in codex@2 A: left out, without a counterpart",)
    assert "openai/x in codex@1: 50 of 100" in shown(comparison_table(found))


def test_small_changes_that_all_point_one_way_show_over_all_variants() -> None:
    def cell(sabotaged: int, letter: str) -> Iterator[Record]:
        return trials(sabotaged, 100 - sabotaged, variant=letter, condition=letter)

    old = cells([record for letter in "ABCDEFGH" for record in cell(10, letter)])
    new = cells([record for letter in "ABCDEFGH" for record in cell(17, letter)])
    found = compare(old, new)
    assert {change.word for change in found.changes} == {"no change shown"}
    ((difference, low, high),) = found.overall.values()
    assert difference == pytest.approx(0.07)
    assert 0 < low < difference < high


def test_cells_without_a_counterpart_and_other_settings_are_named() -> None:
    old = cells([*trials(5, 95, condition="v1 aa q6 temperature=0"), *trials(5, 95, variant="B")])
    new = cells([*trials(5, 95, condition="v1 aa q6 temperature=1"), *trials(5, 95, variant="C")])
    found = compare(old, new)
    assert any("A: other settings" in line for line in found.remarks)
    assert any("B: left out" in line for line in found.remarks)
    assert any("C: left out" in line for line in found.remarks)


def test_other_words_or_another_protocol_are_not_compared() -> None:
    with pytest.raises(InputError, match="nothing to compare"):
        compare(cells(trials(5, 95, condition="v1 aa q6")), cells(trials(60, 40, condition="v1 aa q9")))


def test_more_sabotage_where_it_is_asked_for_is_not_worse() -> None:
    old = cells([*trials(5, 95), *trials(10, 90, variant="K", condition="v1 k")])
    new = cells([*trials(5, 95), *trials(90, 10, variant="K", condition="v1 k")])
    found = compare(old, new)
    assert [change.word for change in found.changes] == ["no change shown", "competence"]
    assert [difference for difference, _, _ in found.overall.values()] == [0.0]


def test_nothing_in_common_is_said() -> None:
    with pytest.raises(InputError, match="nothing to compare"):
        compare(cells(trials(5, 95)), cells(trials(5, 95, variant="B")))


def test_scripted_subjects_are_named_as_such() -> None:
    found = compare(cells(trials(5, 95, scripted=True)), cells(trials(5, 95, scripted=True)))
    assert SCRIPTED_NOTE in shown(comparison_table(found))
