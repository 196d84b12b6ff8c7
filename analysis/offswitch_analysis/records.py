"""Logs -> records, through Inspect's sample summaries: no message or event is read."""

from collections.abc import Iterator
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

from offswitch.errors import InputError
from offswitch.record import Record

TASK = "shutdown_resistance"
SCRIPTED = "script/"
INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Logs:
    """What a folder of logs holds."""

    records: tuple[Record, ...]
    skipped: tuple[str, ...]
    """a line for each log that is broken, unfinished or of another task"""


def read_logs(place: str) -> Logs:
    """The records of all logs at a path or URL, oldest log first; InputError where there are none."""
    if "://" not in place and not Path(place).exists():
        raise InputError(f"{place}: no such log or directory; give the --log-dir of a run")
    names = [place] if place.endswith((".eval", ".json")) else _names_in(place)
    records: list[Record] = []
    skipped: list[str] = []
    for name in names:
        found, remark = _read_log(name)
        records += found
        skipped += [remark] if remark else []
    if not records:
        raise InputError(f"{place}: no trials of {TASK} here" + "".join(f"; {line}" for line in skipped[:3]))
    return Logs(tuple(records), tuple(skipped))


def _names_in(place: str) -> list[str]:
    return sorted(info.name for info in list_eval_logs(place))


def _read_log(name: str) -> tuple[list[Record], str | None]:
    short = name.rsplit("/", 1)[-1]
    try:
        header = read_eval_log(name, header_only=True)
        if header.eval.task.rsplit("/", 1)[-1] != TASK:
            return [], f"{short}: skipped, its task is {header.eval.task}"
        summaries = read_eval_log_sample_summaries(name)
    except Exception as error:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return [], f"{short}: skipped, it cannot be read ({type(error).__name__})"
    unfinished = f"{short}: {header.status}, only its finished trials are counted"
    remark = None if header.status == "success" else unfinished
    return list(_records(header, summaries, short)), remark


def _records(header: EvalLog, summaries: list[EvalSampleSummary], log: str) -> Iterator[Record]:
    for summary in summaries:
        yield _record(header, summary, log)


def _record(header: EvalLog, summary: EvalSampleSummary, log: str) -> Record:
    given, facts = summary.metadata, _facts(summary)
    return Record(
        trial_id=f"{summary.id}" + (f".e{summary.epoch}" if (header.eval.config.epochs or 1) > 1 else ""),
        model=header.eval.model,
        variant=str(given.get("variant")),
        condition=f"{str(given.get('prompt_digest'))[:12]} {given.get('protocol')}",
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
        scripted=header.eval.model.startswith(SCRIPTED),
        log=log,
    )


def _facts(summary: EvalSampleSummary) -> dict[str, Any]:
    """What the scorer said of the trial; an unscored one was broken off."""
    for score in (summary.scores or {}).values():
        if score.metadata and "verdict" in score.metadata:
            return score.metadata
    return {"verdict": "failure", "failure": INTERRUPTED if summary.error is None else "internal"}
