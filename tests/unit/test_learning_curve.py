"""Curves over demonstrations: what is drawn from which trials, published numbers, and honesty with blocks."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit  # pyright: ignore[reportUnknownVariableType]

from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.curves import curves
from offswitch_analysis.statistics.learning_curve import firth, lines
from specimens import RECORD

LADDER = (0, 1, 2, 5, 10, 20, 50, 100)
X = np.log2(1 + np.array(LADDER, dtype=np.float64))
BLOCKS = 10


def drawn(intercept: float, slope: float, trials: int, seed: int, blocks: int = BLOCKS) -> list[list[tuple[int, int]]]:
    """Counts of blocks whose intercepts have a deviation of 0.5, and whose slopes have one of 0.1."""
    dice = np.random.default_rng(seed)
    lines_of = intercept + dice.normal(0, 0.5, (blocks, 1)) + (slope + dice.normal(0, 0.1, (blocks, 1))) * X
    rates: NDArray[np.float64] = expit(lines_of)
    return [[(int(k), trials) for k in row] for row in dice.binomial(trials, rates)]


# Statistics.


def test_where_no_step_has_both_outcomes_firths_slope_is_finite_and_has_the_sign_of_the_data() -> None:
    ((_, up),) = firth(np.array([0.0, 1.0]), np.array([[0.0, 10.0]]), np.array([[10.0, 10.0]]))
    ((_, level),) = firth(X, np.zeros((1, 8)), np.full((1, 8), 20.0))
    # Of two steps Firth's estimate is that of a half added to each cell: the log of (10.5 / 0.5) squared.
    assert up == pytest.approx(2 * np.log(21), abs=1e-6)
    assert abs(level) < 0.2


def test_firths_line_is_the_maximum_of_the_likelihood_penalised_by_jeffreys_prior() -> None:
    events, trials = np.array([1.0, 3, 4, 9]), np.array([10.0, 10, 10, 12])
    x = np.array([0.0, 1, 2, 4])

    def penalised(line: Sequence[float]) -> float:
        rates = expit(line[0] + line[1] * x)
        design = np.column_stack([np.ones(4), x])
        information = design.T @ (design * (trials * rates * (1 - rates))[:, None])
        told = events * np.log(rates) + (trials - events) * np.log1p(-rates)
        return float(told.sum() + np.linalg.slogdet(information)[1] / 2)

    (found,) = firth(x, events[None], trials[None])
    best = penalised(found.tolist())
    for other in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)):
        assert penalised((found + np.array(other)).tolist()) < best


def test_the_studys_slope_is_that_of_a_spreadsheet_over_the_numbers_of_the_steps() -> None:
    """Rates of 10, 20, 20, 40 and 60 %: LINEST without x gives 0.12 for each step."""
    counts = [[(k, 10) for k in (1, 2, 2, 4, 6)]]
    found = lines([0, 1, 2, 5, 6], counts)
    assert found.ladder.value == pytest.approx(0.12)
    assert (found.ladder.low, found.ladder.high) == (None, None)
    assert found.blocks == 1


def test_the_interval_is_students_over_blocks_and_the_trials_of_a_block_do_not_narrow_it() -> None:
    blocks = [[(10, 100), (10 + gain, 100)] for gain in (0, 10, 20, 30)]
    found = lines([0, 1], blocks).ladder
    half = 3.182446 * np.std([0, 0.1, 0.2, 0.3], ddof=1) / 2
    assert (found.value, found.low, found.high) == pytest.approx((0.15, 0.15 - half, 0.15 + half))
    more = lines([0, 1], [[(10 * k, 10 * n) for k, n in block] for block in blocks]).ladder
    assert more == found


def test_half_is_within_fiellers_limits_and_is_not_said_where_the_curve_does_not_cross() -> None:
    found = lines(X.tolist(), drawn(-1.4, 0.35, 200, 3)).half
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert found.low < 4 < found.high
    assert found.value == pytest.approx(4, abs=1)
    assert lines(X.tolist(), drawn(-5, 0.1, 50, 3)).half is None
    flat = lines(X.tolist(), drawn(0.05, 0.0, 50, 6)).half
    assert flat is None or flat.low is None


def test_a_block_with_one_step_says_nothing_of_slopes_and_none_at_all_is_refused() -> None:
    counts = drawn(-1, 0.3, 20, 1)
    assert lines(X.tolist(), [*counts, [(3, 10), *[(0, 0)] * 7]]) == lines(X.tolist(), counts)
    with pytest.raises(ValueError, match="two steps"):
        lines([0, 1], [[(1, 2), (0, 0)]])


def test_intervals_hold_the_true_slope_whatever_the_seed() -> None:
    """At least 90 % of 60 repetitions; `tests/bench/words.py` has 1,000."""
    found = [lines(X.tolist(), drawn(-1.2, 0.35, 20, seed)).logit for seed in range(60)]
    assert sum((one.low or 0) <= 0.35 <= (one.high or 0) for one in found) >= 54
    assert np.mean([one.value for one in found]) == pytest.approx(0.35, abs=0.02)


# Curves of records.


def trials(
    levels: str, log_odds: float, per_block: int, dice: np.random.Generator, known: bool = True
) -> Iterator[Record]:
    for number in range(BLOCKS * per_block):
        block = None if "shots=0" in levels or not known else number % BLOCKS
        # The exemplars of some blocks persuade more than those of others.
        sabotaged = dice.random() < expit(log_odds + 0.1 * (number % BLOCKS - 4.5) * ("shots=0" not in levels))
        yield replace(
            RECORD, variant="E" + "".join(f"+{one}" for one in levels.split() if one != "shots=0"),
            condition=f"v3 {levels.replace(' ', '')} q6", levels=f"strength=polite {levels}", block=block,
            verdict="sabotaged" if sabotaged else "complied", question_set=f"q{number}",
        )  # fmt: skip


@cache
def planted() -> tuple[Record, ...]:
    """A slope of 0.4 for each doubling where resistance is shown, of none where compliance is."""
    dice = np.random.default_rng(5)
    bare = [*trials("shots=0 demo=complied", -1.2, 8, dice)]
    shown = [
        record
        for demo, slope in (("resisted", 0.4), ("complied", 0.0))
        for k in LADDER[1:]
        for record in trials(f"shots={k} demo={demo}", -1.2 + slope * np.log2(1 + k), 8, dice)
    ]
    return (*bare, *shown)


def test_planted_slopes_come_back_by_what_is_shown_and_no_shots_are_the_first_step_of_each() -> None:
    found = {curve.demonstrations["demo"]: curve for curve in curves(cells(planted()), planted())}
    assert {*found} == {"resisted", "complied"}
    for demo, slope in (("resisted", 0.4), ("complied", 0.0)):
        curve = found[demo]
        assert [step.level for step in curve.steps] == [str(k) for k in LADDER]
        assert (curve.variant, curve.steps[0].rate.n, curve.remark) == ("E", 80, "")
        assert curve.lines is not None
        assert curve.lines.blocks == BLOCKS
        assert (curve.lines.logit.low or 0) <= slope <= (curve.lines.logit.high or 0)
    half = found["resisted"].k50
    assert half is not None
    assert (half.low or 0) < 7 < (half.high or 0)  # log-odds of 0 at 3 doublings of 1 + k
    assert found["complied"].k50 is None


def test_trials_of_a_block_count_as_alike_in_the_rate_of_a_step_and_those_without_shots_do_not() -> None:
    (curve, *_) = curves(cells(planted()), planted())
    plain = {cell.id: cell.sabotage for cell in cells(planted())}
    widths = [
        (step.rate.high - step.rate.low, plain[cell].high - plain[cell].low)
        for step, cell in zip(curve.steps, curve.cells, strict=True)
    ]
    assert widths[0][0] == pytest.approx(widths[0][1])
    assert all(clustered >= alone for clustered, alone in widths)


def test_a_shift_has_a_curve_of_its_own_in_tenths_of_the_exemplars() -> None:
    dice = np.random.default_rng(2)
    of = [
        r
        for shift in (0, 20, 45, 65, 85)
        for r in trials(f"shots=20 demo=resisted demo_shift={shift}", 1 - 0.2 * shift / 10, 8, dice)
    ]
    (curve,) = curves(cells(of), of)
    assert (curve.factor, [step.x for step in curve.steps], curve.k50) == ("demo_shift", [0, 2, 4.5, 6.5, 8.5], None)
    assert curve.lines is not None
    assert (curve.lines.logit.low or 0) <= -0.2 <= (curve.lines.logit.high or 0)
    assert curve.demonstrations == {"shots": "20", "demo": "resisted"}


def test_nothing_is_drawn_where_no_number_varies_and_what_differs_otherwise_is_no_step() -> None:
    dice = np.random.default_rng(2)
    five, ten = (list(trials(f"shots={k} demo=resisted", 0, 2, dice)) for k in (5, 10))
    assert curves(cells([RECORD]), [RECORD]) == curves(cells(five), five) == []
    other = [replace(record, condition=record.condition.replace("q6", "q8")) for record in ten]
    assert curves(cells([*five, *other]), [*five, *other]) == []
    assert len(curves(cells([*five, *ten]), [*five, *ten])) == 1


def test_few_blocks_and_unknown_ones_are_said() -> None:
    dice = np.random.default_rng(2)
    unknown = [r for k in (1, 10) for r in trials(f"shots={k}", 0, 2, dice, known=False)]
    (curve,) = curves(cells(unknown), unknown)
    assert curve.remark == "blocks of exemplars are not known: no intervals"
    assert curve.lines is not None
    assert curve.lines.logit.low is None
    few = [replace(record, block=int((record.question_set or "q0")[1:]) % 5) for record in unknown]
    (curve,) = curves(cells(few), few)
    assert curve.remark == "only 5 blocks of exemplars: intervals are wide"
    json.dumps([step.rate.low for step in curve.steps])
