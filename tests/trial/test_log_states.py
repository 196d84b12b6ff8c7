"""Logs as people leave them: each is read rightly or named, and all commands agree about it.

The trials of the base log are told as stories and run through Inspect without a machine. What is done to a log is done
by Inspect's own functions.
"""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any, cast

import fsspec
import inspect_ai
import pytest
from click.testing import CliRunner
from inspect_ai import Task, task
from inspect_ai.log import (
    EvalLog,
    EvalSampleSummary,
    ProvenanceData,
    convert_eval_logs,
    edit_score,
    invalidate_samples,
    read_eval_log,
    read_eval_log_sample_summaries,
    write_eval_log,
)
from inspect_ai.model import ChatMessageAssistant
from inspect_ai.scorer import Score, ScoreEdit, Scorer, Target, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from offswitch.evidence import FaultCause, to_json
from offswitch.record import Record
from offswitch.record.digests import manifest_path
from offswitch.runs.plan import Run
from offswitch.scorer import shutdown_verdict
from offswitch.task import shutdown_resistance
from offswitch.verdict import DETECTOR
from offswitch_analysis.logs import Logs, read_logs, reading, scored
from offswitch_analysis.logs.as_trials_end import RecordsBeside  # where no entry point says so yet
from offswitch_analysis.logs.beside import records_path
from offswitch_analysis.logs.cache import Cache, reader
from offswitch_analysis.logs.columns import to_parquet
from offswitch_analysis.logs.content import digests_of
from offswitch_analysis.rates import cells
from offswitch_analysis.rates.cells import tallied_cells
from offswitch_analysis.rates.summary import as_json
from offswitch_analysis.rates.tallied_logs import tally_logs
from offswitch_analysis.report import Options
from offswitch_analysis.report.trials import read_trials
from offswitch_analysis.report.write import summarise
from offswitch_cli import main
from s3_server import BUCKET, ENVIRONMENT, serve
from stories import REWRITTEN, Story

changed: Any = cast(Any, inspect_ai).task_with
GOLDEN = Path(__file__).parents[1] / "golden"
PARAMETERS: dict[str, Any] = {"variants": "A,E", "trials": 2, "seed": 7}
RUN = Run("script/comply", PARAMETERS, "none", "logs", None, {})
STORIES = {
    "A-0001": Story().asks(3).event("modify", state=REWRITTEN).does("sed", script=REWRITTEN).outlives().submits(6),
    "A-0002": Story().asks(4),
    "E-0001": Story().asks(4),
    "E-0002": Story().asks(1).breaks(FaultCause.MODEL_API),
}
VERDICTS = {"A-0001": "sabotaged", "A-0002": "complied", "E-0001": "complied", "E-0002": "failure"}
BY = ProvenanceData(author="a reviewer", reason="it looked wrong")
assert RecordsBeside  # Inspect finds it by its import here, and else by its entry point
POLICY = "rules: [{measure: sabotage, variant: A, at_most: 1 %}]"


@solver
def tell_stories(without: str = "") -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state.metadata["question_set"] = f"{state.sample_id} {state.epoch}"
        if state.sample_id == without:
            raise RuntimeError("no machine")
        evidence = STORIES[str(state.sample_id)].evidence
        state.messages.append(ChatMessageAssistant(content="Done."))
        state.store.set("evidence", to_json(evidence))
        if evidence.fault:
            raise RuntimeError("the model's API failed")
        return state

    return solve


@scorer(metrics=[])
def always_one() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=1)

    return score


@task
def told(without: str = "", **parameters: Any) -> Task:
    """The evaluation's own trials, without machines."""
    return changed(
        shutdown_resistance(**{**PARAMETERS, **parameters}), setup=None, solver=tell_stories(without), sandbox=None
    )


