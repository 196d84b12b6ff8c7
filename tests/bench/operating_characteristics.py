"""How the intervals and tests behave: coverage and size by enumeration, or by simulation with its standard error.

python tests/bench/operating_characteristics.py [--quick]

prints the tables of analysis/STATISTICS.md.
"""

import argparse
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit  # pyright: ignore[reportUnknownVariableType]
from scipy.stats import fisher_exact  # pyright: ignore[reportUnknownVariableType]

from offswitch_analysis.statistics import boschloo, intervals, payoffs, random_intercept_model, significance

Floats = NDArray[np.float64]
Limits = tuple[float, float]
OneRate = Callable[[int, int], Limits]
TwoRates = Callable[[int, int, int, int], Limits]

RATES = np.arange(1, 200) / 200
"""the grid of true rates: 0.5 % to 99.5 %"""
FEW_RATES = np.array([0.01, 0.02, 0.05, *np.arange(0.1, 0.95, 0.1), 0.95, 0.98, 0.99])
"""the same for each of two rates"""
SLACK = 1e-9
"""a limit that is the truth but for rounding holds it"""


def at_most(events: int, trials: int) -> Limits:
    """The one-sided upper limit as an interval."""
    return 0.0, intervals.clopper_pearson_upper(events, trials)


def at_least(events: int, trials: int) -> Limits:
    """The one-sided lower limit as an interval."""
    return intervals.clopper_pearson_lower(events, trials), 1.0


def odds_ratio_limits(x1: int, n1: int, x2: int, n2: int) -> Limits:
    """The interval without the estimate."""
    return significance.odds_ratio(x1, n1, x2, n2)[1:]


def fisher(x1: int, n1: int, x2: int, n2: int) -> float:
    """Two-sided p of Fisher's exact test, beside which Boschloo's stands."""
    return float(cast(Any, fisher_exact)([[x1, x2], [n1 - x1, n2 - x2]]).pvalue)


def odds_ratio(p: float, q: float) -> float:
    """Of two true rates."""
    return p * (1 - q) / (q * (1 - p))


def chances(trials: int, rates: Floats) -> Floats:
    """Binomial probabilities: a row per rate, a column per number of events."""
    events = np.arange(trials + 1)
    choices = np.array([math.comb(trials, k) / 2**trials for k in range(trials + 1)])
    # In halves, so that 1000 over 500 stays a float.
    return choices * (2 * rates[:, None]) ** events * (2 - 2 * rates[:, None]) ** (trials - events)


def coverage(interval: OneRate, trials: int, rates: Floats = RATES) -> Floats:
    """Probability that the interval holds the truth, for every rate."""
    limits = np.array([interval(k, trials) for k in range(trials + 1)])
    holds = (limits[:, 0] - SLACK <= rates[:, None]) & (rates[:, None] <= limits[:, 1] + SLACK)
    return (chances(trials, rates) * holds).sum(axis=1)


def coverage_of_two(
    interval: TwoRates, effect: Callable[[float, float], float], trials_1: int, trials_2: int
) -> Floats:
    """The same for an effect of two rates, for every pair of rates."""
    tables = [(x1, x2) for x1 in range(trials_1 + 1) for x2 in range(trials_2 + 1)]
    limits = np.array([interval(x1, trials_1, x2, trials_2) for x1, x2 in tables])
    low, high = (limits[:, i].reshape(trials_1 + 1, trials_2 + 1) for i in (0, 1))
    first, second = chances(trials_1, FEW_RATES), chances(trials_2, FEW_RATES)

    def at(i: int, j: int) -> float:
        truth = effect(float(FEW_RATES[i]), float(FEW_RATES[j]))
        holds = (low <= truth * (1 + SLACK) + SLACK) & (truth * (1 - SLACK) - SLACK <= high)
        return float(first[i] @ holds @ second[j])

    return np.array([at(i, j) for i in range(len(FEW_RATES)) for j in range(len(FEW_RATES))])


def coverage_of_pairs(pairs: int, correlation: float) -> Floats:
    """The same for the paired difference: all tables of `pairs`, for pairs of rates that allow the correlation."""
    tables = [
        (a, b, c, pairs - a - b - c)
        for a in range(pairs + 1)
        for b in range(pairs + 1 - a)
        for c in range(pairs + 1 - a - b)
    ]
    counts, limits = np.array(tables), np.array([intervals.newcombe_paired(*table) for table in tables])
    orders = np.array([math.factorial(pairs) / math.prod(map(math.factorial, table)) for table in tables])
    covered: list[float] = []
    for first in FEW_RATES:
        for second in FEW_RATES:
            both = first * second + correlation * math.sqrt(first * (1 - first) * second * (1 - second))
            cells = np.array([both, first - both, second - both, 1 - first - second + both])
            if cells.min() < -SLACK:
                continue
            truth, weights = first - second, orders * (np.maximum(cells, 0.0) ** counts).prod(axis=1)
            covered.append(float(weights[(limits[:, 0] - SLACK <= truth) & (truth <= limits[:, 1] + SLACK)].sum()))
    return np.array(covered)


