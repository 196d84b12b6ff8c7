"""Behaviours that an earlier run of the self-test has finished, so that a run that was broken off can go on."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from inspect_ai.log import EvalSampleSummary, list_eval_logs, read_eval_log, read_eval_log_sample_summaries

from offswitch.record import code_digest
from offswitch.record.digests import latest_score
from offswitch.subjects import Behaviour

PLAYED = "behaviour"
"""name in a sample's metadata of the digest of what was played"""


@dataclass(frozen=True)
class Setting:
    """What two runs share if a result of one stands for the other."""

    sandbox: str
    agent: str
    delivery: str


def behaviour_digest(behaviour: Behaviour) -> str:
    """sha256 of everything that a behaviour's file says, in hex."""
    return hashlib.sha256(behaviour.model_dump_json().encode()).hexdigest()


def finished_earlier(
    log_dir: str, setting: Setting, wanted: Mapping[str, Behaviour]
) -> dict[str, tuple[EvalSampleSummary, str]]:
    """Name -> trial and its log, for the wanted behaviours that this very code has finished in a folder of logs.

    Args:
        log_dir: Where earlier runs wrote their logs.
        setting: Of this run.
        wanted: Behaviours by name; one whose file has changed since is not taken for finished.
    """
    digests = {name: behaviour_digest(behaviour) for name, behaviour in wanted.items()}
    return {
        str(trial.id): (trial, log)
        for log in _logs_of(log_dir, setting)
        for trial in read_eval_log_sample_summaries(log)
        if trial.metadata.get(PLAYED) == digests.get(str(trial.id), "") and _is_judged(trial)
    }


def _logs_of(log_dir: str, setting: Setting) -> Iterator[str]:
    code = code_digest()
    for log in list_eval_logs(log_dir, descending=False):
        spec = read_eval_log(log, header_only=True).eval
        metadata: Mapping[str, Any] = spec.metadata or {}
        played = [str(spec.task_args.get(name)) for name in ("agent", "delivery")]
        there = Setting(spec.sandbox.type if spec.sandbox else "", *played)
        if metadata.get("code_digest") == code and there == setting:
            yield log.name.removeprefix("file://")


def _is_judged(trial: EvalSampleSummary) -> bool:
    # A failure of the machinery says nothing of the detector: it is tried once more.
    return trial.error is None and latest_score(trial.scores) is not None
