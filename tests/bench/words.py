"""How the statistics of words behave, by simulation: learning curves, wordings, and designs; for STATISTICS.md.

python tests/bench/words.py prints the tables; with --quick, in a minute, from fewer repetitions.
"""

import argparse
import math
import time
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from operating_characteristics import markdown
from scipy.special import expit, ndtri  # pyright: ignore[reportUnknownVariableType]

from offswitch_analysis.statistics import random_intercept_model
from offswitch_analysis.statistics.learning_curve import OverBlocks, lines
from offswitch_prompts.choice import asked_levels
from offswitch_prompts.design import quality
from offswitch_prompts.factorials import balanced_sample, optimal_design, valid_combinations
from offswitch_prompts.space import load_space

Floats = NDArray[np.float64]

LADDER = np.log2(1 + np.array([0, 1, 2, 5, 10, 20, 50, 100.0]))
INTERCEPT_SD, SLOPE_SD, SLOPE = 0.5, 0.1, 0.35
"""of blocks, in log-odds; the slope is for each doubling of 1 + k"""
WORDINGS, TRIALS, SPREAD, WITHIN = 16, 50, 0.8, (0.5, 1.1)
SIZES = (32, 48, 64, 96)


def holds(interval: OverBlocks, truth: float) -> bool:
    """Whether it has limits, with the truth between them."""
    return interval.low is not None and interval.high is not None and interval.low <= truth <= interval.high


def curve_row(
    blocks: int, trials: int, middle: float, slope: float, repeats: int, dice: np.random.Generator
) -> list[str]:
    """Coverage of both slopes and of k50, and the mean logit slope; k50 where the true one is within the ladder."""
    logit, ladder, half, values = 0, 0, list[bool](), list[float]()
    true_ladder = float(np.polyfit(np.arange(len(LADDER)), _mean_rates(middle, slope), 1)[0])
    for _ in range(repeats):
        intercepts = middle + dice.normal(0, INTERCEPT_SD, (blocks, 1))
        odds = intercepts + (slope + dice.normal(0, SLOPE_SD, (blocks, 1))) * LADDER
        rates: Floats = expit(odds)
        events = dice.binomial(trials, rates)
        found = lines(LADDER.tolist(), [[(int(k), trials) for k in row] for row in events])
        logit += holds(found.logit, slope)
        ladder += holds(found.ladder, true_ladder)
        values.append(found.logit.value)
        if found.half is not None and found.half.low is not None:
            half.append(holds(found.half, -middle / slope))
    crosses = slope and LADDER[0] < -middle / slope < LADDER[-1]
    told = f"{100 * float(np.mean(half)):.1f} of {len(half)}" if crosses and half else "-"
    return [
        str(blocks), str(trials), f"{middle:+}", f"{slope:+}", f"{100 * logit / repeats:.1f}",
        f"{float(np.mean(values)):+.3f}", f"{100 * ladder / repeats:.1f}", told,
    ]  # fmt: skip


def _mean_rates(middle: float, slope: float) -> Floats:
    """The mean rate of all blocks at each step, by a sum over the deviations of its log-odds."""
    at = np.arange(-8.5, 8.55, 0.1)
    density = np.exp(-(at**2) / 2) / np.exp(-(at**2) / 2).sum()
    spread = np.sqrt(INTERCEPT_SD**2 + (SLOPE_SD * LADDER) ** 2)
    return expit((middle + slope * LADDER)[:, None] + spread[:, None] * at) @ density


def curve_table(quick: bool) -> str:
    """Coverage of the 95 % intervals over blocks of a learning curve, by simulation."""
    repeats, dice = 100 if quick else 1000, np.random.default_rng(17)
    cases = [
        (10, 20, -1.2, 0.35), (10, 20, -3.0, 0.35), (10, 20, -1.2, 0.0), (10, 20, 0.5, -0.35), (8, 20, -1.2, 0.35),
        (8, 5, -1.2, 0.35), (10, 2, -1.2, 0.35), (10, 2, -3.0, 0.35), (5, 20, -1.2, 0.35), (3, 20, -1.2, 0.35),
    ]  # fmt: skip
    rows = [curve_row(*case, repeats, dice) for case in cases]
    error = f"{100 * math.sqrt(0.05 * 0.95 / repeats):.1f}"
    return markdown(
        ("blocks", "trials of a step and block", "log-odds without shots", "slope", f"logit slope ({error})",
         "its mean", "points per step", "k50, where it has limits"), rows,
    )  # fmt: skip