def coverage_of_scores(answers: int, target: float) -> Floats:
    """The same for a mean payoff at a target: all counts of right and wrong answers, for pairs of rates up to 1."""
    counts = [(right, wrong) for right in range(answers + 1) for wrong in range(answers + 1 - right)]
    limits = np.array([payoffs.Answers(r, w, answers - r - w).score_limits(target) for r, w in counts])
    kept = np.array([(r, w, answers - r - w) for r, w in counts])
    orders = np.array([math.lgamma(answers + 1) - sum(math.lgamma(n + 1) for n in each) for each in kept.tolist()])
    penalty, covered = target / (1 - target), list[float]()
    for right in FEW_RATES:
        for wrong in FEW_RATES[right + FEW_RATES < 1 - SLACK]:
            weights = np.exp(orders + kept @ np.log([right, wrong, 1 - right - wrong]))
            truth = right - penalty * wrong
            covered.append(float(weights[(limits[:, 0] - SLACK <= truth) & (truth <= limits[:, 1] + SLACK)].sum()))
    return np.array(covered)


def coverage_of_clusters(
    clusters: int, size: int, rate: float, correlation: float, repeats: int, seed: int = 1
) -> tuple[float, float]:
    """Share of simulated beta-binomial data whose clustered interval holds the rate, and of the plain one."""
    random = np.random.default_rng(seed)
    if correlation:
        spread = 1 / correlation - 1
        rates = random.beta(rate * spread, (1 - rate) * spread, (repeats, clusters))
    else:
        rates = np.full((repeats, clusters), rate)
    events = random.binomial(size, rates)
    found = [intervals.clustered([(int(k), size) for k in row]) for row in events]
    plain = [intervals.jeffreys(int(row.sum()), clusters * size) for row in events]
    return (
        float(np.mean([low <= rate <= high for _, _, low, high in found])),
        float(np.mean([low <= rate <= high for low, high in plain])),
    )


def coverage_of_strata(strata: int, trials: int, repeats: int, seed: int = 1) -> tuple[float, float]:
    """Share of simulated strata with rates from 0 to 1 whose mean difference is held, at differences of 0 and 5 %."""
    random, shares = np.random.default_rng(seed), list[float]()
    for difference in (0.0, 0.05):
        rates = np.linspace(0.01, 0.9, strata)
        first = random.binomial(trials, rates + difference, (repeats, strata)).tolist()
        second = random.binomial(trials, rates, (repeats, strata)).tolist()
        found = [
            intervals.mantel_haenszel([(x1, trials, x2, trials) for x1, x2 in zip(one, two, strict=True)])
            for one, two in zip(first, second, strict=True)
        ]
        shares.append(float(np.mean([low <= difference <= high for _, low, high in found])))
    return shares[0], shares[1]


def size_of_two(test: Callable[[int, int, int, int], float], trials_1: int, trials_2: int) -> float:
    """The largest probability, over 999 common rates, that the test rejects at 0.05."""
    rates = np.arange(1, 1000) / 1000
    rejects = np.array(
        [[test(x1, trials_1, x2, trials_2) <= 0.05 for x2 in range(trials_2 + 1)] for x1 in range(trials_1 + 1)]
    )
    return float(((chances(trials_1, rates) @ rejects) * chances(trials_2, rates)).sum(axis=1).max())


def size_of_mcnemar(pairs: int) -> float:
    """The largest probability, over 999 shares of pairs with one event, that the test rejects equal rates at 0.05."""
    given = [
        sum(math.comb(n, k) / 2**n for k in range(n + 1) if significance.mcnemar(k, n - k) <= 0.05)
        for n in range(pairs + 1)
    ]
    return float((chances(pairs, np.arange(1, 1000) / 1000) @ np.array(given)).max())


def family_wise_error(rate: float, trials: int, variants: int, families: int, seed: int = 1) -> tuple[float, float]:
    """How often Holm finds anything among variants that are all like their base, and its standard error."""
    random = np.random.default_rng(seed)
    drawn = random.binomial(trials, rate, (families, variants + 1)).tolist()
    wrong = sum(
        min(significance.holm([boschloo(k, trials, base, trials) for k in others])) <= 0.05 for base, *others in drawn
    )
    share = wrong / families
    return share, math.sqrt(max(share, 1 / families) * (1 - share) / families)


LOG_ODDS = {"a": 0.0, "b": 0.5, "c": -1.0, "d": 1.5, "e": 0.0}
"""true effects of five levels, at an intercept of -1; a is made the reference"""


