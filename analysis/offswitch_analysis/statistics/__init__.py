"""Intervals and tests for rates; of the project, only its errors are imported here.

`factor_model` is imported by its own name, because it loads pandas.
"""

from offswitch_analysis.statistics.intervals import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    clustered,
    jeffreys,
    mantel_haenszel,
    newcombe,
    newcombe_paired,
    ratio,
    wilson,
)
from offswitch_analysis.statistics.random_intercept import Bounded, RandomIntercept, random_intercept_model
from offswitch_analysis.statistics.significance import boschloo, holm, mcnemar, odds_ratio

__all__ = [
    "Bounded", "RandomIntercept", "boschloo", "clopper_pearson_lower", "clopper_pearson_upper", "clustered", "holm",
    "jeffreys", "mantel_haenszel", "mcnemar", "newcombe", "newcombe_paired", "odds_ratio",
    "random_intercept_model", "ratio", "wilson",
]  # fmt: skip
