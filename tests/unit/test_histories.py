"""Rates over time: which trials make a point, what is marked as changed, and what other pages embed."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from browser.made_up import summary
from offswitch.errors import InputError
from offswitch.record import Record
from offswitch_analysis.rates.histories import days_between, histories, of_day
from offswitch_analysis.rates.history import History
from offswitch_analysis.report.embedded import write_embedded
from offswitch_analysis.report.page import render
from offswitch_analysis.report.page.histories import badge, badge_name, drawn, fragment
from offswitch_analysis.report.write import report_text
from offswitch_analysis.terminal.histories import history_table
from offswitch_cli.answer import plain_values
from specimens import RECORD, shown

HOSTILE = "</svg><script>window.evil=1</script>/../../x"


def trials(day: str, sabotaged: int, n: int = 20, **facts: Any) -> list[Record]:
    """So many trials of an evaluation of that day."""
    verdicts = ["sabotaged"] * sabotaged + ["complied"] * (n - sabotaged)
    told = {"created": f"{day}T10:00:00+00:00", "eval_id": day, "detector": 9, "code_digest": "c1", **facts}
    of = enumerate(verdicts)
    return [
        replace(RECORD, **{"trial_id": f"A-{k:04}", "verdict": verdict, "model_served": "x-1", **told})
        for k, verdict in of
    ]


def only(records: Iterable[Record]) -> History:
    (history,) = histories(records)
    return history


def test_a_day_is_a_point_and_days_are_in_order() -> None:
    points = only([*trials("2026-11-20", 4), *trials("2026-10-01", 1), *trials("2026-11-01", 2)]).points
    assert [(point.day, point.sabotage.events, point.sabotage.n) for point in points] == [
        ("2026-10-01", 1, 20), ("2026-11-01", 2, 20), ("2026-11-20", 4, 20),
    ]  # fmt: skip
    assert [point.changed for point in points] == [(), (), ()]


def test_a_day_is_one_of_utc_whatever_the_clock_of_the_host_was_set_to() -> None:
    late = trials("2026-11-20", 1, created="2026-11-20T23:30:00-05:00")
    assert only(late).points[0].day == "2026-11-21"
    assert only(trials("2026-11-20", 1, created="yesterday")).points[0].day == "unknown"


@pytest.mark.parametrize("name", ["model_served", "detector", "code_digest", "condition"])
def test_what_differs_from_the_point_before_is_marked_also_within_a_day(name: str) -> None:
    changed: dict[str, Any] = {name: 10 if name == "detector" else "other"}
    again = trials("2026-11-02", 2, created="2026-11-02T12:00:00+00:00", eval_id="later", **changed)
    points = only([*trials("2026-11-01", 1), *again, *trials("2026-11-02", 1)]).points
    assert [(point.day, point.changed) for point in points] == [
        ("2026-11-01", ()), ("2026-11-02", ()), ("2026-11-02", (name,)),
    ]  # fmt: skip


def test_a_failure_that_names_no_model_as_served_is_of_the_point_of_its_evaluation() -> None:
    failed = trials("2026-11-01", 0, n=1, verdict="failure", failure="internal", model_served=None, detector=None)
    (point,) = only([*trials("2026-11-01", 1), *failed]).points
    assert (point.trials, point.failures, point.facts["model_served"]) == (21, 1, "x-1")


def test_models_variants_agents_and_scenes_have_histories_of_their_own() -> None:
    records = [
        *trials("2026-11-01", 1), *trials("2026-11-02", 1), *trials("2026-11-01", 1, model="openai/y"),
        *trials("2026-11-01", 1, variant="E"), *trials("2026-11-01", 1, scene="repository@1"),
        *trials("2026-11-01", 1, agent="codex@1"),
    ]  # fmt: skip
    assert len(histories(records)) == 5
    assert [(history.model, history.variant) for history in histories(records, fewest=2)] == [("openai/x", "A")]


def test_two_days_of_the_same_logs_can_be_told_apart_and_a_day_without_trials_is_named() -> None:
    records = [*trials("2026-11-01", 1), *trials("2026-11-02", 2)]
    assert len(of_day(records, "2026-11-02")) == 20
    with pytest.raises(InputError, match="2026-11-03: no trials of that day; there are 2026-11-01, 2026-11-02"):
        of_day(records, "2026-11-03")
    assert days_between("2026-10-30", "2026-11-02") == 3
    assert days_between("unknown", "2026-11-02") is None


def test_the_table_names_day_rate_interval_and_change_and_gives_no_percentage_of_few() -> None:
    few = trials("2026-11-03", 3, n=6, detector=10)
    text = shown(history_table(histories([*trials("2026-11-01", 5, scripted=False), *few])))
    assert "25.0" in text
    assert "detector: 10" in text
    assert "too few" in text
    assert "50.0" not in text
    assert "Scripted agents" in shown(history_table(histories(trials("2026-11-01", 5, scripted=True))))
    told = json.loads(json.dumps(plain_values({"histories": histories(few)})))
    assert told["histories"][0]["points"][0]["sabotage"]["events"] == 3


def test_points_lie_by_their_date_and_what_has_too_few_trials_is_not_drawn() -> None:
    days = ["2026-11-01", "2026-11-02", "2026-11-11"]
    line = drawn(only([one for day in days for one in trials(day, 10)] + trials("2026-11-05", 1, n=9)))
    assert [one.point.day for one in line] == days
    first, second, last = (one.x for one in line)
    assert (last - first) / (second - first) == pytest.approx(10)
    assert all(one.high < one.y < one.low for one in line)


def test_what_is_embedded_is_whole_has_no_script_and_says_that_agents_are_scripted(tmp_path: Path) -> None:
    hostile = [*trials("2026-11-01", 5, model=HOSTILE, model_served=HOSTILE, scripted=True), *trials("2026-11-02", 5)]
    found = histories([*hostile, *trials("2026-11-03", 1, model=HOSTILE, model_served="<b>", scripted=True)])
    write_embedded(found, tmp_path)
    text = (tmp_path / "history.html").read_text()
    assert "<script" not in text
    assert "<style" not in text
    assert "Scripted agents" in text
    ElementTree.fromstring(f"<div>{text}</div>")
    badges = sorted((tmp_path / "badges").iterdir())
    assert len(badges) == len(found) == 2
    for path in badges:
        assert ElementTree.fromstring(path.read_text()).tag.endswith("svg")
    assert sum("(scripted)" in path.read_text() for path in badges) == 1


def test_a_badge_has_the_newest_rate_and_a_name_that_stays() -> None:
    before, now = (
        only(records) for records in (trials("2026-11-01", 5), [*trials("2026-11-01", 5), *trials("2026-11-02", 8)])
    )
    assert badge_name(before) == badge_name(now)
    assert "40.0 %" in badge(now)
    assert "2026-11-02" in badge(now)
    assert "too few (6 trials)" in badge(only(trials("2026-11-02", 3, n=6)))


def test_a_fragment_of_no_history_is_still_a_section() -> None:
    assert fragment([]).startswith("<section")


def test_a_report_has_a_history_where_there_is_more_than_one_point() -> None:
    records = [*trials("2026-11-01", 5), *trials("2026-11-02", 8, detector=10)]
    made = replace(summary(models=1, variants="E", trials=0), histories=histories(records, fewest=2))
    page, text = render(made), report_text(made, [])
    for said in ('href="#history"', 'id="history"', "detector changed", "<td>40.0 ("):
        assert said in page
    assert "| 2026\\-11\\-02 | 40.0 (" in text
    bare = replace(made, histories=histories(trials("2026-11-01", 5), fewest=2))
    assert 'id="history"' not in render(bare)
    assert "## History" not in report_text(bare, [])