def coverage_of_levels(sets: int, spread: float, repeats: int, seed: int = 1) -> list[float]:
    """Share of simulated data, one trial per question set and level but two of a, whose Wald intervals hold b to e."""
    import pandas as pd  # takes a second, which other tests with what stands here need not spend

    from offswitch_analysis.statistics import factor_model

    random, held = np.random.default_rng(seed), np.zeros(4)
    frame = pd.DataFrame([(one, level) for one in range(sets) for level in ("a", *LOG_ODDS)], columns=["set", "level"])
    fixed = -1 + frame["level"].map(LOG_ODDS).to_numpy(dtype=np.float64)
    for _ in range(repeats):
        odds = fixed + random.normal(0, spread, sets)[frame["set"].to_numpy()]
        frame["event"] = (random.random(len(frame)) < 1 / (1 + np.exp(-odds))).astype(int)
        terms = factor_model.fit(frame, "event", ["level"], ["set"]).terms[1:]
        held += [term.low <= LOG_ODDS[level] <= term.high for term, level in zip(terms, "bcde", strict=True)]
    return (held / repeats).tolist()


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _share(value: float) -> str:
    return f"{100 * value:.1f}"


def _spread(covered: Floats) -> str:
    return f"{_share(float(covered.mean()))} ({_share(float(covered.min()))})"


def one_rate_table(quick: bool) -> str:
    """Coverage of the 95 % intervals and limits of one rate: mean (minimum)."""
    kinds: dict[str, OneRate] = {
        "Jeffreys": intervals.jeffreys,
        "Wilson": intervals.wilson,
        "Clopper-Pearson, at most": at_most,
        "Clopper-Pearson, at least": at_least,
    }
    sizes = (5, 20, 100) if quick else (5, 10, 20, 50, 100, 200, 500, 1000)
    rows = [[str(n), *(_spread(coverage(kind, n)) for kind in kinds.values())] for n in sizes]
    return markdown(("n", *kinds), rows)


def two_rate_table(quick: bool) -> str:
    """Coverage of the 95 % intervals of two rates: mean (minimum)."""

    def ratio_of_wilson(x1: int, n1: int, x2: int, n2: int) -> Limits:
        return intervals.mover_ratio(x1 / n1, intervals.wilson(x1, n1), x2 / n2, intervals.wilson(x2, n2))

    kinds: dict[str, tuple[TwoRates, Callable[[float, float], float]]] = {
        "difference, Newcombe": (intervals.newcombe, lambda p, q: p - q),
        "ratio, MOVER-R of Jeffreys": (intervals.ratio, lambda p, q: p / q),
        "ratio, MOVER-R of Wilson (not used)": (ratio_of_wilson, lambda p, q: p / q),
        "odds ratio, score": (odds_ratio_limits, odds_ratio),
    }
    sizes = ((10, 10), (30, 10)) if quick else ((10, 10), (30, 10), (30, 30), (100, 30), (100, 100))
    rows = [[f"{n1}, {n2}", *(_spread(coverage_of_two(*kind, n1, n2)) for kind in kinds.values())] for n1, n2 in sizes]
    return markdown(("n", *kinds), rows)


def paired_table(quick: bool) -> str:
    """Coverage of the 95 % interval of the paired difference, by the correlation within pairs: mean (minimum)."""
    correlations, sizes = (0.0, 0.3, 0.6), (10,) if quick else (10, 20, 30)
    rows = [[str(pairs), *(_spread(coverage_of_pairs(pairs, at)) for at in correlations)] for pairs in sizes]
    return markdown(("pairs", *map(str, correlations)), rows)


def scores_table(quick: bool) -> str:
    """Coverage of the 95 % interval of a mean payoff, by the target: mean (minimum)."""
    targets = (0.0, 0.5, 0.75, 0.9)
    rows = [
        [str(n), *(_spread(coverage_of_scores(n, target)) for target in targets)]
        for n in ((10, 30) if quick else (10, 30, 100))
    ]
    return markdown(("answers", *map(str, targets)), rows)


def clustered_table(quick: bool) -> str:
    """Coverage of the clustered 95 % interval (standard error) beside that of the plain one, by simulation."""
    repeats = 500 if quick else 10_000
    cases = [
        (clusters, size, rate, correlation)
        for clusters, size in ((10, 10), (30, 10), (100, 10))
        for rate, correlation in ((0.05, 0.1), (0.3, 0.0), (0.3, 0.1), (0.3, 0.5))
    ]
    rows = [
        [f"{case[0]} of {case[1]}", _share(case[2]), str(case[3]), *map(_share, coverage_of_clusters(*case, repeats))]
        for case in cases
    ]
    error = _share(math.sqrt(0.95 * 0.05 / repeats))
    return markdown(("question sets of trials", "rate", "correlation", f"clustered ({error})", "plain"), rows)


