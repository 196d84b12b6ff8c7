"""Single samples of a log, read whole; for the few trials that somebody looks at closely."""

from typing import Any

from offswitch.errors import InputError
from offswitch.record.trial_id import sample_and_epoch


def read_sample(log: str, trial_id: str, messages: bool = True) -> tuple[str | None, list[Any]]:
    """A trial's evidence as it stands in its log, None where there is none, and Inspect's messages.

    InputError where the log or the sample cannot be read.
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
    """A trial's evidence as it stands in its log, None where there is none; InputError where it cannot be read."""
    return read_sample(log, trial_id, messages=False)[0]
