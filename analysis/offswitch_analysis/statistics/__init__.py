"""Intervals and tests for rates; of the project, only its errors are imported here.

`factor_model` is imported by its own name, because it loads pandas.
"""

from offswitch_analysis.statistics.agreement import nominal_alpha
from offswitch_analysis.statistics.clusters import ClusteredDifference, clustered_difference
from offswitch_analysis.statistics.equal_rates import boschloo
from offswitch_analysis.statistics.forecasts import Brier, ReliabilityBin, brier, reliability_bins
from offswitch_analysis.statistics.intervals import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    clustered,
    jeffreys,
    mantel_haenszel,
    mover_difference,
    newcombe,
    newcombe_paired,
    ratio,
    wilson,
)
from offswitch_analysis.statistics.payoffs import Answers, expected_payoff, payoff
from offswitch_analysis.statistics.power import boschloo_power, fisher_power, newcombe_width, pairs_power, rate_width
from offswitch_analysis.statistics.random_intercept import Bounded, RandomIntercept, random_intercept_model
from offswitch_analysis.statistics.significance import holm, mcnemar, odds_ratio

__all__ = [
    "Answers",
    "Bounded",
    "Brier",
    "ClusteredDifference",
    "RandomIntercept",
    "ReliabilityBin",
    "boschloo",
    "boschloo_power",
    "brier",
    "clopper_pearson_lower",
    "clopper_pearson_upper",
    "clustered",
    "clustered_difference",
    "expected_payoff",
    "fisher_power",
    "holm",
    "jeffreys",
    "mantel_haenszel",
    "mcnemar",
    "mover_difference",
    "newcombe",
    "newcombe_paired",
    "newcombe_width",
    "nominal_alpha",
    "odds_ratio",
    "pairs_power",
    "payoff",
    "random_intercept_model",
    "rate_width",
    "ratio",
    "reliability_bins",
    "wilson",
]  # fmt: skip
