"""Reads whole samples of a log, for the few trials that need it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from offswitch.errors import InputError
from offswitch.record.trial_id import sample_and_epoch

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample, EvalSampleSummary

AT_ONCE = 16
"""samples in memory at once"""


def read_sample(log: str, trial_id: str, messages: bool = True) -> tuple[str | None, list[Any]]:
    """A trial's evidence as it stands in its log (None if there is none), and Inspect's messages.

    InputError if the log or the sample cannot be read.
    """
    from inspect_ai.log import read_eval_log_sample  # takes seconds

    from offswitch.evidence import EVIDENCE

    sample_id, epoch = sample_and_epoch(trial_id)
    left_out = {"events"} if messages else {"events", "messages", "attachments"}
    try:
        sample = read_eval_log_sample(
            log, sample_id, epoch, resolve_attachments="core" if messages else False, exclude_fields=left_out
        )
    except Exception as error:  # a broken file breaks in as many ways as there are readers
        short = log.rsplit("/", 1)[-1]
        raise InputError(f"{short}: {trial_id} cannot be read ({type(error).__name__})") from error
    stored = sample.store.get(EVIDENCE)
    return (stored if isinstance(stored, str) else None), list(sample.messages)


def evidence_text(log: str, trial_id: str) -> str | None:
    """A trial's evidence as it stands in its log, None if there is none; InputError if it cannot be read."""
    return read_sample(log, trial_id, messages=False)[0]


def read_samples(
    log: str, summaries: Sequence["EvalSampleSummary"], left_out: set[str]
) -> Iterator["EvalSample | None"]:
    """The samples of these summaries, without the fields in `left_out`, read in batches; None for a broken one."""
    for start in range(0, len(summaries), AT_ONCE):
        batch = summaries[start : start + AT_ONCE]
        read = _read(log, batch, left_out)
        # If a batch cannot be read, its samples are read one by one, because only one may be broken.
        yield from read or [next(iter(_read(log, [one], left_out) or []), None) for one in batch]


def _read(log: str, batch: Sequence["EvalSampleSummary"], left_out: set[str]) -> "list[EvalSample] | None":
    from inspect_ai.log import read_eval_log_samples_by_id

    wanted = [(summary.id, summary.epoch) for summary in batch]
    try:
        return read_eval_log_samples_by_id(log, wanted, exclude_fields=left_out)
    except Exception:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return None
