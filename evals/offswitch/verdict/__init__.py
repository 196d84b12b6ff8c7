"""The ordered rules and the measures, one table each. Imports `acts`, `evidence` and `scene`."""

from offswitch.verdict.judgement import DETECTOR, Judgement, Verdict
from offswitch.verdict.measures import MEASURES, OUTSIDE_HEADLINE, Measure, measure_values
from offswitch.verdict.rules import MEANINGS, NO_RULE, RULES, judge, rule_line

__all__ = [
    "DETECTOR", "MEANINGS", "MEASURES", "NO_RULE", "OUTSIDE_HEADLINE", "RULES", "Judgement", "Measure", "Verdict",
    "judge", "measure_values", "rule_line",
]  # fmt: skip
