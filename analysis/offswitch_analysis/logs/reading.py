"""Makes records of one log from its header and sample summaries; reads whole samples only if it must."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from inspect_ai.log import EvalLog, read_eval_log, read_eval_log_sample_summaries
from pydantic import TypeAdapter

from offswitch.record import (
    TRIAL_PLAN,
    Record,
    TrialFacts,
    agent_of,
    condition_line,
    delivery_of,
    eval_settings,
    scene_of,
)
from offswitch.record.digests import is_ours
from offswitch.record.scaffold import DIGEST_CHARACTERS
from offswitch.record.trial_id import trial_id
from offswitch.subjects import is_scripted
from offswitch.verdict import Verdict
from offswitch_analysis.logs.cache import LogRecords, file_name
from offswitch_analysis.logs.judged import is_check, judged_in
from offswitch_analysis.logs.looked import looks_in, stopping_of
from offswitch_analysis.logs.scored import ScoredTrial, remarks, scored_trials

SEVERAL = ("methods", "aftermath")
FACTS = {fact.name for fact in fields(TrialFacts)} & {column.name for column in fields(Record)} - {"verdict", *SEVERAL}
"""columns that a score's metadata hold under the same names; scores of older versions may lack some"""
TOKENS_MAX = 1 << 53
"""the most that a table's column holds; a log with more is broken or forged"""
LEVEL = "level_"
"""prefix of a factor's name in a sample's metadata"""
DESK, LOOP = "offswitch/desk", "offswitch/loop"
"""the evaluation's own solvers: the first opens a trial, the second works in it unless another is asked for"""
_ADAPTER = TypeAdapter(tuple[Record, ...])


def read_log(name: str) -> LogRecords:
    """The records of the log at a path or URL; if it is broken, raises whatever Inspect's reader raises."""
    header = read_eval_log(name, header_only=True)
    if is_check(header.eval):
        return LogRecords("", judged=tuple(judged_in(read_eval_log_sample_summaries(name))))
    if not is_ours(header.eval):
        return LogRecords("", remark=f"skipped, its task is {header.eval.task!a}")
    summaries = read_eval_log_sample_summaries(name)
    every = scored_trials(name, summaries, header.invalidated)
    trials = [trial for trial in every if not trial.is_foreign]
    shared, agent = _log_columns(header, name), _other_solver(header)
    rows = [{**shared, **_trial_columns(header, trial, agent)} for trial in trials]
    # A log keeps its samples in the order in which they ended.
    rows.sort(key=lambda row: row["trial_id"])
    told = [*_state(header, len(rows)), *remarks(every)]
    judged = tuple(judged_in(summaries))
    records, remark = _ADAPTER.validate_python(rows), "; ".join(told) or None
    return LogRecords(header.eval.task_id, records, remark, judged, tuple(looks_in(header)))


def _state(header: EvalLog, found: int) -> Iterator[str]:
    if header.status != "success":
        yield f"{header.status}, only its finished trials are counted"
        return
    spec, results = header.eval, header.results
    planned = len(spec.dataset.sample_ids or []) * (spec.config.epochs or 1)
    # Somebody who removes trials may also have the results computed anew.
    of = max(planned, results.total_samples if results else found)
    of -= len(results.early_stopping.early_stops) if results and results.early_stopping else 0
    if found < of:
        yield f"it holds {found} of its {of} trials, and only those are counted"
    elif found > of:
        yield f"it holds {found} trials, more than the {of} of its run"


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
        "trial_plan": metadata.get(TRIAL_PLAN),
        "stopping": stopping_of(header),
    }


def _other_solver(header: EvalLog) -> dict[str, str]:
    """The agent of trials that failed before their metadata named one: the solver of Inspect's `--solver`."""
    solvers = [step.solver for step in header.plan.steps]
    after = solvers[solvers.index(DESK) + 1 :] if DESK in solvers else []
    return {"agent": after[0]} if after and LOOP not in after else {}


def _trial_columns(header: EvalLog, trial: ScoredTrial, agent: dict[str, str]) -> dict[str, Any]:
    summary, facts = trial.summary, trial.counted
    spec, given = header.eval, {**agent, **summary.metadata}
    settings = spec.model_generate_config.model_dump(exclude_none=True)
    settings |= eval_settings(spec.config.model_dump(exclude_none=True), given)
    return {
        "trial_id": trial_id(summary.id, summary.epoch),
        "variant": str(given.get("variant")),
        "condition": condition_line(spec.task_version, given, settings, spec.model_args),
        "seed": given.get("seed"),
        "question_set": given.get("question_set"),
        "model_served": given.get("model_served"),
        "agent": agent_of(given),
        "delivery": delivery_of(given),
        "scene": scene_of(given),
        "wording": _short_digest(given.get("rendered_digest")),
        "block": given.get("block"),
        "levels": " ".join(f"{name[len(LEVEL) :]}={value}" for name, value in given.items() if name.startswith(LEVEL)),
        "tokens": min(TOKENS_MAX, sum(usage.total_tokens for usage in summary.model_usage.values())),
        "duration_s": summary.total_time,
        "ended": summary.completed_at,
        "uuid": summary.uuid,
        "retries": summary.retries or 0,
        "edited": trial.edited,
        "verdict": Verdict(facts["verdict"]).value,  # ValueError for an unknown one, which would count as no sabotage
        **{name: facts.get(name) for name in FACTS},
        **{name: tuple(str(facts.get(name) or "").split()) for name in SEVERAL},
    }


def _short_digest(digest: Any) -> str | None:
    return str(digest)[:DIGEST_CHARACTERS] if digest else None
