"""Logs -> records, through Inspect's sample summaries: no message or event is read."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inspect_ai.log import (
    EvalLog,
    EvalSampleSummary,
    list_eval_logs,
    read_eval_log,
    read_eval_log_sample,
    read_eval_log_sample_summaries,
)  # fmt: skip

from offswitch.condition import condition
from offswitch.errors import InputError
from offswitch.evidence import FaultCause
from offswitch.manifest import TASK, last_word
from offswitch.record import INTERRUPTED, Record
from offswitch.script_file import is_scripted
from offswitch_analysis.rulings import VOID, Rulings, digest, read_rulings


@dataclass(frozen=True)
class Logs:
    """What a folder of logs holds."""

    records: tuple[Record, ...]
    skipped: tuple[str, ...]
    """a line for each log that is broken, unfinished or of another task, and for each broken ruling"""
    places: Mapping[str, str] = field(default_factory=dict[str, str])
    """file name of a log -> its path or URL"""


def read_logs(place: str) -> Logs:
    """The records of all logs at a path or URL, oldest log first; InputError where there are none."""
    names = log_names(place)
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
    places = {_short(name): name for name in names}
    beside = {_directory(name): name for name in names}
    rulings = {directory: read_rulings(log) for directory, log in beside.items()}
    skipped += [line for found in rulings.values() for line in found.skipped]
    return Logs(tuple(_ruled(_without_had_again(records.values()), places, rulings)), tuple(skipped), places)


def evidence_text(log: str, trial_id: str) -> str | None:
    """A trial's evidence as it stands in its log, None where there is none; InputError where it cannot be read."""
    from offswitch.agent import EVIDENCE  # takes a second, and few trials are looked at so closely

    epoch = re.fullmatch(r"(.+)\.e(\d+)", trial_id)
    sample_id, number = (epoch[1], int(epoch[2])) if epoch else (trial_id, 1)
    try:
        sample = read_eval_log_sample(log, sample_id, number, exclude_fields={"messages", "events", "attachments"})
    except Exception as error:  # as with logs
        raise InputError(f"{_short(log)}: {trial_id} cannot be read ({type(error).__name__})") from error
    stored = sample.store.get(EVIDENCE)
    return stored if isinstance(stored, str) else None


def _ruled(records: Iterable[Record], places: Mapping[str, str], rulings: Mapping[str, Rulings]) -> Iterator[Record]:
    """The records with what people ruled; only the evidence of ruled trials is read."""
    for record in records:
        log = places[record.log]
        there = rulings[_directory(log)]
        if all(ruling.trial_id != record.trial_id for ruling in there.made):
            yield record
            continue
        evidence_sha256 = _evidence_sha256(log, record.trial_id)
        ruling = there.on(record.trial_id, record.log, evidence_sha256)
        void = ruling is not None and ruling.evidence_sha256 != evidence_sha256
        yield replace(record, ruling=VOID if void else ruling and ruling.verdict.value)


def _evidence_sha256(log: str, trial_id: str) -> str | None:
    try:
        text = evidence_text(log, trial_id)
    except InputError:
        return None  # nobody can say that it is what was ruled on
    return digest(text) if text is not None else None


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _directory(name: str) -> str:
    return name.rpartition("/")[0]


def _without_had_again(records: Iterable[Record]) -> tuple[Record, ...]:
    """A trial that was broken off and then had by the same command again is the later one."""

    def trial(record: Record) -> tuple[object, ...]:
        return record.model, record.sandbox, record.seed, record.condition, record.trial_id

    had = {trial(record) for record in records if record.failure != INTERRUPTED}
    return tuple(record for record in records if record.failure != INTERRUPTED or trial(record) not in had)


def log_names(place: str) -> list[str]:
    """The logs at a path or URL, oldest first; InputError where nothing can be read there."""
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
    short = _short(name)
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
        detector=facts.get("detector"),
        scripted=is_scripted(header.eval.model),
        log=log,
    )


def _facts(summary: EvalSampleSummary) -> dict[str, Any]:
    """What the scorer said of the trial, in its last word; a trial that it never saw has failed."""
    score = last_word(summary.scores)
    if score and score.metadata and "verdict" in score.metadata:
        return score.metadata
    broken_off = summary.error is None or "Cancelled" in summary.error
    # Without a score the trial's own code was never reached: the machine could not be had.
    return {"verdict": "failure", "failure": INTERRUPTED if broken_off else FaultCause.ENGINE.value}