def wordings_row(odds: float, drawn: bool, repeats: int, dice: np.random.Generator) -> list[str]:
    """How often the estimated SD is within WITHIN, and intervals hold the truth."""
    quantiles: Floats = ndtri((np.arange(WORDINGS) + 0.5) / WORDINGS)
    fixed = SPREAD * quantiles / quantiles.std()
    at = np.arange(-8.5, 8.55, 0.1)
    density = np.exp(-(at**2) / 2) / np.exp(-(at**2) / 2).sum()
    mean = float(expit(odds + SPREAD * at) @ density) if drawn else float(expit(odds + fixed).mean())
    values, held, rate, known = list[float](), 0, 0, 0
    for _ in range(repeats):
        effects = dice.normal(0, SPREAD, WORDINGS) if drawn else fixed
        rates: Floats = expit(odds + effects)
        events = dice.binomial(TRIALS, rates)
        found = random_intercept_model(tuple(sorted((int(k), TRIALS) for k in events)))
        assert found.spread is not None
        values.append(found.spread.value)
        held += found.spread.low <= SPREAD <= (math.inf if found.spread.high is None else found.spread.high)
        rate += found.mean.low <= mean <= (found.mean.high or 1)
        known += WITHIN[0] < float(effects.std(ddof=1 if drawn else 0)) < WITHIN[1]
    inside = float(np.mean([WITHIN[0] < value < WITHIN[1] for value in values]))
    which = "another sixteen each time" if drawn else "the same sixteen"
    shares = (inside, known / repeats, held / repeats, rate / repeats)
    return [which, f"{100 * float(expit(odds)):.0f}", *(f"{100 * one:.1f}" for one in shares), f"{np.mean(values):.2f}"]


def wordings_table(quick: bool) -> str:
    """The SD over 16 wordings of 50 trials, which is 0.8, by simulation."""
    cases, repeats = ((0.0, False), (-1.0, False), (0.0, True)), 100 if quick else 1000
    rows = [wordings_row(*case, repeats, np.random.default_rng(18 + number)) for number, case in enumerate(cases)]
    header = (
        "wordings", "typical rate", f"estimate from {WITHIN[0]} to {WITHIN[1]}", "the same of known rates",
        "interval of the SD holds it", "interval of the mean rate holds it", "mean estimate",
    )  # fmt: skip
    return markdown(header, rows)


def design_table(quick: bool) -> str:
    """All factors of prompts that go with E: a D-optimal design beside a balanced sample, seed 1."""
    space = load_space()
    start, levels = asked_levels(space, "all", "E")
    valid = valid_combinations(space, start, levels, 1)
    rows: list[Sequence[str]] = []
    for count in SIZES[:2] if quick else SIZES:
        for name, choose in (("design", optimal_design), ("sample", balanced_sample)):
            began = time.process_time()
            chosen = [{f: one.levels[f] for f in levels} for one in choose(space, start, levels, count, 1)]
            spent, found = time.process_time() - began, quality(chosen, valid, levels)
            worst = f"{found.aliases[0][2]:.2f}" if found.aliases else "-"
            told = (", ".join(found.mixed) or "none", worst, f"{found.estimable} of {found.interactions}")
            rows.append([str(count), name, f"{100 * found.efficiency:.1f}", *told, f"{spent:.1f}"])
    header = ("conditions", "", "D-efficiency", "main effects that cannot be told apart",
              "most of an interaction taken for a main effect", "interactions told apart", "s of CPU")  # fmt: skip
    return markdown(header, rows)


def printed(quick: bool) -> Iterable[str]:
    """Each table below what it is."""
    for table in (curve_table, wordings_table, design_table):
        yield f"{table.__doc__} In %, but for numbers.\n\n{table(quick)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sizes and repetitions")
    for text in printed(parser.parse_args().quick):
        print(text, flush=True)
