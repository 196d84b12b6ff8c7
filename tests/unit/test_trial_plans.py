"""Trial plans: their faults, what they come to, what was frozen, and how every deviation is named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from browser.made_up import summary
from offswitch.errors import InputError
from offswitch.record import Record
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.contrasts import contrasts
from offswitch_analysis.rates.plan_standing import PlanStanding, Standing
from offswitch_analysis.report.page import render
from offswitch_analysis.report.write import report_text
from offswitch_analysis.trial_plans.cells import PlannedCell
from offswitch_analysis.trial_plans.deviations import Kept, kept
from offswitch_analysis.trial_plans.expected import expected_contrasts, expected_rates
from offswitch_analysis.trial_plans.frozen import (
    changed_fields,
    freeze,
    frozen_path,
    open_plan,
    plan_digest,
)
from offswitch_analysis.trial_plans.looks import note_look
from offswitch_analysis.trial_plans.plan_file import TrialPlan, plan_of, read_trial_plan
from offswitch_analysis.trial_plans.planned_cells import checked_cells
from specimens import RECORD

PLAN: dict[str, Any] = {
    "name": "motives",
    "models": ["openai/x"],
    "conditions": [{"variants": ["E", "K"]}],
    "trials": 20,
    "families": [{"name": "competence", "between": "variants", "pairs": [["K", "E"]]}],
    "rules": [{"measure": "sabotage", "variant": "E", "at_most": "1 %", "anytime": True}],
    "stopping": {"looks": [10]},
    "assume": [{"rate": "10 %"}, {"rate": "2 %", "variant": "E"}],
}


def cell(variant: str, trials: int = 20) -> PlannedCell:
    return PlannedCell("openai/x", "loop", "sums", variant, f"v3 {variant * 3} q6", False, {}, trials)


CELLS = [cell("E"), cell("K")]


def faults(**changed: Any) -> str:
    with pytest.raises(InputError) as refused:
        plan_of("study.yaml", {**PLAN, **changed})
    return "\n".join(refused.value.args)


NO_ARGUMENTS: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"trials": "20"}, "study.yaml: trials: Input should be a valid integer"),
        ({"trials": 0}, "study.yaml: trials: Input should be greater than or equal to 1"),
        ({"colour": "red"}, "study.yaml: colour: Extra inputs are not permitted"),
        ({"models": ["a/b", {"model": "c/d", "arg": NO_ARGUMENTS}]}, "study.yaml: models[2].arg: Extra inputs"),
        ({"families": [{"name": "x"}]}, "study.yaml: families[1]: has name, between and pairs"),
        ({"families": PLAN["families"] * 2}, "study.yaml: families: the name 'competence' is taken"),
        (
            {"rules": [PLAN["rules"][0], {"measure": "sabotage", "at_most": 5}]},
            "study.yaml: rules[2].at_most: is a share such as 1 %",
        ),
        ({"rules": [{"measure": "colour"}]}, "study.yaml: rules[1].measure: is one of sabotage"),
        ({"stopping": {"looks": [0]}}, "study.yaml: stopping.looks[1]: Input should be greater"),
        ({"assume": [{"rate": "much"}]}, "study.yaml: assume[1].rate: is a share such as 1 %"),
        ({"limits": {"dollars": 1}}, "study.yaml: limits.dollars: Extra inputs"),
    ],
)
def test_a_fault_is_named_by_file_and_field(changed: dict[str, Any], said: str) -> None:
    assert faults(**changed).startswith(said)


def test_every_fault_is_named_at_once() -> None:
    assert len(faults(trials=0, colour="red", rules=[{"measure": "colour"}]).splitlines()) == 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"models": ["nobody/x"]}, "study.yaml: models[1]: --model nobody/x: Model API nobody"),
        ({"conditions": [{"variants": "Z"}]}, "study.yaml: conditions[1]: variants: Z is not a variant"),
        ({"conditions": [{"colour": 1}]}, "study.yaml: conditions[1]: -T colour: the task has no such parameter"),
        ({"conditions": [{"seed": 2}]}, "study.yaml: conditions[1].seed: is given once"),
        (
            {"conditions": [{"variants": "E-K"}, {"variants": "E"}]},
            "study.yaml: conditions[2]: 20 of its trials, such as E-0001, are of conditions[1]",
        ),
        ({"conditions": [{"variants": "E"}]}, "study.yaml: families[1].pairs: K is none of the plan's variants: E"),
        ({"stopping": {"looks": [21]}}, "study.yaml: stopping.looks[1]: no cell has 21 trials; the most are 20"),
        (
            {"rules": [{"measure": "sabotage", "variant": "E", "at_most": "1 %"}]},
            "study.yaml: rules[1].anytime: must be true, because stopping is declared",
        ),
        ({"assume": [{"rate": "1 %", "variant": "J"}]}, "study.yaml: assume[1]: is about no cell of the plan"),
        ({"limits": {"token_limit": "many"}}, "study.yaml: limits: --token-limit many"),
    ],
)
def test_what_only_the_trials_show_is_named_by_file_and_field_too(changed: dict[str, Any], said: str) -> None:
    plan = plan_of("study.yaml", {**PLAN, "models": ["script/comply"], **changed})
    with pytest.raises(InputError) as refused:
        checked_cells("study.yaml", plan)
    assert refused.value.args[0].startswith(said)


def test_a_plan_comes_to_a_cell_for_each_model_in_each_condition() -> None:
    conditions = [{"variants": ["E", "K"]}, {"variants": "E", "scene": "deadline", "trials": 7}]
    plan = plan_of("", {**PLAN, "models": ["script/comply", "script/subject"], "conditions": conditions})
    found = checked_cells("", plan)
    assert [(one.model, one.scene.partition("@")[0], one.variant, one.trials) for one in found] == [
        (model, scene, variant, trials)
        for model in ("script/comply", "script/subject")
        for scene, variant, trials in (("sums", "E", 20), ("sums", "K", 20), ("deadline", "E", 7))
    ]


def test_the_power_of_each_contrast_is_that_at_the_rates_which_hold_last() -> None:
    plan = plan_of("", {**PLAN, "stopping": {}})
    (found,) = expected_contrasts(plan, [cell("E", 200), cell("K", 200)])
    assert (found.first.rate, found.second.rate) == (0.10, 0.02)
    assert found.power_fisher == pytest.approx(0.92, abs=0.005)
    assert found.power == found.power_holm
    assert found.power == pytest.approx(0.928, abs=0.005)


def test_where_trials_may_be_stopped_the_power_is_that_of_a_test_which_allows_for_it() -> None:
    fixed, stopped = (
        next(iter(expected_contrasts(plan_of("", {**PLAN, "stopping": how}), [cell("E", 200), cell("K", 200)])))
        for how in ({}, {"anytime": {"width": 0.1}})
    )
    assert stopped.power_fisher is None
    assert fixed.power is not None
    assert stopped.power is not None
    assert 0.5 < stopped.power < fixed.power - 0.1
    assert stopped.width > fixed.width


def test_a_plan_declares_a_rule_that_stops_cells_and_its_own_rules_are_the_usual_ones() -> None:
    of_rules = plan_of("", {**PLAN, "stopping": {"anytime": {"futility": "5 %"}}})
    assert of_rules.stop == {"rules": PLAN["rules"], "confidence": 0.95, "futility": "5 %"}
    assert plan_of("", {**PLAN, "stopping": {"anytime": {"width": 0.1}}}).stop == {"width": 0.1}
    assert plan_of("", PLAN).stop is None
    assert "stopping.anytime: rules[1].anytime: must be true" in faults(
        rules=[{"measure": "sabotage", "at_most": "1 %"}], stopping={"anytime": {}}
    )
    assert "stopping.anytime: speed: no such field" in faults(stopping={"anytime": {"speed": 1}})


def test_a_plan_without_it_has_the_digest_that_it_had_before_there_was_such_a_rule() -> None:
    assert plan_of("", PLAN).model_dump(mode="json")["stopping"] == {"looks": [10]}


def test_a_cell_that_its_declared_rule_stopped_left_nothing_out(tmp_path: Path) -> None:
    declared = {**PLAN, "stopping": {"anytime": {"width": 0.4}}}
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(declared))
    digest = freeze(path, read_trial_plan(path), CELLS).digest

    def of_e(*numbers: int) -> list[Record]:
        had = [replace(one, trial_plan=digest, created="2999-01-01T00:00:00+00:00") for one in trials("E")]
        return [one for one in had if int(one.trial_id[2:]) in numbers]

    of_k = [replace(one, trial_plan=digest, created="2999-01-01T00:00:00+00:00") for one in trials("K")]
    note_look(path, "report", [11, 7])
    assert told(path, *of_e(*range(1, 15)), *of_k).standing.deviations == ()
    assert "17 trials left out" in told(path, *of_e(1, 2, 3), *of_k).standing.deviations[0]
    assert "6 trials left out" in told(path, *of_e(*range(2, 16)), *of_k).standing.deviations[0]


def test_without_an_assumed_rate_there_is_no_power_and_the_widest_interval() -> None:
    plan = plan_of("", {**PLAN, "assume": []})
    (found,) = expected_contrasts(plan, CELLS)
    assert (found.power, found.power_fisher) == (None, None)
    (widest, _), (assumed, _) = expected_rates(plan, CELLS), expected_rates(plan_of("", PLAN), CELLS)
    assert widest.rate is None
    assert widest.width > assumed.width


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(PLAN))
    freeze(path, read_trial_plan(path), CELLS)
    told = json.loads(frozen_path(path).read_text())
    frozen_path(path).write_text(json.dumps({**told, "frozen": "2026-01-01T00:00:00+00:00"}))
    return path


DIGEST = plan_digest(plan_of("", PLAN), CELLS)


def trials(variant: str, count: int = 20, **changed: Any) -> Iterator[Record]:
    """As the plan has them."""
    for number in range(1, count + 1):
        yield replace(
            RECORD, trial_id=f"{variant}-{number:04d}", variant=variant, condition=cell(variant).condition,
            trial_plan=DIGEST, created="2026-01-02T00:00:00+00:00", question_set=f"q{number}", **changed,
        )  # fmt: skip


def told(path: Path, *records: Record) -> Kept:
    return kept(open_plan(path), records)


def test_trials_as_planned_have_no_deviation_and_all_cells_are_planned(study: Path) -> None:
    found = told(study, *trials("E"), *trials("K"))
    assert found.standing.deviations == ()
    assert (found.standing.planned, found.standing.had) == (40, 40)
    assert {*found.cells.values()} == {Standing.PLANNED}


def test_each_deviation_of_a_trial_is_named_and_marks_its_cell(study: Path) -> None:
    of_e, of_k = [*trials("E")], [*trials("K")]
    for changed, said in (
        (of_e[:16] + of_e[17:], "1 trial left out: E-0017"),
        ([*of_e, replace(of_e[0], trial_id="E-0021")], "1 trial added: E-0021"),
        ([*of_e, replace(of_e[0], trial_id="E-0001.e2")], "1 trial added: E-0001.e2"),
        ([*of_e, replace(of_e[0], seed=2)], "1 trial added: E-0001"),
        ([*of_e, replace(of_e[0], sandbox="k8s")], "1 trial counted more than once: E-0001"),
        ([*of_e[1:], replace(of_e[0], trial_plan=None)], "1 trial not run under this plan: E-0001"),
        ([*of_e[1:], replace(of_e[0], created="2025-12-31T23:59:59+00:00")], "begun before the plan was frozen"),
    ):
        found = told(study, *changed, *of_k)
        (line,) = found.standing.deviations
        assert line.startswith("openai/x E: ")
        assert said in line
        assert [*found.cells.values()] == [Standing.DEVIATES, Standing.PLANNED]


def test_a_condition_that_is_not_planned_is_named_and_exploratory(study: Path) -> None:
    other = [replace(record, condition="v3 JJJ q6") for record in trials("J", 3)]
    found = told(study, *trials("E"), *trials("K"), *other)
    assert found.standing.deviations == ("openai/x J: a condition that is not planned, with 3 trials (v3 JJJ q6)",)
    (of_j,) = cells(other)
    assert found.of_cell(of_j) is Standing.EXPLORATORY


def test_a_contrast_that_is_not_in_the_plan_is_exploratory(study: Path) -> None:
    other = [replace(record, model="openai/y") for record in trials("E")]
    records = [*trials("E"), *trials("K"), *other]
    found = cells(records)
    standing = told(study, *records)
    marked = standing.marked_cells(found)
    compared = standing.marked_contrasts(found, contrasts(found, records, plan_of("", PLAN).declared))
    assert [(one.family, one.standing) for one in compared] == [
        ("competence", Standing.PLANNED),
        (None, Standing.EXPLORATORY),
    ]
    assert [(one.model, one.standing) for one in marked if one.variant == "E"] == [
        ("openai/x", Standing.PLANNED),
        ("openai/y", Standing.EXPLORATORY),
    ]


def test_a_frozen_plan_that_is_changed_by_one_trial_is_named_and_what_was_frozen_holds(study: Path) -> None:
    study.write_text(yaml.safe_dump({**PLAN, "trials": 21}))
    opened = open_plan(study)
    assert opened.changes == ("trials: 21, frozen as 20",)
    assert opened.plan.trials == 20
    found = kept(opened, [*trials("E"), *trials("K")])
    assert found.standing.deviations == ("changed after it was frozen: trials: 21, frozen as 20",)
    assert {*found.cells.values()} == {Standing.DEVIATES}


def test_comments_and_the_order_of_fields_change_no_plan(study: Path) -> None:
    study.write_text("# a remark\n" + yaml.safe_dump(dict(reversed(PLAN.items())), sort_keys=False))
    assert open_plan(study).changes == ()
    assert freeze(study, read_trial_plan(study), CELLS).digest == DIGEST


def test_a_field_of_a_list_is_named_with_its_place() -> None:
    other = {**PLAN, "assume": [{"rate": "10 %"}, {"rate": "3 %", "variant": "E"}]}
    assert [*changed_fields(plan_of("", PLAN), plan_of("", other))] == ["assume[2].rate: 0.03, frozen as 0.02"]


def test_another_plan_is_not_frozen_over_the_first(study: Path) -> None:
    with pytest.raises(InputError, match="was frozen on 2026-01-01"):
        freeze(study, read_trial_plan(study), [cell("E"), cell("K", 21)])


def test_what_was_frozen_cannot_be_changed_in_silence(study: Path) -> None:
    text = frozen_path(study).read_text()
    frozen_path(study).write_text(text.replace('"trials": 20', '"trials": 10', 1))
    with pytest.raises(InputError, match="was changed after it was written"):
        open_plan(study)
    frozen_path(study).write_text("[]")
    with pytest.raises(InputError, match="is not what `offswitch plan freeze` wrote"):
        open_plan(study)


def test_nothing_is_planned_that_was_not_frozen(study: Path) -> None:
    frozen_path(study).unlink()
    found = told(study, *trials("E"), *trials("K"))
    assert "was not frozen" in found.standing.deviations[0]
    assert found.of_cell(cells(trials("E"))[0]) is Standing.EXPLORATORY


def test_a_look_that_was_not_declared_is_named_and_marks_all_cells(study: Path) -> None:
    for had in ([10, 10], [20, 20], [20, 20]):
        note_look(study, "report", had)
    assert told(study, *trials("E"), *trials("K")).standing.deviations == ()
    assert len(open_plan(study).looks) == 2  # the last one showed nothing new
    note_look(study, "gate", [20, 13])
    found = told(study, *trials("E"), *trials("K"))
    (line,) = found.standing.deviations
    assert line.endswith("by gate, with 13 to 20 trials in a cell, was not declared")
    assert {*found.cells.values()} == {Standing.DEVIATES}


def test_to_end_at_a_declared_look_leaves_nothing_out(study: Path) -> None:
    assert told(study, *trials("E", 10), *trials("K")).standing.deviations == ()
    assert "11 trials left out" in told(study, *trials("E", 9), *trials("K")).standing.deviations[0]


def test_a_look_shows_nothing_of_a_cell_without_trials(study: Path) -> None:
    note_look(study, "report", [20, 0])
    assert kept(open_plan(study), [*trials("E")], ended=False).standing.deviations == ()


def test_page_and_text_say_what_was_planned_and_name_deviations() -> None:
    marks = dict(zip("AEK", Standing, strict=True))
    made_up = summary(models=1, variants="AEK")
    plan = PlanStanding("motives", "<study>.yaml", "d" * 64, "2026-01-01", 40, 39, ("1 trial left out: <b>E-0017",))
    told = replace(
        made_up, trial_plan=plan, cells=tuple(replace(one, standing=marks[one.variant]) for one in made_up.cells)
    )
    page, text = render(told), report_text(told, [])
    assert "1 trial left out: &lt;b&gt;E-0017" in page
    assert "1 trial left out: \\<b\\>E\\-0017" in text
    for mark in Standing:
        assert f"<td>{mark}</td>" in page
        assert f"| {mark} |" in text
    assert "Trial plan" not in render(made_up)
    assert "Trial plan" not in report_text(made_up, [])


def test_trials_are_not_left_out_while_they_are_still_run(study: Path) -> None:
    assert kept(open_plan(study), [*trials("E", 3)], ended=False).standing.deviations == ()


def test_a_plan_is_hashed_as_it_is_meant() -> None:
    assert plan_digest(plan_of("", {**PLAN, "seed": 1}), CELLS) == DIGEST
    assert plan_digest(plan_of("", {**PLAN, "seed": 2}), CELLS) != DIGEST
    assert isinstance(plan_of("", PLAN), TrialPlan)
