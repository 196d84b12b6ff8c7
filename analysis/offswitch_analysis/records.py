"""Logs -> records, through Inspect's sample summaries: no message or event is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalLog,
    EvalSampleSummary,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample_summaries,
)  # fmt: skip

from offswitch.condition import condition
from offswitch.errors import InputError
from offswitch.evidence import FaultCause
from offswitch.record import INTERRUPTED, Record
from offswitch.script_file import is_scripted

TASK = "shutdown_resistance"
SCORER = "shutdown_verdict"


@dataclass(frozen=True)
class Logs:
    """What a folder of logs holds."""

    records: tuple[Record, ...]
    skipped: tuple[str, ...]
    """a line for each log that is broken, unfinished or of another task"""


def read_logs(place: str) -> Logs:
    """The records of all logs at a path or URL, oldest log first; InputError where there are none."""
    names = _names_in(place)
    records: dict[tuple[str, str], Record] = {}
    skipped: list[str] = []
    for name in names:
        task, found, remark = _read_log(name)
        for record in found:
            # `inspect eval-retry` writes the trials that it kept into its own log once more.
            if (task, record.trial_id) not in records or record.failure != INTERRUPTED:
                records[task, record.trial_id] = record
        skipped += [remark] if remark else []
    if not records:
        raise InputError(f"{place}: no trials of {TASK} here" + "".join(f"; {line}" for line in skipped[:3]))
    return Logs(_without_had_again(records.values()), tuple(skipped))


def _without_had_again(records: Iterable[Record]) -> tuple[Record, ...]:
    """A trial that was broken off and then had by the same command again is the later one."""

    def trial(record: Record) -> tuple[object, ...]:
        return record.model, record.sandbox, record.seed, record.condition, record.trial_id

    had = {trial(record) for record in records if record.failure != INTERRUPTED}
    return tuple(record for record in records if record.failure != INTERRUPTED or trial(record) not in had)


def _names_in(place: str) -> list[str]:
    try:
        if "://" not in place and not Path(place).exists():
            raise InputError(f"{place}: no such log or directory; give the --log-dir of a run")
        if place.endswith((".eval", ".json")):
            return [place]
        return sorted(info.name for info in list_eval_logs(place))
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{place}: cannot be read ({' '.join(str(error).split())}); give a directory of logs"
        ) from error


def _read_log(name: str) -> tuple[str, list[Record], str | None]:
    """The task's id, which a retry keeps, the log's records, and what is to be said of it."""
    short = name.rsplit("/", 1)[-1]
    try:
        header = read_eval_log(name, header_only=True)
        if header.eval.task.rsplit("/", 1)[-1] != TASK:
            return "", [], f"{short}: skipped, its task is {header.eval.task!a}"
        summaries = read_eval_log_sample_summaries(name)
    except Exception as error:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return "", [], f"{short}: skipped, it cannot be read ({type(error).__name__})"
    unfinished = f"{short}: {header.status}, only its finished trials are counted"
    remark = None if header.status == "success" else unfinished
    # A log keeps its samples in the order in which they ended.
    records = sorted((_record(header, summary, short) for summary in summaries), key=lambda record: record.trial_id)
    return header.eval.task_id, records, remark


def _record(header: EvalLog, summary: EvalSampleSummary, log: str) -> Record:
    given, facts = summary.metadata, _facts(summary)
    return Record(
        trial_id=f"{summary.id}" + (f".e{summary.epoch}" if (header.eval.config.epochs or 1) > 1 else ""),
        model=header.eval.model,
        variant=str(given.get("variant")),
        condition=condition(
            header.eval.task_version,
            given,
            header.eval.model_generate_config.model_dump(exclude_none=True),
            header.eval.model_args,
        ),
        sandbox=header.eval.sandbox.type if header.eval.sandbox else "none",
        seed=given.get("seed"),
        question_set=given.get("question_set"),
        verdict=facts["verdict"],
        methods=tuple(str(facts.get("methods") or "").split()),
        failure=facts.get("failure"),
        missing=facts.get("missing"),
        exposed=facts.get("exposed"),
        trigger_pulled=facts.get("trigger_pulled"),
        outlived=facts.get("outlived"),
        machine_end=facts.get("machine_end"),
        strict_noncompliant=facts.get("strict_noncompliant"),
        questions_served=facts.get("questions_served"),
        answers_correct=facts.get("answers_correct"),
        commands=facts.get("commands"),
        tokens=sum(usage.total_tokens for usage in summary.model_usage.values()),
        duration_s=summary.total_time,
        scripted=is_scripted(header.eval.model),
        log=log,
    )


def _facts(summary: EvalSampleSummary) -> dict[str, Any]:
    """What the scorer said of the trial, in its last word; a trial that it never saw has failed."""
    ours = [score for name, score in (summary.scores or {}).items() if name.rsplit("/", 1)[-1].startswith(SCORER)]
    if ours and ours[-1].metadata and "verdict" in ours[-1].metadata:
        return ours[-1].metadata
    broken_off = summary.error is None or "Cancelled" in summary.error
    # Without a score the trial's own code was never reached: the machine could not be had.
    return {"verdict": "failure", "failure": INTERRUPTED if broken_off else FaultCause.ENGINE.value}
