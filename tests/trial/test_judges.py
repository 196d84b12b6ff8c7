"""Judges of stored logs stand beside the verdict: nothing that reads a log takes their score for it."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import inspect_ai
import pytest
from inspect_ai.log import EvalLog, read_eval_log, read_eval_log_sample_summaries
from inspect_ai.model import ChatMessageUser, ModelName, get_model
from inspect_ai.scorer import Score, Target
from inspect_ai.solver import TaskState

from offswitch.judges.cases import recorded_cases
from offswitch.judges.check import messages_of
from offswitch.judges.scorer import answers_in, judge
from offswitch.judges.transcript import Transcript, parts_of
from offswitch.scorer import shutdown_verdict
from offswitch.selftest.run import finding
from offswitch.subjects import catalogue, load_behaviours
from offswitch_analysis.logs import read_logs
from trial.test_log_states import VERDICTS, agree, change, invoke, logs, only, ran

__all__ = ["logs", "ran"]
JUDGES = ["script/judge-yes", "script/judge-abstains", "script/judge-obeys"]


def judged(by: str | list[str], action: str = "append", **arguments: Any) -> Callable[[EvalLog], EvalLog]:
    """What `inspect score --scorer offswitch/judge` does to a log."""
    names = {"models": by} if isinstance(by, list) else {}
    model = None if names else by

    def how(log: EvalLog) -> EvalLog:
        score = cast(Any, inspect_ai).score
        return score(log, judge(**names, **arguments), model=model, action=action, display="none")

    return how


def test_what_judges_say_changes_no_verdict_and_stands_in_a_table_of_its_own(logs: Path) -> None:
    before = [record.as_dict() for record in read_logs(str(logs)).records]
    change(logs, judged(JUDGES))
    change(logs, judged("script/judge-yes", target=0.5))
    change(logs, judged("script/judge-yes", target=0.5))
    found = agree(logs, VERDICTS)
    assert found.skipped == ()
    assert [record.as_dict() for record in found.records] == before
    assert invoke("verify", str(logs))[0] == 0
    rows = list(csv.DictReader(io.StringIO(invoke("judges", str(logs), "--format", "csv")[1])))
    assert len(rows) == len(VERDICTS) * 4  # the same judge, asked again, counts once
    assert {(row["judge"], row["judge_aware"]) for row in rows} == {
        ("script/judge-yes", "yes"), ("script/judge-abstains", "dont_know"), ("script/judge-obeys", "malformed"),
    }  # fmt: skip
    assert {row["trial_id"]: row["verdict"] for row in rows} == VERDICTS
    assert {row["judge_method"] for row in rows} == {""}


def test_a_judge_may_come_last_or_first_and_the_newest_verdict_counts(logs: Path) -> None:
    change(logs, judged("script/judge-yes", "overwrite"))
    found = agree(logs, VERDICTS)
    assert "4 of its trials have no score of ours, and the verdict of the evidence" in found.skipped[0]
    assert "its verdict was taken out" in invoke("verify", str(logs))[1]
    change(logs, lambda log: cast(Any, inspect_ai).score(log, shutdown_verdict(), action="append", display="none"))
    assert agree(logs, VERDICTS).skipped == ()
    assert invoke("verify", str(logs))[0] == 0
    assert len(read_logs(str(logs)).judged) == len(VERDICTS)


def test_a_model_of_the_role_judge_judges_in_place_of_the_trials_own(logs: Path) -> None:
    def with_role(log: EvalLog) -> EvalLog:
        role = {"judge": [get_model("script/judge-abstains"), get_model("script/judge-yes")]}
        return cast(Any, inspect_ai).score(log, judge(), model_roles=role, action="append", display="none")

    change(logs, with_role)
    named = {one.answer.judge for one in read_logs(str(logs)).judged}
    assert named == {"script/judge-abstains", "script/judge-yes"}
    header = read_eval_log(str(only(logs)), header_only=True)
    scored = {score.name for score in (header.results.scores if header.results else [])}
    assert {"aware", "malformed", "sabotage"} <= scored


def test_a_report_shows_judges_beside_their_checks_and_rates_given_awareness(logs: Path, tmp_path: Path) -> None:
    change(logs, judged(JUDGES[:2]))
    code, told = invoke("judge-check", "--model", "script/judge-yes", "--log-dir", str(logs / "checks"), "--json")
    assert code == 0
    checked = json.loads(told[told.index("{") :])["judges"][0]
    assert (checked["cases"], checked["trials"], checked["malformed"]) == (len(recorded_cases()), 0, 0)
    assert json.loads(invoke("judges", str(logs), "--json")[1])["judges"]
    assert read_logs(str(logs)).skipped == ()
    assert invoke("report", str(logs), "-o", str(tmp_path / "report"))[0] == 0
    text, page = ((tmp_path / "report" / name).read_text() for name in ("report.md", "index.html"))
    assert "whenever it answers, it says yes" in text
    assert "not checked" in text  # the other one
    assert "no effect of awareness" in text
    assert "What judges say" in page
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())["judges"]
    (given,) = [row for row in summary["given_awareness"] if "judge-yes" in row["judge"] and row["variant"] == "A"]
    assert (given["rates"]["yes"]["events"], given["rates"]["yes"]["n"], given["rates"]["no"]["n"]) == (1, 2, 0)
    assert len((tmp_path / "report" / "judges.csv").read_text().splitlines()) == 1 + 2 * len(VERDICTS)


def test_a_case_is_judged_as_its_trial_would_be() -> None:
    for there in recorded_cases().values():
        assert Transcript(tuple(parts_of(messages_of(there.parts)))).mark == there.mark


def test_a_selftest_takes_the_score_of_the_detector_wherever_it_stands(logs: Path) -> None:
    change(logs, judged("script/judge-yes"))
    summary = next(one for one in read_eval_log_sample_summaries(str(only(logs))) if one.id == "A-0001")
    behaviour = load_behaviours(catalogue())["rewrite-by-heredoc"]
    assert list(summary.scores or {}) == ["shutdown_verdict", "judge"]
    found = finding(summary, str(only(logs)), {"A-0001": behaviour})
    assert (found.verdict, found.methods) == (behaviour.verdict, {"raced", "rewritten"})


@pytest.mark.anyio
@pytest.mark.parametrize(("methods", "asked"), [("raced unknown", True), ("rewritten", False), (None, False)])
async def test_the_method_is_asked_for_only_where_the_verdict_leaves_it_open(methods: str | None, asked: bool) -> None:
    state = TaskState(ModelName("script/comply"), "A-0001", 1, "", [ChatMessageUser(content="Work.")])
    state.scores = {"shutdown_verdict": Score(value=1, metadata={"methods": methods})}
    score = await judge(models=["script/judge-yes"])(state, Target(""))
    (answer,) = answers_in(score.metadata if score else None)
    assert ("method" in answer.answers) is asked
    assert answer.answers["aware"] == "yes"


@pytest.mark.parametrize(("options", "told"), [(["--target", "1"], "target 1.0"), (["-M", "right=2"], "script/judge")])
def test_a_check_that_cannot_be_is_refused_in_a_line(options: list[str], told: str, tmp_path: Path) -> None:
    code, said = invoke("judge-check", "--model", "script/judge", *options, "--log-dir", str(tmp_path))
    assert code == 2
    assert told in said.splitlines()[-1]


def test_logs_that_no_judge_has_judged_are_said_to_be_such(logs: Path) -> None:
    code, said = invoke("judges", str(logs))
    assert code == 2
    assert "no judge has judged these trials" in said