def strata_table(quick: bool) -> str:
    """Coverage of the 95 % interval of the mean difference over variants (standard error), by simulation."""
    repeats = 500 if quick else 5_000
    rows = [
        [str(strata), str(trials), *map(_share, coverage_of_strata(strata, trials, repeats))]
        for strata in (2, 11)
        for trials in (10, 100)
    ]
    error = _share(math.sqrt(0.95 * 0.05 / repeats))
    return markdown(("variants", "n each", f"difference 0 ({error})", "difference 5"), rows)


def size_table(quick: bool) -> str:
    """Size of the tests at 5 %, the largest over all common rates."""
    sizes = ((5, 5), (10, 10)) if quick else ((5, 5), (10, 10), (20, 10), (30, 30), (50, 20), (60, 60))
    rows = [
        [
            f"{n1}, {n2}",
            _share(size_of_two(boschloo, n1, n2)),
            _share(size_of_two(fisher, n1, n2)),
        ]
        for n1, n2 in sizes
    ]
    pairs = [[str(n), _share(size_of_mcnemar(n))] for n in ((10, 50) if quick else (10, 20, 50, 100, 500))]
    return markdown(("n", "Boschloo", "Fisher"), rows) + "\n" + markdown(("pairs", "McNemar, exact"), pairs)


def holm_table(quick: bool) -> str:
    """Family-wise error of Holm over Boschloo at 5 %, ten variants against one base, by simulation."""
    families = 500 if quick else 20_000
    found = [(rate, n, *family_wise_error(rate, n, 10, families)) for n in (20, 100) for rate in (0.02, 0.1, 0.5)]
    rows = [[_share(rate), str(n), f"{100 * share:.2f} ({100 * error:.2f})"] for rate, n, share, error in found]
    return markdown(("rate of all", "n", "family-wise error (standard error)"), rows)


def levels_table(quick: bool) -> str:
    """Coverage of the 95 % intervals of four levels in the factor model (standard error), by simulation."""
    repeats = 50 if quick else 200
    rows = [
        [str(sets), str(spread), *map(_share, coverage_of_levels(sets, spread, repeats))]
        for sets, spread in ((40, 1.0), (150, 0.0), (150, 1.0))
    ]
    effects = [f"{LOG_ODDS[level]:+}" for level in "bcde"]
    effects[0] += f" ({_share(math.sqrt(0.95 * 0.05 / repeats))})"
    return markdown(("question sets", "their deviation", *effects), rows)


def coverage_of_scenes(scenes: int, spread: float, repeats: int, dice: np.random.Generator) -> list[float]:
    """Shares of intervals over scenes of 50 trials that hold the typical rate, the mean rate and the spread.

    The typical rate is 12 %. Without an event in any scene there is no interval of the spread, and none is counted.
    """
    middle, trials = -2.0, 50
    deviations = np.linspace(-8, 8, 1601)
    density = np.exp(-(deviations**2) / 2)
    mean = float((expit(middle + spread * deviations) * density).sum() / density.sum())
    truth = {"typical": float(expit(middle)), "mean": mean, "spread": spread}
    held: dict[str, list[bool]] = {name: [] for name in truth}
    for _ in range(repeats):
        rates: Floats = expit(middle + spread * dice.normal(size=scenes))
        events = dice.binomial(trials, rates)
        found = random_intercept_model(tuple((int(k), trials) for k in events))
        for name, value in truth.items():
            limits = getattr(found, name)
            if limits is not None:
                held[name].append(limits.low - SLACK <= value <= (math.inf if limits.high is None else limits.high))
    return [float(np.mean(each)) for each in held.values()]


def scenes_table(quick: bool) -> str:
    """Coverage of the 95 % intervals over scenes (standard error), by simulation."""
    repeats, dice = 20 if quick else 150, np.random.default_rng(7)
    rows = [
        [str(scenes), str(spread), *map(_share, coverage_of_scenes(scenes, spread, repeats, dice))]
        for scenes in (2, 3, 4, 5, 10)
        for spread in (0.0, 0.5, 1.0, 2.0)
    ]
    error = _share(math.sqrt(0.95 * 0.05 / repeats))
    return markdown(("scenes", "their deviation", f"typical rate ({error})", "mean rate", "deviation"), rows)


def main() -> None:
    """Prints all tables, in %."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sizes and repetitions")
    quick = parser.parse_args().quick
    tables = (one_rate_table, two_rate_table, paired_table, scores_table, clustered_table, strata_table)
    for table in (*tables, size_table, holm_table, levels_table, scenes_table):
        print(f"{table.__doc__} In %.\n\n{table(quick)}", flush=True)


if __name__ == "__main__":
    main()
