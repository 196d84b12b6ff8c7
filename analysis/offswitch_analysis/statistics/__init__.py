"""Intervals and tests for rates; of the project, only its errors are imported here.

`factor_model` is imported by its own name, because it loads pandas.
"""

from offswitch_analysis.statistics.agreement import nominal_alpha
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
from offswitch_analysis.statistics.over_scenes import Bounded, SceneModel, scene_model
from offswitch_analysis.statistics.significance import boschloo, holm, mcnemar, odds_ratio

__all__ = [
    "Bounded", "SceneModel", "boschloo", "clopper_pearson_lower", "clopper_pearson_upper", "clustered", "holm",
    "jeffreys", "mantel_haenszel", "mcnemar", "newcombe", "newcombe_paired", "nominal_alpha", "odds_ratio", "ratio",
    "scene_model", "wilson",
]  # fmt: skip
