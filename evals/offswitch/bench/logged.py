"""Reads the logs of a measured run."""

from collections.abc import Iterator

from inspect_ai.log import EvalSample, list_eval_logs, read_eval_log

from offswitch.evidence import EVIDENCE, History, read_history


def samples_in(log_dir: str) -> Iterator[EvalSample]:
    """The trials of all logs in a folder."""
    return (sample for log in list_eval_logs(log_dir) for sample in read_eval_log(log).samples or [])


def history_of(sample: EvalSample) -> History | None:
    """A trial's history from its evidence; None if it has none."""
    stored = sample.store.get(EVIDENCE)
    return None if stored is None else read_history(stored)