def evaluate(log_dir: Path, the_task: Task | None = None, **how: Any) -> Path:
    start = cast(Any, inspect_ai).eval
    how = {"log_realtime": False, "display": "none", **how}
    (log,) = start(the_task or told(), model="script/comply", log_dir=str(log_dir), **how)
    return Path(log.location.removeprefix("file://"))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one log of four trials and its manifest."""
    return evaluate(tmp_path_factory.mktemp("logs")).parent


@pytest.fixture
def logs(ran: Path, tmp_path: Path) -> Path:
    """A copy to do something to."""
    return Path(shutil.copytree(ran, tmp_path / "logs"))


def only(logs: Path) -> Path:
    (log,) = logs.glob("*.eval")
    return log


def change(logs: Path, how: Callable[[EvalLog], EvalLog | None]) -> None:
    """Reads the log, has it changed, and writes it again."""
    log = read_eval_log(str(only(logs)))
    write_eval_log(how(log) or log, str(only(logs)))


def invoke(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    return done.exit_code, done.output


def verdicts(records: Iterable[Record]) -> dict[str, str]:
    return {record.trial_id: record.verdict for record in records}


def agree(logs: Path, expected: dict[str, str], missing: tuple[str, ...] | None = ()) -> Logs:
    """What logs hold, which all commands and a repeated run agree about."""
    found = read_logs(str(logs))
    assert verdicts(found.records) == expected
    assert len(found.records) == len(expected)
    assert missing is None or RUN.missing(found.records).trials == missing
    told = [
        json.loads(line) for line in invoke("trials", str(logs), "--format", "jsonl")[1].splitlines() if "{" in line
    ]
    assert {one["trial_id"]: one["verdict"] for one in told} == expected
    of_columns = tally_logs(str(logs))
    assert repr(tallied_cells(of_columns.tallied)) == repr(cells(found.records))
    assert (of_columns.skipped, of_columns.unread) == (found.skipped, found.unread)
    summary = summarise(found, Options(), "")
    sabotaged = sum(cell.sabotage.events for cell in summary.cells)
    assert (sum(cell.trials for cell in summary.cells), sabotaged) == (
        len(expected),
        sum(verdict == "sabotaged" for verdict in expected.values()),
    )
    for words in (["rates", str(logs)], ["compare", str(logs), str(logs)]):
        code, said = invoke(*words)
        assert code == 0
        assert all(line in said for line in found.skipped)
    policy = logs.parent / "policy.yaml"
    policy.write_text(POLICY)
    assert invoke("gate", str(logs), "--policy", str(policy))[0] == (1 if sabotaged else 3)
    return found


def edit(log: EvalLog, trial: str, **what: Any) -> None:
    # Inspect has no sums for a score without the measures.
    edit_score(log, trial, "shutdown_verdict", ScoreEdit(provenance=BY, **what), recompute_metrics=False)


def metadata_replaced(log: EvalLog) -> None:
    edit(log, "A-0001", metadata={"note": "checked"})


def verdict_replaced(log: EvalLog) -> None:
    (score,) = (one.scores["shutdown_verdict"] for one in log.samples or [] if one.id == "A-0001" and one.scores)
    nothing = dict.fromkeys(cast(dict[str, float], score.value), 0.0)
    edit(log, "A-0001", value=cast(Any, nothing), answer="complied", metadata={**score.metadata, "verdict": "complied"})  # pyright: ignore


def zeroed(log: EvalLog) -> None:
    edit(log, "A-0001", value=0)


def given_anew(log: EvalLog) -> None:
    for one in log.samples or []:
        if one.id == "A-0001":
            one.scores = {}
    edit(log, "A-0001", value=0, metadata={"verdict": "complied"})


def throughout(log: EvalLog) -> None:
    nothing = cast(Any, {"sabotage": 0.0, "exposure": 1.0})
    edit(log, "A-0001", value=nothing, answer="complied", explanation="complied", metadata={"verdict": "complied"})


def made_a_failure(log: EvalLog) -> None:
    facts = {"verdict": "failure", "failure": "engine"}
    edit(log, "A-0001", value=nan, answer="failure", explanation="failure (engine): see mail", metadata=facts)


def changed_by_hand(log: EvalLog) -> None:
    for one in log.samples or []:
        if one.id == "A-0001" and one.scores:
            one.scores["shutdown_verdict"].metadata = {"verdict": "complied", "detector": DETECTOR}


EDITS = [metadata_replaced, verdict_replaced, zeroed, given_anew, throughout, made_a_failure, changed_by_hand]


@pytest.mark.parametrize("how", EDITS)
def test_an_edited_score_changes_no_verdict_and_is_said(logs: Path, how: Callable[[EvalLog], None]) -> None:
    change(logs, how)
    found = agree(logs, VERDICTS)
    assert [record.trial_id for record in found.records if record.edited] == ["A-0001"]
    assert "1 of its trials has a score that was edited" in found.skipped[0]
    assert "1 trial with a score that a person has edited" in " ".join(invoke("rates", str(logs))[1].split())
    code, said = invoke("verify", str(logs))
    assert code == 1
    assert ("its score was edited by 'a reviewer' ('it looked wrong')" in said) == (how is not changed_by_hand)


def test_an_edit_of_a_trial_without_evidence_leaves_it_a_failure(tmp_path: Path) -> None:
    log = evaluate(tmp_path / "logs", told("A-0001"))
    change(log.parent, lambda log: edit(log, "A-0001", value=1, metadata={"verdict": "complied"}))
    (record, *_) = agree(log.parent, {**VERDICTS, "A-0001": "failure"}).records
    assert (record.failure, record.edited) == ("engine", True)


def test_an_edit_that_explains_or_annotates_is_told_by_verify(logs: Path) -> None:
    change(logs, lambda log: edit(log, "A-0001", explanation=f"{Story().asks(4).judgement.verdict}"))
    agree(logs, VERDICTS)
    assert "remark: " in invoke("verify", str(logs))[1]


def test_an_invalidated_trial_is_a_failure_and_what_it_would_be_is_said(logs: Path) -> None:
    def invalidate(log: EvalLog) -> EvalLog:
        (uuid,) = [str(one.uuid) for one in log.samples or [] if one.id == "A-0001"]
        return invalidate_samples(log, [uuid], BY)

    change(logs, invalidate)
    found = agree(logs, {**VERDICTS, "A-0001": "failure"})
    assert [record.failure for record in found.records] == ["invalidated", None, None, "model_api"]
    assert (
        "1 of its trials has been declared invalid and counted as failed; without that: 1 sabotaged" in found.skipped[0]
    )
    code, said = invoke("verify", str(logs))
    assert (code, "trial A-0001: was declared invalid by 'a reviewer'" in said) == (0, True)
    explained = " ".join(invoke("explain", str(logs), "A-0001")[1].split())
    assert "in the log failure: invalidated" in explained
    ((_, trial), *_) = read_trials(found.records, found)
    assert trial.reasons == ("it counts as failed, because it was invalidated; by its evidence it is sabotaged",)


def test_what_inspect_runs_again_takes_the_place_of_what_was_invalid(ran: Path, tmp_path: Path) -> None:
    logs = Path(shutil.copytree(ran, tmp_path / "logs"))
    change(logs, lambda log: invalidate_samples(log, "all", BY))
    retry = cast(Any, inspect_ai).eval_retry
    (again,) = retry(read_eval_log(str(only(logs))), log_dir=str(logs), display="none")
    assert again.status == "success"
    found = agree(logs, VERDICTS)
    assert {record.retries for record in found.records} == {1}


def overwritten_by_another(log: EvalLog) -> EvalLog:
    return cast(Any, inspect_ai).score(log, always_one(), action="overwrite", display="none")


def added_by_another(log: EvalLog) -> EvalLog:
    return cast(Any, inspect_ai).score(log, always_one(), action="append", display="none")


def scored_again(log: EvalLog) -> EvalLog:
    return cast(Any, inspect_ai).score(log, shutdown_verdict(), action="append", display="none")


@pytest.mark.parametrize("how", [added_by_another, scored_again])
def test_more_scores_change_nothing(logs: Path, how: Callable[[EvalLog], EvalLog]) -> None:
    change(logs, how)
    assert agree(logs, VERDICTS).skipped == ()
    assert invoke("verify", str(logs))[0] == 0


def test_without_a_score_of_ours_the_evidence_is_judged_and_that_is_said(logs: Path) -> None:
    change(logs, overwritten_by_another)
    found = agree(logs, VERDICTS)
    assert "4 of its trials have no score of ours, and the verdict of the evidence" in found.skipped[0]
    assert not any(record.edited for record in found.records)


def test_a_log_without_scores_is_judged_from_its_evidence(tmp_path: Path) -> None:
    logs = evaluate(tmp_path / "logs", score=False).parent
    found = agree(logs, VERDICTS)
    assert "4 of its trials have no score of ours" in found.skipped[0]
    assert invoke("verify", str(logs))[0] == 0


def test_a_provider_that_speaks_of_something_cancelled_breaks_off_no_trial(tmp_path: Path) -> None:
    def change_words(log: EvalLog) -> None:
        for one in log.samples or []:
            if one.error:
                one.error.message = "TrialFailure('model_api: Request Cancelled')"

    logs = evaluate(tmp_path / "logs", score=False).parent
    change(logs, change_words)
    assert [record.failure for record in agree(logs, VERDICTS).records] == [None, None, None, "model_api"]


def test_a_normal_log_is_read_from_its_summaries_alone(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[EvalSampleSummary] = []

    def read_none(name: str, summaries: Sequence[EvalSampleSummary], left_out: set[str]) -> Iterator[None]:
        asked.extend(summaries)
        yield from (None for _ in summaries)

    monkeypatch.setattr(scored, "read_samples", read_none)
    assert [record.trial_id for record in reading.read_log(str(only(logs))).records] == list(VERDICTS)
    assert asked == []
    change(logs, metadata_replaced)
    reading.read_log(str(only(logs)))
    assert [summary.id for summary in asked] == ["A-0001"]


def test_attempts_that_inspect_repeated_are_counted(tmp_path: Path) -> None:
    logs = evaluate(tmp_path / "logs", retry_on_error=2).parent
    assert [record.retries for record in agree(logs, VERDICTS).records] == [0, 0, 0, 2]


def test_a_later_run_takes_the_place_of_a_failure_and_counts_it(tmp_path: Path) -> None:
    evaluate(tmp_path / "logs", told("A-0001"))
    evaluate(tmp_path / "logs", told(), sample_id=["A-0001"])
    found = agree(tmp_path / "logs", VERDICTS)
    assert {record.trial_id: record.retries for record in found.records}["A-0001"] == 1
    assert "1 trial had earlier attempts that failed" in invoke("rates", str(tmp_path / "logs"))[1]
    assert any("1 trial had earlier attempts that failed" in note for note in summarise(found, Options(), "").notes)


@pytest.mark.parametrize("where", ["logs", "logs/another"])
def test_a_trial_that_two_runs_had_counts_once_and_that_is_said(ran: Path, tmp_path: Path, where: str) -> None:
    shutil.copytree(ran, tmp_path / "logs")
    evaluate(tmp_path / where)
    found = agree(tmp_path / "logs", VERDICTS)
    assert {record.eval_id for record in found.records[:3]} == {
        read_eval_log(str(only(ran)), header_only=True).eval.eval_id
    }
    assert found.skipped[0].startswith("3 results are of trials that other runs had already: the first result")


def test_epochs_and_other_seeds_are_trials_of_their_own(ran: Path, tmp_path: Path) -> None:
    logs = Path(shutil.copytree(ran, tmp_path / "logs"))
    evaluate(logs, told(seed=8), epochs=2)
    found = read_logs(str(logs))
    assert (len(found.records), found.skipped) == (12, ())


def copied(log: Path) -> None:
    shutil.copy(log, log.with_name("my copy.eval"))


def converted(log: Path) -> None:
    convert_eval_logs(str(log), "json", str(log.parent / "json"))


def in_shards(log: Path) -> None:
    shards = log.with_suffix(".shards")
    for number, trials in enumerate([("A-0001", "E-0001"), ("A-0002", "E-0002")]):
        shard = read_eval_log(str(log))
        shard.samples = [one for one in shard.samples or [] if one.id in trials]
        shard.eval.dataset.sample_ids = list(trials)
        (shards / str(number)).mkdir(parents=True)
        write_eval_log(shard, str(shards / str(number) / log.name))


@pytest.mark.parametrize("how", [copied, converted, in_shards])
def test_copies_shards_and_converted_logs_count_once(logs: Path, how: Callable[[Path], None]) -> None:
    how(only(logs))
    found = agree(logs, VERDICTS)
    assert any("all its trials are in other logs too, and count once" in line for line in found.skipped)


def test_an_edit_is_said_whichever_copy_was_edited(logs: Path) -> None:
    shutil.copytree(logs, logs / "before")
    log = read_eval_log(str(only(logs)))
    metadata_replaced(log)
    write_eval_log(log, str(only(logs)))
    assert [record.edited for record in agree(logs, VERDICTS).records] == [True, False, False, False]


def test_a_run_writes_the_records_of_its_log_beside_it_and_they_say_what_the_log_says(tmp_path: Path) -> None:
    log = evaluate(tmp_path / "logs")
    assert Path(records_path(str(log))).exists()
    summaries = [written(log.parent, tmp_path / "a")]
    Path(records_path(str(log))).unlink()
    assert [*(tmp_path / "a").iterdir()] == []
    summaries.append(written(log.parent, tmp_path / "b"))
    assert [*(tmp_path / "b").iterdir()] != []
    assert summaries[0] == summaries[1]


def written(logs: Path, cache: Path) -> str:
    """The summary of a report, byte for byte, but for when it was made."""
    cache.mkdir()
    summary = summarise(read_logs(str(logs), Cache(cache)), Options(), "")
    return json.dumps(as_json(replace(summary, made="")), indent=1)


def test_verify_names_records_that_are_not_those_of_the_log(logs: Path) -> None:
    log = str(only(logs))
    found = reading.read_log(log)
    flattering = [replace(record, verdict="complied", methods=()) for record in found.records]
    (digest,) = digests_of([log]).values()
    data = to_parquet(replace(found, records=(*flattering,)), str(digest), reader())
    Path(records_path(log)).write_bytes(data)
    code, said = invoke("verify", str(logs))
    assert (code, "the records beside it are not those of the log" in said) == (1, True)


def test_records_can_be_written_beside_logs_that_have_none(logs: Path) -> None:
    Path(records_path(str(only(logs)))).unlink()
    assert invoke("records", str(logs)) == (0, "1 record files written, 0 were there\n")
    assert invoke("records", str(logs)) == (0, "0 record files written, 1 were there\n")
    agree(logs, VERDICTS)


def test_a_renamed_log_is_read_as_before(logs: Path) -> None:
    only(logs).rename(logs / "renamed.eval")
    assert {record.log for record in agree(logs, VERDICTS).records} == {"renamed.eval"}


@pytest.mark.parametrize("name", ["run #2", "what?", "100%25 of it", "two\nlines"])
def test_logs_are_read_whatever_their_directory_is_called(tmp_path: Path, name: str) -> None:
    logs = evaluate(tmp_path / name).parent
    assert agree(logs, VERDICTS).skipped == ()
    for place in (logs, only(logs), f"file://{only(logs)}"):
        assert invoke("verify", str(place))[0] == 0
    assert invoke("explain", str(logs), "A-0001")[0] == 0


def test_a_json_log_is_read_as_the_other_kind(logs: Path) -> None:
    converted(only(logs))
    before = read_logs(str(logs)).records
    after = agree(logs / "json", VERDICTS)
    assert [replace(record, log="") for record in after.records] == [replace(record, log="") for record in before]


def test_a_json_log_that_was_changed_since_it_was_read_is_read_anew(
    logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OFFSWITCH_CACHE", str(tmp_path / "cache"))
    converted(only(logs))
    (path,) = (logs / "json").glob("*.json")
    agree(logs / "json", VERDICTS)
    log = read_eval_log(str(path))
    metadata_replaced(log)
    write_eval_log(log, str(path))
    assert [record.edited for record in agree(logs / "json", VERDICTS).records] == [True, False, False, False]
    log.samples = [one for one in log.samples or [] if one.id != "E-0001"]
    write_eval_log(log, str(path))
    assert "3 trials" in invoke("verify", str(path))[1]


def test_a_task_that_wraps_ours_is_read_and_has_a_manifest(ran: Path) -> None:
    assert read_eval_log(str(only(ran)), header_only=True).eval.task == "told"
    assert Path(manifest_path(str(only(ran)))).exists()
    assert agree(ran, VERDICTS).skipped == ()
    assert invoke("verify", str(ran))[0] == 0


def test_a_wrapped_task_is_known_by_its_scorer_alone(tmp_path: Path) -> None:
    logs = evaluate(tmp_path / "logs", changed(told(), name="mine", metadata={"of": "somebody"})).parent
    assert agree(logs, VERDICTS).skipped == ()


def test_a_trial_that_was_taken_out_is_missed(logs: Path) -> None:
    def take_out(log: EvalLog) -> EvalLog:
        log.samples = [one for one in log.samples or [] if one.id != "A-0001"]
        return cast(Any, inspect_ai).score(log, shutdown_verdict(), action="overwrite", display="none")

    change(logs, take_out)
    rest = {trial: verdict for trial, verdict in VERDICTS.items() if trial != "A-0001"}
    assert "it holds 3 of its 4 trials" in agree(logs, rest, missing=("A-0001",)).skipped[0]
    assert "trial A-0001: is missing" in invoke("verify", str(logs))[1]


def test_a_sample_of_another_task_is_left_out_and_that_is_said(logs: Path) -> None:
    def add(log: EvalLog) -> None:
        samples = log.samples or []
        of_another = {
            "id": "capital",
            "uuid": "another",
            "metadata": {},
            "scores": {"exact": Score(value=1)},
            "store": {},
        }
        log.samples = [*samples, samples[0].model_copy(update=of_another)]

    change(logs, add)
    assert "1 of its samples is of another task, and left out" in agree(logs, VERDICTS).skipped[0]


def test_a_trial_that_was_put_in_is_said(logs: Path) -> None:
    def add(log: EvalLog) -> None:
        samples = log.samples or []
        log.samples = [*samples, samples[0].model_copy(update={"uuid": "another", "epoch": 2})]

    change(logs, add)
    assert "it holds 5 trials, more than the 4 of its run" in read_logs(str(logs)).skipped[0]


def without(log: Path, *members: str) -> None:
    """As it is while its run goes on, or for ever where that was killed."""
    with zipfile.ZipFile(log) as whole:
        kept = {name: whole.read(name) for name in whole.namelist() if name not in members}
    with zipfile.ZipFile(log, "w") as part:
        for name, content in kept.items():
            part.writestr(name, content)


def test_a_running_log_is_read_as_far_as_it_goes(logs: Path) -> None:
    without(only(logs), "header.json", "summaries.json", "reductions.json")
    assert "started, only its finished trials are counted" in agree(logs, VERDICTS).skipped[0]


def test_broken_logs_are_named_and_the_others_counted(logs: Path) -> None:
    whole = only(logs).read_bytes()
    (logs / "2026-01-01T00-00-00-00-00_cut_x.eval").write_bytes(whole[: len(whole) // 2])
    (logs / "2026-01-01T00-00-00-00-00_empty_x.eval").touch()
    (logs / "2026-01-01T00-00-00-00-00_empty_x.json").touch()
    (logs / "folder.eval").mkdir()
    found = read_logs(str(logs))
    assert verdicts(found.records) == VERDICTS
    assert [line.split(": ", 1)[0].split("_", 1)[1] for line in found.unread] == [
        "cut_x.eval",
        "empty_x.eval",
        "empty_x.json",
    ]
    assert invoke("verify", str(logs))[0] == 1
    (logs.parent / "policy.yaml").write_text("rules: [{measure: sabotage, variant: A, at_most: 100 %}]")
    assert invoke("gate", str(logs), "--policy", str(logs.parent / "policy.yaml"))[0] == 3


@pytest.mark.parametrize("command", ["rates", "verify"])
def test_a_directory_may_be_called_like_a_log(logs: Path, command: str) -> None:
    assert invoke(command, str(logs.rename(logs.with_name("all.eval"))))[0] == 0


def test_a_file_that_is_no_log_is_refused(logs: Path) -> None:
    code, said = invoke("rates", str(next(logs.glob("*.manifest"))))
    assert (code, len(said.splitlines())) == (2, 1)
    assert "is no log, whose name ends in .eval or .json" in said


def test_a_sample_that_is_broken_harms_no_other(logs: Path) -> None:
    change(logs, metadata_replaced)
    with zipfile.ZipFile(only(logs)) as log:
        members = {name: log.read(name) for name in log.namelist()}
    with zipfile.ZipFile(only(logs), "w") as log:
        for name, content in members.items():
            log.writestr(name, content[:100] if name.startswith("samples/A-0001") else content)
    found = read_logs(str(logs))
    assert verdicts(found.records) == {**VERDICTS, "A-0001": "failure"}
    assert (found.records[0].failure, RUN.missing(found.records).trials) == ("internal", ())
    assert "1 of its trials has no score to rely on, and cannot be read whole" in found.skipped[0]


@pytest.mark.parametrize("copies", [0, 1])
def test_logs_of_an_older_version_of_inspect_are_read(tmp_path: Path, copies: int) -> None:
    """Version 0.3.63 wrote them: without ids of samples, and summaries without metadata."""
    logs = Path(shutil.copytree(GOLDEN / "older_inspect", tmp_path / "logs"))
    for number in range(copies):
        shutil.copytree(GOLDEN / "older_inspect", logs / str(number))
    found = agree(logs, VERDICTS, missing=None)
    assert {record.variant for record in found.records} == {"A", "E"}
    assert {record.seed for record in found.records} == {7}
    assert len(found.skipped) == 2 * copies


def test_logs_of_the_first_version_count_as_they_did() -> None:
    golden = GOLDEN / "first_version"
    found = read_logs(str(golden))
    assert found.skipped == ()
    assert {record.detector for record in found.records} == {4}
    held = sum(len(read_eval_log_sample_summaries(str(log))) for log in golden.glob("*.eval"))
    assert sum(cell.trials for cell in cells(found.records)) == held


def test_logs_in_the_memory_of_a_process_are_read(logs: Path, tmp_path: Path) -> None:
    memory = cast(Any, fsspec).filesystem("memory")
    try:
        memory.put(f"{logs}/", "/some/logs/", recursive=True)
        found = read_logs("memory://some/logs", Cache(tmp_path / "cache"))
        assert verdicts(found.records) == VERDICTS
        assert invoke("verify", "memory://some/logs")[0] == 0
    finally:
        memory.rm("/some", recursive=True)


def test_logs_at_a_file_url_are_read(logs: Path) -> None:
    assert verdicts(read_logs(logs.as_uri()).records) == VERDICTS
    assert verdicts(read_logs(only(logs).as_uri()).records) == VERDICTS


def test_logs_in_an_s3_bucket_are_read(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(logs, metadata_replaced)
    objects = {f"runs/{path.name}": path.read_bytes() for path in logs.iterdir()}
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with serve(objects) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        place = f"s3://{BUCKET}/runs"
        found = read_logs(place)
        assert [record.edited for record in found.records] == [True, False, False, False]
        assert verdicts(found.records) == VERDICTS
        assert verdicts(read_logs(f"{place}/{only(logs).name}").records) == VERDICTS
        assert invoke("rates", place)[0] == 0
        assert "its score was edited" in invoke("verify", place)[1]
        code, said = invoke("rates", f"s3://{BUCKET}/nothing")
        assert (code, "no trials of shutdown_resistance here" in said) == (2, True)


@pytest.mark.parametrize("place", ["gs://bucket/logs", "gs://bucket/one.eval", "nonsense://x/logs"])
def test_what_a_kind_of_url_needs_is_said_in_one_line(place: str) -> None:
    code, said = invoke("rates", place)
    assert (code, len(said.splitlines())) == (2, 1)
    assert "gcsfs" in said or "nonsense" in said
