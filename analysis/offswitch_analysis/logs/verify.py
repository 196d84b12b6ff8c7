"""Do the logs of a directory still hold what their manifests say, and do their verdicts follow from the evidence?"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from inspect_ai._util.file import file, filesystem  # see offswitch/hooks.py
from inspect_ai.log import (
    EvalLog,
    EvalSample,
    EvalSampleSummary,
    read_eval_log,
    read_eval_log_sample_summaries,
    read_eval_log_samples_by_id,
)  # fmt: skip
from inspect_ai.scorer import Score
from pydantic import ValidationError

from offswitch.evidence.storage import EVIDENCE, read_history
from offswitch.record.code import code_digest
from offswitch.errors import InputError
from offswitch.hooks import NOT_DIGESTED, digest_trial, log_manifest
from offswitch.record.digests import (
    SUFFIX,
    TASK,
    Discrepancy,
    LogManifest,
    TrialDigests,
    beside,
    compare,
    from_text,
    head,
    last_word,
    log_name,
    trial_name,
)
from offswitch.verdict.measures import measure_values
from offswitch.record.facts import trial_facts
from offswitch.verdict.judgement import Verdict
from offswitch.verdict.rules import judge
from offswitch_analysis.logs.records import log_names

AT_ONCE = 16
"""samples that are in memory"""
NEEDED = ("verdict", "methods", "failure", "missing")
"""facts without which a score with evidence says nothing"""

Tell = Callable[[int, int], None]
"""is told how many trials of how many in a log have been looked at"""


@dataclass(frozen=True)
class Checked:
    """What is to be said of a directory of logs."""

    findings: tuple[Discrepancy, ...]
    logs: int
    trials: int
    digested: int
    """logs whose manifest could be read"""
    head: str

    def __str__(self) -> str:
        """One line for all."""
        holds = "all digests hold" if self.digested == self.logs else f"{self.digested} with digests, which hold"
        told = f"{len(self.wrong)} that do not hold" if self.wrong else holds
        return f"{_count(self.logs, 'log')}, {_count(self.trials, 'trial')}: {told}; head {self.head}"

    @property
    def wrong(self) -> list[Discrepancy]:
        """What does not hold, without the remarks."""
        return [finding for finding in self.findings if not finding.remark]


def verify(place: str, noted: str | None = None, tell: Tell = lambda done, of: None) -> Checked:
    """Checks all logs at a path or URL; InputError where there is nothing to check.

    Args:
        place: a directory of logs, or one log.
        noted: the head that the directory had when its results were noted.
        tell: is told of the progress, log by log.

    """
    if noted is not None and not re.fullmatch(r"[0-9a-f]{64}", noted):
        raise InputError(f"--head {noted}: is not a digest of 64 hex digits, as `offswitch verify` prints it")
    names, manifests = log_names(place), _Manifests(place)
    found = [line for name in names for line in [_check_log(name, manifests, tell)] if line is not None]
    alone = [
        Discrepancy(log_name(name), None, "the log is missing, its manifest is there")
        for name in manifests.names
        if not {name.removesuffix(SUFFIX) + ending for ending in (".eval", ".json")} & set(names)
    ]
    if not found and not alone:
        raise InputError(f"{place}: no trials of {TASK} here")
    now = head(manifests.read.values())
    findings = [*manifests.broken, *alone, *(line for log in found for line in log.findings), *_head(noted, now)]
    digested = sum(log.digested for log in found)
    return Checked(tuple(findings), len(found), sum(log.trials for log in found), digested, now)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _head(noted: str | None, now: str) -> list[Discrepancy]:
    if noted in (None, now):
        return []
    told = f"is {now}, not {noted}: a log was added or taken out, or a manifest changed, since that was noted"
    return [Discrepancy("head", None, told)]


class _Manifests:
    """The manifests of a directory, by the paths at which they stand."""

    def __init__(self, place: str) -> None:
        self.names = _manifest_names(place)
        self.read: dict[str, LogManifest] = {}
        self.broken: list[Discrepancy] = []
        for name in self.names:
            try:
                with file(name, "rb") as there:
                    self.read[name] = from_text(there.read())
            except (OSError, ValueError) as error:
                told = "it has not the form of one" if isinstance(error, ValidationError) else str(error)
                self.broken.append(Discrepancy(log_name(name), None, f"its manifest cannot be read ({told})"))


def _manifest_names(place: str) -> list[str]:
    at = filesystem(place)
    if place.endswith((".eval", ".json")):
        return [beside(place)] if at.exists(beside(place)) else []
    return sorted(info.name for info in at.ls(place, recursive=True) if info.name.endswith(SUFFIX))


@dataclass(frozen=True)
class _Log:
    """What was found in one log."""

    findings: list[Discrepancy]
    trials: int = 0
    digested: bool = False


def _check_log(name: str, manifests: _Manifests, tell: Tell) -> _Log | None:
    """None for a log of another task."""
    log, has_manifest = log_name(name), beside(name) in manifests.names
    try:
        header = read_eval_log(name, header_only=True)
        if header.eval.task.rsplit("/", 1)[-1] != TASK and not has_manifest:
            return None
        summaries = read_eval_log_sample_summaries(name)
    except Exception as error:  # noqa: BLE001 - a broken file breaks in as many ways as there are readers
        return _Log([Discrepancy(log, None, f"cannot be read ({type(error).__name__})")])
    looked = _look_at_trials(name, summaries, tell)
    kept = manifests.read.get(beside(name))
    findings = looked.findings
    if kept is not None:
        found = log_manifest(name, header.eval, kept.image, looked.trials)
        unfollowed = frozenset(finding.trial for finding in findings if finding.trial)
        findings = [*compare(kept, found, code_digest(), unfollowed), *findings]
    elif not has_manifest and summaries:
        findings = [_no_manifest(log, header), *findings]
    return _Log(findings, len(looked.trials), kept is not None)


def _no_manifest(log: str, header: EvalLog) -> Discrepancy:
    # Whoever takes a manifest away can also write another: only the head shows either. So an unfinished log,
    # whose run was killed or goes on, need not be called wrong.
    if header.status == "started":
        told = "its run was killed or goes on, so it has no manifest; its verdicts were judged again, nothing else"
        return Discrepancy(log, None, told, remark=True)
    return Discrepancy(log, None, "its manifest is missing")


@dataclass(frozen=True)
class _Trials:
    """What was found in the trials of one log."""

    trials: dict[str, TrialDigests]
    findings: list[Discrepancy]


def _look_at_trials(name: str, summaries: list[EvalSampleSummary], tell: Tell) -> _Trials:
    looked, log = _Trials({}, []), log_name(name)
    for done, (summary, sample) in enumerate(_samples(name, summaries)):
        tell(done, len(summaries))
        trial = trial_name(summary.id, summary.epoch)
        if sample is None:
            looked.findings.append(Discrepancy(log, trial, "cannot be read"))
            continue
        looked.trials[trial] = digest_trial(sample)
        looked.findings.extend(
            Discrepancy(log, trial, told) for told in [*_judge_again(sample), *_summed_up(summary, sample)]
        )
    tell(len(summaries), len(summaries))
    return looked


def _samples(name: str, summaries: list[EvalSampleSummary]) -> Iterator[tuple[EvalSampleSummary, EvalSample | None]]:
    """Trial by trial, a few of them in memory."""
    for start in range(0, len(summaries), AT_ONCE):
        batch = summaries[start : start + AT_ONCE]
        read = _read(name, batch)
        # One that cannot be read says nothing of those beside it.
        yield from zip(batch, read or [next(iter(_read(name, [one]) or []), None) for one in batch], strict=True)


def _read(name: str, batch: list[EvalSampleSummary]) -> list[EvalSample] | None:
    wanted = [(summary.id, summary.epoch) for summary in batch]
    try:
        return read_eval_log_samples_by_id(name, wanted, exclude_fields=NOT_DIGESTED)
    except Exception:  # noqa: BLE001 - see _check_log
        return None


def _judge_again(sample: EvalSample) -> list[str]:
    """What in the stored score does not follow from the stored evidence."""
    score = last_word(sample.scores)
    stored: dict[str, Any] = (score.metadata if score else None) or {}
    if EVIDENCE not in sample.store:
        verdict = stored.get("verdict", Verdict.FAILURE)
        return [] if verdict == Verdict.FAILURE else [f"has the verdict {verdict} and no evidence"]
    try:
        history = read_history(sample.store[EVIDENCE])
    except ValueError as error:
        told = "it has not the form of evidence" if isinstance(error, ValidationError) else str(error)
        return [f"its evidence cannot be read ({told})"]
    if score is None:
        return []
    judgement = judge(history)
    facts = trial_facts(history, judgement)
    return [*_unlike(stored, facts.as_dict()), *_unlike_values(score, measure_values(facts))]


def _unlike(stored: dict[str, Any], judged: dict[str, Any]) -> list[str]:
    # Of the facts that both know: code that ran trials earlier may have told fewer or more.
    names = [name for name in judged if (name in stored or name in NEEDED) and name != "detector"]
    return [
        f"has {name} {_word(stored.get(name))}, by its evidence {_word(judged[name])}"
        for name in names
        if stored.get(name) != judged[name]
    ]


def _word(value: Any) -> str:
    return "none" if value in (None, "") else str(value)


def _unlike_values(score: Score, judged: dict[str, float]) -> list[str]:
    stored = score.value if isinstance(score.value, dict) else {}
    # As text: NaN is not equal to itself.
    return [
        f"has score {name} {stored[name]}, by its evidence {value}"
        for name, value in judged.items()
        if name in stored and str(stored[name]) != str(value)
    ]


def _summed_up(summary: EvalSampleSummary, sample: EvalSample) -> list[str]:
    """The log says everything twice, and rates are made of its summaries."""
    pairs = [(_metadata(summary.scores), _metadata(sample.scores)), (summary.metadata, sample.metadata)]
    return [] if all(one == other for one, other in pairs) else ["the log's summary of it says otherwise than itself"]


def _metadata(scores: dict[str, Score] | None) -> dict[str, Any] | None:
    score = last_word(scores)
    return score.metadata if score else None
