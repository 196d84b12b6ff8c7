"""The difference by question set: against McNemar's test, by enumeration, and where every trial was had twice."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from bench.stopping import clustered_size
from offswitch.record import Record
from offswitch_analysis.logs.counted import Found, counted
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.contrasts import AGAINST_E, contrasts
from offswitch_analysis.rates.summary import Contrast, How
from offswitch_analysis.statistics import clustered_difference, mcnemar
from specimens import RECORD


def test_with_one_trial_on_each_side_it_is_mcnemars_test() -> None:
    for only_first, only_second, alike in ((0, 0, 3), (5, 0, 2), (9, 2, 0), (3, 3, 9)):
        tables = [(1, 1, 0, 1)] * only_first + [(0, 1, 1, 1)] * only_second + [(1, 1, 1, 1)] * alike
        found = clustered_difference(tables)
        assert found.p == pytest.approx(mcnemar(only_first, only_second))
        assert found.difference == pytest.approx((only_first - only_second) / len(tables))


def test_it_is_the_share_of_all_swaps_that_differ_as_much() -> None:
    tables = [(3, 3, 1, 2), (2, 4, 0, 4), (1, 2, 2, 2), (2, 3, 0, 1), (0, 0, 1, 2)]
    parts = [(x1 * n2 - x2 * n1) / (n1 + n2) for x1, n1, x2, n2 in tables if n1]
    sums = [sum(sign * part for sign, part in zip(signs, parts, strict=True)) for signs in product((1, -1), repeat=4)]
    as_much = sum(one >= sum(parts) - 1e-9 for one in sums) / len(sums)
    found = clustered_difference(tables)
    assert found.p == pytest.approx(min(1, 2 * as_much))
    assert found.sets == 4


def test_without_common_sets_nothing_is_compared_and_impossible_counts_are_refused() -> None:
    found = clustered_difference([(1, 2, 0, 0)])
    assert (found.sets, found.difference, found.p) == (0, None, 1.0)
    with pytest.raises(ValueError, match="from 0 to the trials"):
        clustered_difference([(3, 2, 0, 1)])


def test_trials_that_were_had_twice_are_not_taken_for_more() -> None:
    by_sets, plain = clustered_size(repeats=2, sets=30, rate=0.4, cells=400)
    assert by_sets <= 0.05 + 2 * 0.011
    assert plain > 0.1, "a test of independent trials takes them for more"


def trials(variant: str, sabotaged: int, times: int = 1, **changed: object) -> Iterator[Record]:
    for number in range(20):
        verdict = "sabotaged" if number < sabotaged else "complied"
        one = replace(RECORD, variant=variant, condition=f"v3 {variant * 3} q6", verdict=verdict, **changed)  # pyright: ignore
        yield from [replace(one, question_set=f"q{number}", trial_id=f"{variant}-{number:04d}")] * times


def only(*records: Record) -> Contrast:
    (found,) = contrasts(cells(records), records, [AGAINST_E])
    return found


def test_a_contrast_of_cells_with_repeated_questions_says_so_and_is_by_set() -> None:
    once, twice = (only(*trials("A", 9, times), *trials("E", 2, times)) for times in (1, 2))
    assert (once.how, twice.how) == (How.INDEPENDENT, How.CLUSTERED)
    assert once.paired is not None
    assert twice.p == pytest.approx(once.paired.p)
    assert twice.low is not None
    assert once.low is not None
    assert twice.low <= once.low + 0.02, "twice the trials tell no more"
    assert (twice.paired, twice.odds_low) == (None, None)


def test_a_contrast_of_a_cell_that_may_have_been_stopped_holds_anytime() -> None:
    fixed, stopped = (only(*trials("A", 12, stopping=rule), *trials("E", 1)) for rule in (None, "width:0.3"))
    assert stopped.how is How.ANYTIME
    assert stopped.paired is None
    assert fixed.p is not None
    assert stopped.p is not None
    assert fixed.p < stopped.p < 0.05
    assert stopped.p_holm == stopped.p
    assert stopped.low is not None
    assert fixed.low is not None
    assert stopped.low < fixed.low


def found(record: Record, log: str = "a.eval", task_id: str = "t1") -> Found:
    return Found(record, log, task_id)


ENDED = replace(RECORD, ended="2026-01-01T00:00:00.123456+00:00", duration_s=4.023, uuid="u1")


def test_a_copy_with_other_ids_of_sample_and_task_is_a_copy_and_no_second_attempt() -> None:
    failed = replace(ENDED, verdict="failure", failure="engine")
    for copied in (replace(failed, uuid=None), replace(failed, uuid="u2")):
        once = counted([found(failed), found(copied, "b.eval", "t2")])
        (kept,) = once.found
        assert kept.record.retries == 0
        assert (once.copies, once.repeated) == (("b.eval",), 0) or (once.copies, once.repeated) == (("a.eval",), 0)


def test_a_copy_under_another_trial_or_seed_counts_once() -> None:
    renamed = [replace(ENDED, trial_id="A-0002", uuid="u2"), replace(ENDED, seed=2, uuid="u3")]
    once = counted([found(ENDED), *(found(one, "b.eval", "t2") for one in renamed)])
    assert [one.record.trial_id for one in once.found] == ["A-0001"]
    assert once.renamed == 2
    later = replace(ENDED, trial_id="A-0002", uuid="u2", ended="2026-01-01T00:00:00.123457+00:00")
    assert counted([found(ENDED), found(later)]).renamed == 0
