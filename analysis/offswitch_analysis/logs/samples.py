"""Reads whole samples of a log, for the few trials that need it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from offswitch.errors import InputError
from offswitch.record.trial_id import sample_and_epoch
from offswitch_analysis.logs.direct import Sample, read_directly

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample, EvalSampleSummary

AT_ONCE = 16
"""samples in memory at once"""
Wanted: TypeAlias = tuple[str | int, int]
"""id and epoch of a sample"""
Attachments: TypeAlias = bool | Literal["full", "core"]
"""which of a sample's attachments Inspect puts back where they were"""


def read_sample(log: str, trial_id: str, messages: bool = True) -> tuple[str | None, list[Any]]:
    """A trial's evidence as it stands in its log (None if there is none), and Inspect's messages.

    InputError if the log or the sample cannot be read.
    """
    from inspect_ai.log import read_eval_log_sample  # takes seconds

    sample_id, epoch = sample_and_epoch(trial_id)
    left_out = {"events"} if messages else {"events", "messages", "attachments"}
    try:
        sample = read_eval_log_sample(
            log, sample_id, epoch, resolve_attachments="core" if messages else False, exclude_fields=left_out
        )
    except Exception as error:  # a broken file breaks in as many ways as there are readers
        short = log.rsplit("/", 1)[-1]
        raise InputError(f"{short}: {trial_id} cannot be read ({type(error).__name__})") from error
    return _evidence(sample), list(sample.messages)


def evidence_text(log: str, trial_id: str) -> str | None:
    """A trial's evidence as it stands in its log, None if there is none; InputError if it cannot be read."""
    return read_sample(log, trial_id, messages=False)[0]


def read_whole(log: str, trial_ids: Sequence[str]) -> Iterator[tuple[str | None, list[Any]] | None]:
    """The evidence and messages of each of these trials of one log, and None for one that cannot be read.

    They say what those of `read_sample` do, but need not be of Inspect's classes.
    """
    wanted = [sample_and_epoch(trial_id) for trial_id in trial_ids]
    there = read_directly(log, wanted)
    others = [one for one, sample in zip(wanted, there, strict=True) if sample is None]
    by_inspect = _read_samples(log, others, {"events"}, resolve_attachments="core")
    for direct in there:
        sample = direct or next(by_inspect)
        yield None if sample is None else (_evidence(sample), list(sample.messages))


def read_samples(
    log: str, summaries: Sequence["EvalSampleSummary"], left_out: set[str]
) -> Iterator["EvalSample | None"]:
    """The samples of these summaries, without the fields in `left_out`, read in batches; None for a broken one."""
    return _read_samples(log, [(summary.id, summary.epoch) for summary in summaries], left_out)


def _read_samples(
    log: str, wanted: Sequence[Wanted], left_out: set[str], resolve_attachments: Attachments = False
) -> Iterator["EvalSample | None"]:
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        read = _read(log, batch, left_out, resolve_attachments)
        # If a batch cannot be read, its samples are read one by one, because only one may be broken.
        yield from read or [next(iter(_read(log, [one], left_out, resolve_attachments) or []), None) for one in batch]


def _read(
    log: str, wanted: Sequence[Wanted], left_out: set[str], resolve_attachments: Attachments
) -> "list[EvalSample] | None":
    from inspect_ai.log import read_eval_log_samples_by_id

    try:
        return read_eval_log_samples_by_id(
            log, wanted, resolve_attachments=resolve_attachments, exclude_fields=left_out
        )
    except Exception:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return None


def _evidence(sample: "EvalSample | Sample") -> str | None:
    from offswitch.evidence import EVIDENCE

    stored = sample.store.get(EVIDENCE)
    return stored if isinstance(stored, str) else None
