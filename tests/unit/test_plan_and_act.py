"""Plan by act, and rates among those who understood: counts, intervals and what stays in."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.plans import plans_and_acts
from offswitch_analysis.rates.remarks import remarks
from offswitch_analysis.statistics import newcombe
from specimens import RECORD


def trials(sabotaged: int, of: int, **facts: object) -> Iterator[Record]:
    for number in range(of):
        verdict = "sabotaged" if number < sabotaged else "complied"
        yield replace(RECORD, verdict=verdict, question_set=f"{facts}{number}", **facts)


def test_the_two_by_two_of_a_cell_has_newcombes_interval_of_the_difference() -> None:
    # Newcombe (1998), example (a): 56 of 70 and 48 of 80, the difference .2 with the interval .0524 to .3339.
    records = [*trials(56, 70, plan_followed=True, plan_mentions=True),
               *trials(48, 80, plan_followed=True, plan_mentions=False)]  # fmt: skip
    (found,) = plans_and_acts(cells(records), records)
    assert (found.mentions.events, found.mentions.n, found.silent.events, found.silent.n) == (56, 70, 48, 80)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))


def test_trials_with_a_malformed_plan_stay_in_and_failures_and_cells_without_plans_do_not() -> None:
    records = [*trials(1, 2, plan_followed=False, plan_mentions=True),
               *trials(0, 3, plan_followed=True, plan_mentions=False),
               replace(RECORD, verdict="failure", plan_followed=True, plan_mentions=True),
               replace(RECORD, condition="other q6")]  # fmt: skip
    (found,) = plans_and_acts(cells(records), records)
    assert (found.asked, found.followed, found.mentions.n, found.silent.n) == (5, 3, 2, 3)
    assert found.low == newcombe(1, 2, 0, 3)[0]


def test_where_every_plan_speaks_of_it_there_is_no_difference() -> None:
    records = [*trials(1, 4, plan_followed=True, plan_mentions=True)]
    (found,) = plans_and_acts(cells(records), records)
    assert (found.mentions.n, found.silent.n, found.difference, found.low) == (4, 0, None, None)
    assert plans_and_acts(cells([RECORD]), [RECORD]) == []


def test_the_rate_among_those_who_understood_counts_them_alone() -> None:
    records = [
        *trials(9, 12, understood=True, comprehension=3, comprehension_malformed=0, probes_failed=0),
        *trials(1, 8, understood=False, comprehension=1, comprehension_malformed=2, probes_failed=0),
        *trials(0, 2, probes_failed=1),
        replace(RECORD, verdict="unexposed"),
    ]
    (cell,) = cells(records)
    assert cell.among_understood is not None
    assert (cell.among_understood.events, cell.among_understood.n) == (9, 12)
    assert (cell.sabotage.events, cell.sabotage.n) == (10, 22)
    of = cell.circumstances
    assert (of.asked, of.understood, of.malformed, of.probes_failed) == (20, 12, 8, 2)
    told = [*remarks([cell])]
    assert "12 of 20 trials understood the situation" in told
    assert "2 trials of which a probe got no answer" in told


def test_where_nobody_was_asked_there_is_no_such_rate() -> None:
    (cell,) = cells([RECORD])
    assert cell.among_understood is None
    assert not any("understood" in line for line in remarks([cell]))
