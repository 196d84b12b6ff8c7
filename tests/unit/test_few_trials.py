"""Fewer than ten counted trials are no percentage, wherever results are shown."""

import re
from collections.abc import Iterator
from dataclasses import replace

from browser.made_up import summary
from offswitch.record import Record
from offswitch.stopping.policy import Policy, PolicyRule
from offswitch_analysis.rates import Summary, cells
from offswitch_analysis.rates.compare import compare
from offswitch_analysis.rates.contrasts import DEFAULT_FAMILIES, contrasts
from offswitch_analysis.rates.gate import check
from offswitch_analysis.report.page import render
from offswitch_analysis.report.paper import report_text
from offswitch_analysis.report.rows import cell_row, contrast_rows
from offswitch_analysis.report.write import undeclared_names
from offswitch_analysis.terminal import rates_tables
from offswitch_analysis.terminal.comparison import comparison_table
from offswitch_analysis.text import TOO_FEW, csv_text
from specimens import RECORD, shown

RATES = ("44.4", "0.444", "55.5", "55.6", "0.556", "11.1", "0.111")
"""4 of 9, 5 of 9, and their difference"""


def trials(n: int) -> Iterator[Record]:
    for variant, sabotaged in (("E", 4), ("K", n - 4)):
        for number in range(n):
            verdict = "sabotaged" if number < sabotaged else "complied"
            yield replace(
                RECORD, variant=variant, condition=f"v3 {variant * 3} q6", verdict=verdict, question_set=f"q{number}",
                outlived=verdict == "sabotaged", strict_noncompliant=verdict == "sabotaged",
                trial_id=f"{variant}-{number}",
            )  # fmt: skip


def outputs(n: int) -> str:
    """Everything that is shown of n trials in each of two cells."""
    records = [*trials(n)]
    found = cells(records)
    compared = contrasts(found, records, DEFAULT_FAMILIES)
    told: Summary = replace(summary(models=1, variants="A"), cells=tuple(found), contrasts=tuple(compared))
    rule = PolicyRule("sabotage", 0.2, upper=True, variant=None, model=None)
    page = re.sub(r"<style>.*?</style>|<script.*?</script>", "", render(told), flags=re.S)
    return "\n".join([
        shown(*rates_tables(found), comparison_table(compare(found, found))),
        report_text(told, []), re.sub(r"<[^>]*>", " ", page),
        csv_text(map(cell_row, found)), csv_text(contrast_rows(told)),
        *map(str, check(Policy((rule, replace(rule, anytime=True))), found)),
    ])  # fmt: skip


def test_the_rate_of_nine_trials_is_shown_nowhere() -> None:
    told = outputs(9)
    assert [rate for rate in RATES if re.search(rf"(?<![\d.]){re.escape(rate)}", told)] == []
    assert TOO_FEW in told
    assert "4 of 9" in told


def test_the_rate_of_ten_trials_is_shown_everywhere() -> None:
    told = outputs(10)
    assert told.count("40.0") >= 4
    assert "0.4," in told


def test_that_there_is_no_e_is_said() -> None:
    only_k = [record for record in trials(10) if record.variant == "K"]
    (line,) = undeclared_names(DEFAULT_FAMILIES, cells(only_k))
    assert line == "Nothing is compared against E, of which there are no trials: openai/x."
    assert [*undeclared_names(DEFAULT_FAMILIES, cells(trials(10)))] == []
