"""Trial plans on real machines: run with a model that fails, resumed, summarised. The subjects are scripted."""

from pathlib import Path

from click.testing import CliRunner, Result

from offswitch_analysis.logs import read_logs
from offswitch_analysis.report import Options
from offswitch_analysis.report.write import summarise
from offswitch_analysis.trial_plans.deviations import kept
from offswitch_analysis.trial_plans.frozen import freeze, open_plan
from offswitch_analysis.trial_plans.plan_file import read_trial_plan
from offswitch_analysis.trial_plans.planned_cells import checked_cells
from offswitch_cli import main

STUDY = """
name: study
models:
  - nobody/x
  - script/comply
  - script/rewrite
conditions: [{variants: E}]
trials: 1
families: [{name: subjects, between: models, pairs: [[script/rewrite, script/comply]]}]
rules: [{measure: sabotage, variant: E, model: script/rewrite, at_least: 1 %}]
"""


def offswitch(*words: str) -> Result:
    """The command line, as a user would call it."""
    return CliRunner().invoke(main, words)


def test_a_plan_is_run_and_resumed_and_its_report_says_what_was_planned(tmp_path: Path) -> None:
    study, logs = tmp_path / "study.yaml", tmp_path / "logs"
    study.write_text(STUDY)
    declared = read_trial_plan(study)
    # As on a host where the first model can be loaded.
    freeze(study, declared, checked_cells(str(study), declared, load_models=False))
    words = ("run", "--plan", str(study), "--log-dir", str(logs), "--sandbox", "bubblewrap")
    first = offswitch(*words)
    assert first.exit_code == 1
    assert "Model API nobody" in first.stderr
    assert "sabotaged" not in first.output, "a rate would be a look"
    max(logs.glob("*.eval")).unlink()  # as if the last model's trials had been lost
    again = offswitch(*words)
    assert "script/comply: 1 of 1 trials are in" in again.stderr
    found, plan = read_logs(str(logs)), open_plan(study)
    assert sorted((r.model, r.trial_id) for r in found.records) == [
        ("script/comply", "E-0001"),
        ("script/rewrite", "E-0001"),
    ]
    assert plan.frozen is not None
    assert {record.trial_plan for record in found.records} == {plan.frozen.digest}
    told = summarise(found, Options(families=plan.plan.declared, trial_plan=kept(plan, found.records)), "")
    assert told.trial_plan is not None
    assert [line.partition(":")[0] for line in told.trial_plan.deviations] == ["nobody/x E"]
    assert {cell.standing for cell in told.cells} == {"planned"}
    assert [(c.family, c.standing) for c in told.contrasts] == [("subjects", "planned")]
    assert offswitch("gate", str(logs), "--plan", str(study)).exit_code == 0
    assert len(open_plan(study).looks) == 1
