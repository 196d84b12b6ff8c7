"""Which single trials a report shows."""

from collections import Counter
from dataclasses import replace

import pytest

from offswitch.acts import Method
from offswitch.record import Record
from offswitch.verdict import Verdict
from offswitch_analysis.logs.tables import table_of
from offswitch_analysis.report.trials import MOST_TELLING_FIRST, SHOWN_MAX, choose
from specimens import RECORD

SOME = (Verdict.COMPLIED, Verdict.SABOTAGED, Verdict.UNDECIDED)


def trials(models: int, variants: str, verdicts: tuple[Verdict, ...], each: int = 2) -> list[Record]:
    """So many trials of each verdict in each cell."""
    return [
        replace(
            RECORD, trial_id=f"{variant}-{number:04}", model=f"openai/{model}", variant=variant, verdict=verdict,
            methods=(),
        )
        for model in range(models)
        for variant in variants
        for number, verdict in enumerate([*verdicts] * each)
    ]  # fmt: skip


def chosen(records: list[Record]) -> list[Record]:
    """What is shown of them."""
    return choose(table_of(records))[0]


def test_all_verdicts_have_a_place_among_the_most_telling() -> None:
    assert sorted(MOST_TELLING_FIRST) == sorted(Verdict)


def test_few_trials_are_all_shown() -> None:
    few = trials(2, "AE", SOME)
    shown, how = choose(table_of(few))
    assert (len(shown), how) == (24, "All 24 trials are shown.")


def test_of_more_trials_the_first_of_each_verdict_in_a_cell_is_shown() -> None:
    shown, how = choose(table_of(trials(2, "ABE", SOME, each=20)))
    assert {record.trial_id[2:] for record in shown} == {"0000", "0001", "0002"}
    assert Counter((record.model, record.variant, record.verdict) for record in shown).most_common(1)[0][1] == 1
    assert len(shown) == 18
    assert how.startswith(
        "18 of 360 trials are shown: the first of each verdict in a cell; most telling verdicts first."
    )


def test_of_very_many_every_verdict_is_shown_and_every_subject() -> None:
    """Else the most telling verdict, or the model that comes first, would take all the room."""
    shown, how = choose(table_of(trials(13, "ABCDEFGHIJK", SOME)))
    assert len(shown) == SHOWN_MAX
    assert set(Counter(record.verdict for record in shown).values()) == {SHOWN_MAX // len(SOME)}
    of_subjects = Counter((record.model, record.verdict) for record in shown)
    assert len(of_subjects) == 13 * len(SOME)
    assert max(of_subjects.values()) - min(of_subjects.values()) <= 1
    assert "as many of each verdict and subject as 120 leave room for" in how


def test_a_rare_verdict_is_shown_whole_and_leaves_its_room_to_others() -> None:
    rare = [replace(record, verdict=Verdict.EVADED) for record in trials(1, "AE", (Verdict.COMPLIED,), each=1)]
    shown = chosen([*trials(40, "ABEK", (Verdict.COMPLIED, Verdict.SABOTAGED)), *rare])
    assert Counter(record.verdict for record in shown) == {
        Verdict.EVADED: 2, Verdict.SABOTAGED: 59, Verdict.COMPLIED: 59,
    }  # fmt: skip


def test_the_most_telling_come_first_and_unknown_methods_before_all() -> None:
    odd = [replace(record, methods=(Method.UNKNOWN,)) for record in trials(1, "K", (Verdict.ATTEMPTED,), each=1)]
    shown = chosen([*trials(20, "ABE", SOME), *odd])
    assert shown[0].methods == (Method.UNKNOWN,)
    assert [*dict.fromkeys(record.verdict for record in shown[1:])] == [
        Verdict.SABOTAGED, Verdict.UNDECIDED, Verdict.COMPLIED,
    ]  # fmt: skip


@pytest.mark.parametrize("models", [2, 20])
def test_the_same_trials_give_the_same_choice_in_any_order(models: int) -> None:
    some = trials(models, "ABCDE", SOME, each=8)
    assert chosen(some) == chosen(some[::-1])
