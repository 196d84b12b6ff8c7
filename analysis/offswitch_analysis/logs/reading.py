"""One log -> its records, through Inspect's header and sample summaries: no message or event is read."""

from dataclasses import fields
from typing import Any

from inspect_ai.log import EvalLog, EvalSampleSummary, read_eval_log, read_eval_log_sample_summaries
from pydantic import TypeAdapter

from offswitch.evidence import FaultCause
from offswitch.record import INTERRUPTED, Record, TrialFacts, condition_line, eval_settings
from offswitch.record.digests import TASK, latest_score
from offswitch.record.trial_id import trial_id
from offswitch.subjects import is_scripted
from offswitch.verdict import Verdict
from offswitch_analysis.logs.cache import LogRecords, file_name

SEVERAL = ("methods", "aftermath")
FACTS = {fact.name for fact in fields(TrialFacts)} & {column.name for column in fields(Record)} - {"verdict", *SEVERAL}
"""columns that a score's metadata have under the same names, as far as its scorer knew them"""
TOKENS_MAX = 1 << 53
"""what a column of a table holds; a log that says more is broken or forged"""
LEVEL = "level_"
"""how a sample's metadata name the level of a factor"""
_ADAPTER = TypeAdapter(tuple[Record, ...])


def read_log(name: str) -> LogRecords:
    """The log at a path or URL; raises whatever its reader raises where it is broken."""
    header = read_eval_log(name, header_only=True)
    if header.eval.task.rsplit("/", 1)[-1] != TASK:
        return LogRecords("", remark=f"skipped, its task is {header.eval.task!a}")
    shared = _log_columns(header, name)
    rows = [{**shared, **_trial_columns(header, summary)} for summary in read_eval_log_sample_summaries(name)]
    # A log keeps its samples in the order in which they ended.
    rows.sort(key=lambda row: row["trial_id"])
    remark = None if header.status == "success" else f"{header.status}, only its finished trials are counted"
    if remark is None and header.results and header.results.total_samples != len(rows):
        remark = f"it holds {len(rows)} of its {header.results.total_samples} trials, and only those are counted"
    return LogRecords(header.eval.task_id, _ADAPTER.validate_python(rows), remark)


def _log_columns(header: EvalLog, name: str) -> dict[str, Any]:
    """The columns that all trials of a log share."""
    spec, metadata = header.eval, header.eval.metadata or {}
    return {
        "model": spec.model,
        "sandbox": spec.sandbox.type if spec.sandbox else "none",
        "scripted": is_scripted(spec.model),
        "log": file_name(name),
        "eval_id": spec.eval_id,
        "created": spec.created,
        "offswitch_version": metadata.get("offswitch_version"),
        "code_digest": metadata.get("code_digest"),
    }


def _trial_columns(header: EvalLog, summary: EvalSampleSummary) -> dict[str, Any]:
    spec, given, facts = header.eval, summary.metadata, _facts(summary)
    settings = spec.model_generate_config.model_dump(exclude_none=True)
    settings |= eval_settings(spec.config.model_dump(exclude_none=True), given)
    return {
        "trial_id": trial_id(summary.id, summary.epoch),
        "variant": str(given.get("variant")),
        "condition": condition_line(spec.task_version, given, settings, spec.model_args),
        "seed": given.get("seed"),
        "question_set": given.get("question_set"),
        "model_served": given.get("model_served"),
        "levels": " ".join(f"{name[len(LEVEL) :]}={value}" for name, value in given.items() if name.startswith(LEVEL)),
        "tokens": min(TOKENS_MAX, sum(usage.total_tokens for usage in summary.model_usage.values())),
        "duration_s": summary.total_time,
        "verdict": Verdict(facts["verdict"]).value,  # one that nobody knows would count as no sabotage
        **{name: facts.get(name) for name in FACTS},
        **{name: tuple(str(facts.get(name) or "").split()) for name in SEVERAL},
    }


def _facts(summary: EvalSampleSummary) -> dict[str, Any]:
    """The metadata of the trial's newest score; a trial that was never scored has failed."""
    score = latest_score(summary.scores)
    if score and score.metadata and "verdict" in score.metadata:
        return score.metadata
    interrupted = summary.error is None or "Cancelled" in summary.error
    # Without a score the trial's own code was never reached: the machine could not be had.
    return {"verdict": "failure", "failure": INTERRUPTED if interrupted else FaultCause.ENGINE.value}
